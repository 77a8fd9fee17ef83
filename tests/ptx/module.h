// What a file of PTX declares.
#pragma once

#include "tokens.h"

#include <memory>
#include <utility>

namespace ptx {

/// A declared variable: its space, and where it lies there.
struct Symbol {
  Space space{};
  std::uint64_t at = 0;
  std::uint64_t bytes = 0;
  bool of_call = false;  ///< .param of a call, whose place the call says
};

struct Function {
  std::string_view name;
  bool entry = false;
  std::size_t results = 0, parameters = 0;  ///< tokens after their '('; 0: none
  std::size_t body = 0;                     ///< token after '{'
  std::size_t end = 0;                      ///< its '}'
  std::uint32_t max_registers = 0;
  std::uint32_t line = 0;
};

struct Module::Impl {
  std::string path;
  std::string text;
  std::vector<std::size_t> line_begins;
  std::vector<Token> tokens;
  std::map<std::string_view, Function> functions;
  std::map<std::string, std::string_view> by_plain_name;
  std::map<std::string_view, Symbol> globals;  ///< and shared variables
  std::vector<std::unique_ptr<std::byte[]>> storage;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> owned;
  std::uint32_t static_shared = 0;
  std::map<std::uint32_t, std::string> files;
  std::map<std::string, std::shared_ptr<const Program>> programs;

  void read();
  std::size_t matching(std::size_t open) const;
  std::size_t read_variable(std::size_t t, bool external);
};

}  // namespace ptx
