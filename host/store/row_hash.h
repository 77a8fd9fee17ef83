// Hashes of rows, which readers check a store against.
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

/// The hash of one row: XXH3-64 of the number, type and bytes of each column that is not NULL. A column added
/// by a later format is NULL in old rows, so their hashes do not change.
class RowHash {
 public:
  void integer(int column, std::int64_t value) {
    open(column, 'i');
    append(&value, sizeof value);
  }
  void real(int column, double value) {
    const double stored = value == 0.0 ? 0.0 : value;  // SQLite does not store the sign of zero
    open(column, 'r');
    append(&stored, sizeof stored);
  }
  void text(int column, std::string_view value) {
    open(column, 't');
    const std::uint64_t size = value.size();
    append(&size, sizeof size);
    append(value.data(), value.size());
  }
  /// A value of a query's row, whatever its type.
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

/// The hash of columns [first, last), numbered from 0, of the query's current row.
[[nodiscard]] std::uint64_t hash_row(SQLite::Statement& query, int first, int last);

/// Binds the values of a row to a statement and hashes them. Column c of the hash, from 0, is parameter c +
/// `offset`.
class HashedRow {
 public:
  HashedRow(SQLite::Statement& statement, int offset) : statement_(statement), offset_(offset) {}

  void integer(int column, std::int64_t value);
  void text(int column, const std::string& value);
  /// Does not copy: the bytes must outlive the statement's execution.
  void blob(int column, std::span<const std::byte> value);
  /// Binds NULL if the value is not finite: exports stay valid JSON, and averages in SQL ignore it.
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
