#include "store/link.h"

#include <algorithm>
#include <random>
#include <string_view>

#include <fmt/format.h>

namespace modsweep {
namespace {

constexpr std::string_view link_prefix = "modsweep-link-1:";

StoreLink::Token random_token() {
  std::random_device random;
  StoreLink::Token token;
  for (unsigned char& byte : token) byte = static_cast<unsigned char>(random());
  return token;
}

}  // namespace

StoreLink StoreLink::fresh() {
  return {random_token(), random_token(), {}};
}

StoreLink StoreLink::next() const {
  return {id, random_token(), token};
}

bool StoreLink::leads_to(const StoreLink& later) const {
  return id == later.id && (token == later.token || token == later.previous);
}

std::string StoreLink::blob() const {
  std::string text(link_prefix);
  for (const Token* part : {&id, &token, &previous}) text.append(part->begin(), part->end());
  return text;
}

std::optional<StoreLink> StoreLink::find(std::span<const char> bytes) {
  const std::string_view text(bytes.data(), bytes.size());
  const auto begin = text.find(link_prefix);
  StoreLink link;
  if (begin == std::string_view::npos || text.size() < begin + link_prefix.size() + 3 * sizeof(Token))
    return std::nullopt;
  const char* next = text.data() + begin + link_prefix.size();
  for (Token* part : {&link.id, &link.token, &link.previous})
    for (unsigned char& byte : *part) byte = static_cast<unsigned char>(*next++);
  return link;
}

std::string hex_text(const StoreLink::Token& token) {
  std::string text;
  for (const unsigned char byte : token) text += fmt::format("{:02x}", byte);
  return text;
}

}  // namespace modsweep
