// Operands, addresses, and the parameters of calls.
#include "decoder.h"

#include <cctype>

namespace ptx {

Slot Decoder::special(std::string_view name) {
  static const std::map<std::string_view, Special> known = {{"%tid.x", Special::tid_x},
                                                            {"%tid.y", Special::tid_y},
                                                            {"%tid.z", Special::tid_z},
                                                            {"%ntid.x", Special::ntid_x},
                                                            {"%ntid.y", Special::ntid_y},
                                                            {"%ntid.z", Special::ntid_z},
                                                            {"%ctaid.x", Special::ctaid_x},
                                                            {"%ctaid.y", Special::ctaid_y},
                                                            {"%ctaid.z", Special::ctaid_z},
                                                            {"%nctaid.x", Special::nctaid_x},
                                                            {"%nctaid.y", Special::nctaid_y},
                                                            {"%nctaid.z", Special::nctaid_z},
                                                            {"%laneid", Special::laneid},
                                                            {"%warpid", Special::warpid},
                                                            {"%cluster_ctarank", Special::cluster_ctarank},
                                                            {"%cluster_nctarank", Special::cluster_nctarank},
                                                            {"%clusterid.x", Special::clusterid_x},
                                                            {"%nclusterid.x", Special::nclusterid_x},
                                                            {"%cluster_ctaid.x", Special::cluster_ctaid_x},
                                                            {"%cluster_nctaid.x", Special::cluster_nctaid_x},
                                                            {"%dynamic_smem_size", Special::dynamic_smem},
                                                            {"%total_smem_size", Special::total_smem}};
  const auto what = known.find(name);
  if (what == known.end()) fail("unknown register " + std::string(name));
  auto [found, added] = specials_.try_emplace(name);
  if (added) {
    found->second = new_slot(Type::u32);
    p_.specials.push_back({found->second, what->second});
  }
  return found->second;
}

Slot Decoder::operand(Type type) {
  const Token& token = m_.tokens[t_++];
  const std::string_view text = token.text;
  if (text == "_") return new_slot(type);
  if (text == "-") return constant(0 - number_of(m_.tokens[t_++].text, token.line), type);
  if (std::isdigit(static_cast<unsigned char>(text[0]))) {
    std::uint64_t value = number_of(text, token.line);
    if (type == Type::pred) value = value != 0 ? all_lanes : 0;
    return constant(value, type);
  }
  if (const Slot* slot = named_register(text)) return *slot;
  if (text[0] == '%') return special(text);
  if (const Symbol* s = symbol(text)) {
    std::uint64_t at = s->at;
    if (take("+")) at += number_of(m_.tokens[t_++].text, token.line);
    return constant(at, type);
  }
  fail("unknown operand " + std::string(text));
}

/// A register, or several in braces.
std::uint32_t Decoder::operands(Type type, std::array<Slot, 4>& to) {
  if (!take("{")) {
    to[0] = operand(type);
    return 1;
  }
  std::uint32_t n = 0;
  while (!take("}")) {
    if (take(",")) continue;
    if (n == 4) fail("more than four values");
    to[n++] = operand(type);
  }
  return n;
}

/// [register], [register+n], [symbol], [symbol+n]: the base into the last source.
void Decoder::address(Instruction& i) {
  expect("[");
  const std::string_view text = token().text;
  if (const Slot* slot = named_register(text)) {
    i.source[9] = *slot;
    i.has_base = true;
    ++t_;
  } else if (const Symbol* s = symbol(text)) {
    ++t_;
    i.offset = static_cast<std::int64_t>(s->at);
    if (i.space == Space::param) {
      i.space = s->space;  // of the kernel, or of a call
      if (s->of_call && s->at == 0) waiting_.push_back({static_cast<std::uint32_t>(p_.code.size()), text});
      if (s->of_call) i.offset = static_cast<std::int64_t>(s->at);
    }
  } else {
    i.offset = static_cast<std::int64_t>(number_of(text, token().line));
    ++t_;
  }
  if (take("+")) {
    const bool negative = take("-");
    const auto n = static_cast<std::int64_t>(number_of(m_.tokens[t_++].text, token().line));
    i.offset += negative ? -n : n;
  } else if (take("-")) {
    i.offset -= static_cast<std::int64_t>(number_of(m_.tokens[t_++].text, token().line));
  }
  expect("]");
}

/// (results), function, (parameters): what the scope's .param variables are.
void Decoder::read_call(Instruction& i) {
  std::vector<std::string_view> results, parameters;
  const auto list = [&](std::vector<std::string_view>& names) {
    if (!take("(")) return;
    while (!take(")"))
      if (!take(",")) names.push_back(m_.tokens[t_++].text);
    take(",");
  };
  list(results);
  const std::string_view name = m_.tokens[t_++].text;
  take(",");
  list(parameters);
  const Callee c = callee(name);
  calls_.push_back({static_cast<std::uint32_t>(p_.code.size()), name});
  const auto bind = [&](const std::vector<std::string_view>& names,
                        const std::vector<std::uint32_t>& places) {
    if (names.size() != places.size()) fail("a call with other parameters than its function");
    for (std::size_t k = 0; k < names.size(); ++k) {
      for (const auto& [n, waiting] : waiting_)
        if (waiting == names[k]) p_.code[n].offset += places[k];
      for (auto it = scopes_.rbegin(); it != scopes_.rend(); ++it)
        if (const auto found = it->symbols.find(names[k]); found != it->symbols.end()) {
          found->second.at = places[k];
          found->second.of_call = false;
          break;
        }
    }
  };
  bind(results, c.results);
  bind(parameters, c.parameters);
  waiting_.clear();
  i.op = Op::call;
  i.kind = Class::branch;
}

}  // namespace ptx
