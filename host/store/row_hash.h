// Hashes of rows: what a reader holds a store's numbers to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <SQLiteCpp/SQLiteCpp.h>

namespace modsweep {

/// The hash of one row: XXH3-64 of the number, type and bytes of each column that is not NULL. A column that
/// a later format adds is NULL in old rows, so that their hashes stay.
class RowHash {
 public:
  void integer(int column, std::int64_t value) {
    open(column, 'i');
    append(&value, sizeof value);
  }
  void real(int column, double value) {
    const double stored = value == 0.0 ? 0.0 : value;  // SQLite keeps no sign of zero
    open(column, 'r');
    append(&stored, sizeof stored);
  }
  void text(int column, std::string_view value) {
    open(column, 't');
    const std::uint64_t size = value.size();
    append(&size, sizeof size);
    append(value.data(), value.size());
  }
  /// A value as a query hands it out, whatever its type.
  void value(int column, const SQLite::Column& value);

  [[nodiscard]] std::uint64_t digest() const;

 private:
  void open(int column, char type) {
    bytes_ += static_cast<char>(column);
    bytes_ += type;
  }
  void append(const void* data, std::size_t size) { bytes_.append(static_cast<const char*>(data), size); }

  std::string bytes_;
};

/// The hash of columns [first, last) of the row that a query stands at, numbered from 0.
[[nodiscard]] std::uint64_t hash_row(SQLite::Statement& query, int first, int last);

/// Binds the values of a row to a statement and hashes them on the way. The parameter of column c, from 0 in
/// the hash, is c + `offset`.
class HashedRow {
 public:
  HashedRow(SQLite::Statement& statement, int offset) : statement_(statement), offset_(offset) {}

  void integer(int column, std::int64_t value);
  void text(int column, const std::string& value);
  /// Keeps no copy: the bytes outlive the statement's execution.
  void blob(int column, std::span<const std::byte> value);
  /// NULL where the value is not finite: exports stay valid JSON, averages in SQL ignore it.
  void real(int column, double value);
  void real(int column, const std::optional<double>& value) {
    if (value) real(column, *value);
  }

  [[nodiscard]] std::uint64_t digest() const { return hash_.digest(); }

 private:
  SQLite::Statement& statement_;
  int offset_;
  RowHash hash_;
};

}  // namespace modsweep
