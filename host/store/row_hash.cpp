#include "store/row_hash.h"

#include <cmath>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace modsweep {

void RowHash::value(int column, const SQLite::Column& value) {
  if (value.isInteger()) {
    integer(column, value.getInt64());
  } else if (value.isFloat()) {
    real(column, value.getDouble());
  } else if (!value.isNull()) {
    const auto* bytes = static_cast<const char*>(value.getBlob());
    text(column, {bytes, static_cast<std::size_t>(value.getBytes())});
  }
}

std::uint64_t RowHash::digest() const {
  return XXH3_64bits(bytes_.data(), bytes_.size());
}

std::uint64_t hash_row(SQLite::Statement& query, int first, int last) {
  RowHash hash;
  for (int column = first; column < last; ++column) hash.value(column - first, query.getColumn(column));
  return hash.digest();
}

void HashedRow::integer(int column, std::int64_t value) {
  hash_.integer(column, value);
  statement_.bind(column + offset_, value);
}

void HashedRow::text(int column, const std::string& value) {
  hash_.text(column, value);
  statement_.bind(column + offset_, value);
}

void HashedRow::blob(int column, std::span<const std::byte> value) {
  hash_.text(column, {reinterpret_cast<const char*>(value.data()), value.size()});
  statement_.bindNoCopy(column + offset_, value.data(), static_cast<int>(value.size()));
}

void HashedRow::real(int column, double value) {
  if (!std::isfinite(value)) return;
  hash_.real(column, value);
  statement_.bind(column + offset_, value);
}

}  // namespace modsweep
