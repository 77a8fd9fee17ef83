// The chain that ties a store to its rollback journal.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace modsweep {

/// What every transaction writes into table `store` before anything else: so the journal of a transaction
/// that was broken off holds the link before it, and the file either still has that link or the one that
/// follows. A journal of another store, or of another state of the same store, has neither.
struct StoreLink {
  using Token = std::array<unsigned char, 16>;
  Token id{};        ///< of the store, random, for ever
  Token token{};     ///< of the last transaction, random
  Token previous{};  ///< of the one before

  [[nodiscard]] static StoreLink fresh();
  [[nodiscard]] StoreLink next() const;
  /// Whether `later` is this link, or the one that a transaction begun at this link wrote.
  [[nodiscard]] bool leads_to(const StoreLink& later) const;

  /// Begins with a fixed text, so that a page can be searched for it.
  [[nodiscard]] std::string blob() const;
  /// The first link in some bytes, or none.
  [[nodiscard]] static std::optional<StoreLink> find(std::span<const char> bytes);
};

/// 32 hex digits.
[[nodiscard]] std::string hex_text(const StoreLink::Token& token);

}  // namespace modsweep
