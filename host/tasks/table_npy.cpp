// A strict reader of NumPy's .npy format (numpy.lib.format, versions 1 and 2).
#include "tasks/table.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in the file");

/// The content of the header, and where the numbers begin.
struct Array {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t bytes = 0;  ///< of a number: 4 or 8
  std::string_view numbers;
};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw InputError(fmt::format("{}: {}", path, what));
}

/// The text after `'key': ` in the header's dictionary; empty if the key is missing.
std::string_view entry(std::string_view header, std::string_view key) {
  const std::string name = fmt::format("'{}':", key);
  const std::size_t found = header.find(name);
  if (found == std::string_view::npos) return {};
  header.remove_prefix(found + name.size());
  while (header.starts_with(' ')) header.remove_prefix(1);
  return header;
}

/// "(3, 2), ..." -> 3 and 2; none for any other number of dimensions.
std::optional<std::pair<std::size_t, std::size_t>> two_dimensions(std::string_view text) {
  std::size_t sizes[2] = {};
  if (!text.starts_with('(')) return std::nullopt;
  text.remove_prefix(1);
  for (int d = 0; d < 2; ++d) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sizes[d]);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with(d == 0 ? ',' : ')')) return std::nullopt;
    text.remove_prefix(1);
  }
  return std::pair{sizes[0], sizes[1]};
}

/// Returns the header; leaves the numbers in `bytes`.
std::string_view header_of(const std::string& path, std::string_view& bytes) {
  constexpr std::string_view magic = "\x93NUMPY";
  if (!bytes.starts_with(magic) || bytes.size() < 10)
    fail(path, "is no .npy file; save it with numpy.save, or name a CSV file something else than .npy");
  const int version = static_cast<unsigned char>(bytes[magic.size()]);
  if (version != 1 && version != 2)
    fail(path,
         fmt::format("is of .npy format {}; save it with numpy.save again, which writes 1 or 2", version));
  const std::size_t width = version == 1 ? 2 : 4;
  const std::size_t begin = magic.size() + 2 + width;
  std::size_t length = 0;
  if (bytes.size() >= begin)
    for (std::size_t i = 0; i < width; ++i)
      length |= std::size_t{static_cast<unsigned char>(bytes[magic.size() + 2 + i])} << (8 * i);
  if (bytes.size() < begin || bytes.size() - begin < length)
    fail(path, "is cut off within its header; save it again");
  const std::string_view header = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length);
  return header;
}

Array read_array(const std::string& path, std::string_view bytes) {
  const std::string_view header = header_of(path, bytes);
  Array array;
  const std::string_view type = entry(header, "descr");
  if (type.starts_with("'<f4'")) array.bytes = 4;
  if (type.starts_with("'<f8'")) array.bytes = 8;
  if (array.bytes == 0)
    fail(path, fmt::format("holds numbers of type {}; save it as float64: numpy.save(file, "
                           "array.astype('<f8'))",
                           quoted_field(type.substr(0, std::min(type.find(','), type.size())))));
  if (!entry(header, "fortran_order").starts_with("False"))
    fail(path, "is in Fortran order; save numpy.ascontiguousarray(array)");
  const auto sizes = two_dimensions(entry(header, "shape"));
  if (!sizes) fail(path, "is not two-dimensional; give it the shape (rows, columns)");
  std::tie(array.rows, array.columns) = *sizes;
  std::size_t needed = 0;
  const bool overflow = __builtin_mul_overflow(array.rows, array.columns, &needed) ||
                        __builtin_mul_overflow(needed, array.bytes, &needed);
  if (overflow || bytes.size() != needed)
    fail(path, fmt::format("has {} bytes of numbers where its shape ({}, {}) needs {}; save it again",
                           bytes.size(), array.rows, array.columns,
                           overflow ? std::string("more than there are") : std::to_string(needed)));
  array.numbers = bytes;
  return array;
}

double value(const Array& array, std::size_t row, std::size_t column) {
  const char* at = array.numbers.data() + (row * array.columns + column) * array.bytes;
  if (array.bytes == 4) {
    float number = 0.0F;
    std::memcpy(&number, at, sizeof number);
    return number;
  }
  double number = 0.0;
  std::memcpy(&number, at, sizeof number);
  return number;
}

}  // namespace

TableRows read_npy(const std::string& path, std::string_view bytes, const WantedColumns& wanted) {
  const Array array = read_array(path, bytes);
  constexpr std::size_t most_columns = 1U << 20U;
  if (array.rows == 0 || array.columns > most_columns)
    fail(path, fmt::format("has the shape ({}, {}); give it rows of at most {} columns", array.rows,
                           array.columns, most_columns));
  std::vector<std::string> names;
  for (std::size_t c = 0; c < array.columns; ++c) names.push_back(std::to_string(c));
  const std::vector<std::size_t> places = find_columns(path, names, wanted.numbers);
  std::optional<std::size_t> split_place;
  if (!wanted.split.empty()) split_place = find_columns(path, names, {wanted.split}).front();

  TableRows rows;
  rows.count = array.rows;
  for (std::size_t row = 0; row < array.rows; ++row) {
    for (const std::size_t column : places) {
      const double number = value(array, row, column);
      if (!std::isfinite(number))
        fail(path, fmt::format("row {}, column {} is {}, which no network can learn; leave the row out", row,
                               column, number));
      rows.numbers.push_back(number);
    }
    if (!split_place) continue;
    const double mark = value(array, row, *split_place);
    if (mark != 0.0 && mark != 1.0 && mark != 2.0 && mark != 3.0)
      fail(path, fmt::format("row {}, column {} is {}; write 0 (train), 1 (test), 2 (ood) or 3 (validation)",
                             row, *split_place, mark));
    rows.splits.push_back(static_cast<Split>(static_cast<int>(mark)));
  }
  return rows;
}

}  // namespace modsweep
