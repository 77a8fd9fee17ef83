// From the tokens of a kernel to a program. declarations.cpp reads bodies and what they declare, operands.cpp
// operands, instructions.cpp instructions.
#pragma once

#include "module.h"

#include <algorithm>
#include <initializer_list>
#include <map>

namespace ptx {

/// Decodes a kernel and the functions that it calls.
class Decoder {
 public:
  Decoder(const Module::Impl& module, const Function& kernel) : m_(module), kernel_(kernel) {}
  Program run();

 private:
  struct Callee {
    std::uint32_t entry = 0;
    std::vector<std::uint32_t> results, parameters;  ///< places in the memory of calls
  };
  struct Scope {
    std::map<std::string_view, Slot> registers;
    std::map<std::string_view, Symbol> symbols;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(m_.path + ":" + std::to_string(token().line) + ": " + what + " at '" +
                std::string(token().text) + "'");
  }
  const Token& token(std::size_t ahead = 0) const {
    return m_.tokens[std::min(t_ + ahead, m_.tokens.size() - 1)];
  }
  bool at(std::string_view text) const { return token().text == text; }
  bool take(std::string_view text) {
    if (!at(text)) return false;
    ++t_;
    return true;
  }
  void expect(std::string_view text) {
    if (!take(text)) fail("'" + std::string(text) + "' expected");
  }

  Slot new_slot(Type type) {
    if (type == Type::pred) return {p_.predicates++, 1};
    const std::uint8_t bytes = bytes_of(type) == 8 ? 8 : 4;
    const Slot slot{p_.words, bytes};
    p_.words += bytes / 4U * warp_lanes;
    return slot;
  }
  Slot constant(std::uint64_t value, Type type) {
    const std::uint8_t bytes = type == Type::pred ? 1 : bytes_of(type) == 8 ? 8 : 4;
    if (bytes == 4) value &= 0xffffffffU;
    if (bytes_of(type) == 2) value &= 0xffffU;
    auto [found, added] = constants_.try_emplace({value, bytes});
    if (added) {
      found->second = new_slot(type);
      p_.constants.push_back({found->second, value});
    }
    return found->second;
  }
  const Symbol* symbol(std::string_view name) const {
    for (auto it = scopes_.rbegin(); it != scopes_.rend(); ++it)
      if (const auto found = it->symbols.find(name); found != it->symbols.end()) return &found->second;
    const auto found = m_.globals.find(name);
    return found == m_.globals.end() ? nullptr : &found->second;
  }
  const Slot* named_register(std::string_view name) const {
    for (auto it = scopes_.rbegin(); it != scopes_.rend(); ++it)
      if (const auto found = it->registers.find(name); found != it->registers.end()) return &found->second;
    return nullptr;
  }
  const Callee& callee(std::string_view name);
  void read_parameters(std::size_t first, std::vector<std::uint32_t>& places, Scope* scope, bool of_kernel);
  void read_body(const Function& f, Scope scope);
  void declare_registers();
  struct Declaration {
    std::string_view name;
    std::uint32_t align = 1;
    std::uint32_t bytes = 0;
  };
  /// [.align n] .type name [ '[' count ']' ]...
  Declaration read_declaration();
  void declare_variable();
  Slot operand(Type type);
  std::uint32_t operands(Type type, std::array<Slot, 4>& to);
  void address(Instruction& i);

  /// An instruction's name in parts, and what it becomes.
  struct Spelled {
    std::string_view op;  ///< "ld.shared.f32"
    std::vector<std::string_view> parts;
    Instruction i;

    [[nodiscard]] std::string_view base() const { return parts[0]; }
    [[nodiscard]] bool has(std::string_view part) const {
      return std::find(parts.begin() + 1, parts.end(), part) != parts.end();
    }
    /// Sets the class of an instruction that has forms for integers and both kinds of floating point.
    void classify(Class f32, Class f64) {
      i.kind = i.type == Type::f32 ? f32 : i.type == Type::f64 ? f64 : Class::integer;
    }
  };
  void instruction();
  void modifiers(Spelled& s) const;
  /// Destination and sources of these types.
  void plain(Instruction& i, Op op, std::initializer_list<Type> sources);
  // Each: whether the instruction is of its kind; reads its operands then.
  bool read_move(Spelled& s);
  bool read_sum_or_product(Spelled& s);
  bool read_function(Spelled& s);
  bool read_comparison(Spelled& s);
  bool read_conversion(Spelled& s);
  bool read_access(Spelled& s);
  bool read_control(Spelled& s);
  bool read_barrier(Spelled& s);
  bool read_exchange(Spelled& s);
  bool read_tiles(Spelled& s);
  void read_call(Instruction& i);
  Slot special(std::string_view name);

  const Module::Impl& m_;
  const Function& kernel_;
  Program p_;
  std::size_t t_ = 0;
  std::vector<Scope> scopes_;
  std::map<std::pair<std::uint64_t, std::uint8_t>, Slot> constants_;
  std::map<std::string_view, Slot> specials_;
  std::map<std::string_view, Callee> callees_;
  std::vector<std::string_view> to_decode_;
  std::map<std::string_view, std::uint32_t> labels_;
  std::vector<std::pair<std::uint32_t, std::string_view>> branches_, calls_;
  /// Instructions that use a .param of a call before the call says which it is.
  std::vector<std::pair<std::uint32_t, std::string_view>> waiting_;
  std::uint32_t file_ = 0, source_line_ = 0, used_bytes_ = ~0U;
};

}  // namespace ptx
