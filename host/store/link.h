// The chain that ties a store to its rollback journal.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace modsweep {

/// Every transaction writes this into table `store` before anything else. So the journal of an interrupted
/// transaction contains the link before it, and the file has either still that link or the one that follows.
/// A journal of another store, or of another state of the same store, matches neither.
struct StoreLink {
  using Token = std::array<unsigned char, 16>;
  Token id{};        ///< of the store, random, never changed
  Token token{};     ///< of the last transaction, random
  Token previous{};  ///< of the transaction before that

  [[nodiscard]] static StoreLink fresh();
  [[nodiscard]] StoreLink next() const;
  /// Whether `later` is this link, or the link written by a transaction that began at this one.
  [[nodiscard]] bool leads_to(const StoreLink& later) const;

  /// Begins with a fixed text, so that a page can be searched for it.
  [[nodiscard]] std::string blob() const;
  /// The first link in some bytes, or none.
  [[nodiscard]] static std::optional<StoreLink> find(std::span<const char> bytes);
};

/// 32 hex digits.
[[nodiscard]] std::string hex_text(const StoreLink::Token& token);

}  // namespace modsweep
