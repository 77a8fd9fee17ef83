// The words of PTX.
#pragma once

#include "program.h"

namespace ptx {

struct Token {
  std::string_view text;
  std::uint32_t line = 0;
};

[[nodiscard]] std::vector<Token> tokens_of(std::string_view text);
/// Type::none where there is none of this name.
[[nodiscard]] Type type_named(std::string_view name);
/// Throws Error where the text is no number.
[[nodiscard]] std::uint64_t number_of(std::string_view text, std::uint32_t line);
/// "ld.shared.f32" into its parts.
[[nodiscard]] std::vector<std::string_view> split(std::string_view op);

}  // namespace ptx
