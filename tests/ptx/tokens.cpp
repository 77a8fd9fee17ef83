// Words, types and numbers of PTX.
#include "tokens.h"

#include <cctype>
#include <charconv>

namespace ptx {

std::uint32_t bytes_of(Type type) {
  switch (type) {
    case Type::none:
    case Type::pred:
      return 0;
    case Type::b8:
    case Type::u8:
    case Type::s8:
      return 1;
    case Type::b16:
    case Type::u16:
    case Type::s16:
      return 2;
    case Type::b32:
    case Type::u32:
    case Type::s32:
    case Type::f32:
      return 4;
    default:
      return 8;
  }
}
bool is_float(Type type) {
  return type == Type::f32 || type == Type::f64;
}
bool is_signed(Type type) {
  return type == Type::s8 || type == Type::s16 || type == Type::s32 || type == Type::s64;
}

const char* name_of(Class c) {
  static const char* const names[] = {"fma32",     "float32",   "fma64",     "float64",  "integer",
                                      "move",      "convert",   "special",   "expanded", "ld.shared",
                                      "st.shared", "ld.global", "st.global", "local",    "param",
                                      "branch",    "barrier",   "tensor",    "other"};
  return names[static_cast<std::size_t>(c)];
}

std::string plain_name(std::string_view mangled) {
  // nvcc: <length>_GLOBAL__N__<hash>_...; g++: 12_GLOBAL__N_1.
  std::string plain;
  for (std::size_t i = 0; i < mangled.size();) {
    std::size_t digits = i;
    while (digits < mangled.size() && std::isdigit(static_cast<unsigned char>(mangled[digits]))) ++digits;
    if (digits > i && mangled.substr(digits, 12) == "_GLOBAL__N__" &&
        (i == 0 || !std::isdigit(static_cast<unsigned char>(mangled[i - 1])))) {
      std::size_t length = 0;
      std::from_chars(mangled.data() + i, mangled.data() + digits, length);
      plain += "12_GLOBAL__N_1";
      i = digits + length;
    } else {
      plain += mangled[i++];
    }
  }
  return plain;
}

namespace {

bool in_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' || c == '%' || c == '.';
}

}  // namespace

std::vector<Token> tokens_of(std::string_view text) {
  std::vector<Token> tokens;
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++i;
    } else if (text.substr(i, 2) == "//") {
      while (i < text.size() && text[i] != '\n') ++i;
    } else if (c == '"') {
      const std::size_t end = text.find('"', i + 1);
      tokens.push_back({text.substr(i, end + 1 - i), line});
      i = end + 1;
    } else if (in_name(c)) {
      std::size_t end = i;
      while (end < text.size() && (in_name(text[end]) || text.substr(end, 2) == "::"))
        end += text[end] == ':' ? 2 : 1;
      tokens.push_back({text.substr(i, end - i), line});
      i = end;
    } else {
      tokens.push_back({text.substr(i, 1), line});
      ++i;
    }
  }
  return tokens;
}

Type type_named(std::string_view name) {
  static const std::map<std::string_view, Type> types = {
      {"pred", Type::pred}, {"b8", Type::b8},   {"u8", Type::u8},   {"s8", Type::s8},   {"b16", Type::b16},
      {"u16", Type::u16},   {"s16", Type::s16}, {"b32", Type::b32}, {"u32", Type::u32}, {"s32", Type::s32},
      {"f32", Type::f32},   {"b64", Type::b64}, {"u64", Type::u64}, {"s64", Type::s64}, {"f64", Type::f64}};
  const auto found = types.find(name);
  return found == types.end() ? Type::none : found->second;
}

std::uint64_t number_of(std::string_view text, std::uint32_t line) {
  std::uint64_t value = 0;
  int base = 10;
  if (text.starts_with("0f") || text.starts_with("0F") || text.starts_with("0d") || text.starts_with("0D") ||
      text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  if (base == 10 && text.ends_with("U")) text.remove_suffix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size())
    throw Error("line " + std::to_string(line) + ": not a number: " + std::string(text));
  return value;
}

std::vector<std::string_view> split(std::string_view op) {
  std::vector<std::string_view> parts;
  while (true) {
    std::size_t dot = op.find('.');
    parts.push_back(op.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    op.remove_prefix(dot + 1);
  }
}

}  // namespace ptx
