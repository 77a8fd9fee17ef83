// Kernels, the functions that they call, and what these declare.
#include "decoder.h"

namespace ptx {

Program Decoder::run() {
  p_.name = std::string(kernel_.name);
  p_.max_registers = kernel_.max_registers;
  p_.entry_line = kernel_.line;
  p_.static_shared = m_.static_shared;
  Scope scope;
  std::vector<std::uint32_t> places;
  if (kernel_.parameters != 0) read_parameters(kernel_.parameters, places, &scope, true);
  read_body(kernel_, std::move(scope));
  while (!to_decode_.empty()) {
    const std::string_view name = to_decode_.back();
    to_decode_.pop_back();
    const Function& f = m_.functions.at(name);
    Scope own;
    Callee& c = callees_[name];
    std::vector<std::uint32_t> again;
    // The same places as those that callers use: read once more, into the scope, from where they began.
    const std::uint32_t keep = p_.call_param_bytes;
    p_.call_param_bytes = c.results.empty() ? (c.parameters.empty() ? keep : c.parameters[0]) : c.results[0];
    if (f.results != 0) read_parameters(f.results, again, &own, false);
    if (f.parameters != 0) read_parameters(f.parameters, again, &own, false);
    p_.call_param_bytes = keep;
    c.entry = static_cast<std::uint32_t>(p_.code.size());
    read_body(f, std::move(own));
  }
  for (const auto& [i, name] : calls_) p_.code[i].target = callees_.at(name).entry;
  return std::move(p_);
}

const Decoder::Callee& Decoder::callee(std::string_view name) {
  auto [found, added] = callees_.try_emplace(name);
  if (added) {
    const auto f = m_.functions.find(name);
    if (f == m_.functions.end() || f->second.body == 0) fail("no body of function " + std::string(name));
    if (f->second.results != 0) read_parameters(f->second.results, found->second.results, nullptr, false);
    if (f->second.parameters != 0)
      read_parameters(f->second.parameters, found->second.parameters, nullptr, false);
    to_decode_.push_back(name);
  }
  return found->second;
}

Decoder::Declaration Decoder::read_declaration() {
  Declaration found;
  if (take(".align")) found.align = static_cast<std::uint32_t>(number_of(m_.tokens[t_++].text, token().line));
  found.bytes = bytes_of(type_named(m_.tokens[t_++].text.substr(1)));
  found.align = std::max(found.align, found.bytes);
  found.name = m_.tokens[t_++].text;
  while (take("[")) {
    found.bytes *= static_cast<std::uint32_t>(number_of(m_.tokens[t_++].text, token().line));
    expect("]");
  }
  return found;
}

/// .param declaration, ...
void Decoder::read_parameters(std::size_t first, std::vector<std::uint32_t>& places, Scope* scope,
                              bool of_kernel) {
  const std::size_t back = t_;
  t_ = first;
  while (!at(")")) {
    if (take(",")) continue;
    expect(".param");
    const auto [name, align, bytes] = read_declaration();
    std::uint32_t& end = p_.call_param_bytes;
    std::uint32_t kernel_end =
        p_.parameters.empty() ? 0 : p_.parameters.back().offset + p_.parameters.back().bytes;
    std::uint32_t& next = of_kernel ? kernel_end : end;
    next = (next + align - 1) / align * align;
    places.push_back(next);
    if (of_kernel) p_.parameters.push_back({next, bytes});
    if (scope != nullptr) scope->symbols[name] = {of_kernel ? Space::param : Space::call_param, next, bytes};
    if (!of_kernel) next += bytes;
  }
  t_ = back;
}

void Decoder::read_body(const Function& f, Scope scope) {
  const auto first = static_cast<std::uint32_t>(p_.code.size());
  labels_.clear();
  branches_.clear();
  waiting_.clear();
  scopes_.clear();
  scopes_.push_back(std::move(scope));
  t_ = f.body;
  while (t_ < f.end) {
    const std::string_view text = token().text;
    if (take("{")) {
      scopes_.emplace_back();
    } else if (take("}")) {
      scopes_.pop_back();
    } else if (take(".reg")) {
      declare_registers();
    } else if (text == ".local" || text == ".shared" || text == ".param") {
      declare_variable();
    } else if (take(".pragma")) {
      const std::string_view what = m_.tokens[t_++].text;
      constexpr std::string_view mask = "\"used_bytes_mask ";
      if (what.starts_with(mask))
        used_bytes_ = static_cast<std::uint32_t>(
            number_of(what.substr(mask.size(), what.size() - mask.size() - 1), token().line));
      expect(";");
    } else if (take(".loc")) {
      file_ = static_cast<std::uint32_t>(number_of(m_.tokens[t_].text, token().line));
      source_line_ = static_cast<std::uint32_t>(number_of(m_.tokens[t_ + 1].text, token().line));
      t_ += 3;
      const std::uint32_t line = m_.tokens[t_ - 1].line;
      // , function_name $L, inlined_at f l c: to the end of the line
      while (token().line == line && t_ < f.end) ++t_;
    } else if (token(1).text == ":") {
      labels_[text] = static_cast<std::uint32_t>(p_.code.size());
      t_ += 2;
    } else if (!take(";")) {
      instruction();
    }
  }
  for (const auto& [i, name] : branches_) {
    const auto found = labels_.find(name);
    if (found == labels_.end()) throw Error("no label " + std::string(name));
    p_.code[i].target = found->second;
  }
  // A body that ends without `ret`.
  if (p_.code.empty() || p_.code.back().op != Op::ret || p_.code.back().guarded) {
    Instruction end;
    end.op = Op::ret;
    end.kind = Class::branch;
    p_.code.push_back(end);
  }
  find_joins(p_.code, first, static_cast<std::uint32_t>(p_.code.size()));
}

void Decoder::declare_registers() {
  const Type type = type_named(m_.tokens[t_++].text.substr(1));
  if (type == Type::none) fail("a register's type expected");
  while (!take(";")) {
    if (take(",")) continue;
    const std::string_view name = m_.tokens[t_++].text;
    if (take("<")) {
      const std::uint64_t count = number_of(m_.tokens[t_++].text, token().line);
      expect(">");
      // Names are texts of the file elsewhere; these are made.
      static std::vector<std::unique_ptr<std::string>> names;
      for (std::uint64_t k = 0; k < count; ++k) {
        names.push_back(std::make_unique<std::string>(std::string(name) + std::to_string(k)));
        scopes_.back().registers[*names.back()] = new_slot(type);
      }
    } else {
      scopes_.back().registers[name] = new_slot(type);
    }
  }
}

void Decoder::declare_variable() {
  const std::string_view kind = m_.tokens[t_++].text;
  const Declaration declared = read_declaration();
  expect(";");
  const auto reserve = [&](std::uint32_t& next) {
    next = (next + declared.align - 1) / declared.align * declared.align;
    const std::uint32_t at = next;
    next += declared.bytes;
    return at;
  };
  Symbol s;
  s.bytes = declared.bytes;
  if (kind == ".local") {
    s.space = Space::local;
    s.at = reserve(p_.local_bytes);
  } else if (kind == ".shared") {
    s.space = Space::shared;
    s.at = reserve(p_.static_shared);
  } else {
    s.space = Space::call_param;
    s.of_call = true;
  }
  scopes_.back().symbols[declared.name] = s;
}

}  // namespace ptx
