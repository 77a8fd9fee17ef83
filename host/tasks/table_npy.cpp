// A strict reader of NumPy's .npy format (numpy.lib.format, versions 1 and 2).
#include "core/half.h"
#include "tasks/table.h"

#include <algorithm>
#include <array>
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

/// A type of numbers: its code in the header without the order of bytes, and a number as a double.
struct NumberType {
  std::string_view code;
  std::size_t bytes;
  double (*decode)(const char* at, bool swapped);
};

template <typename Stored>
Stored stored_number(const char* at, bool swapped) {
  std::array<char, sizeof(Stored)> bytes = {};
  std::memcpy(bytes.data(), at, bytes.size());  // numbers need not be aligned
  if (swapped) std::ranges::reverse(bytes);
  return std::bit_cast<Stored>(bytes);
}

template <typename Stored>
double plain_number(const char* at, bool swapped) {
  return static_cast<double>(stored_number<Stored>(at, swapped));
}

template <typename Stored>
constexpr NumberType plain_type(std::string_view code) {
  return {code, sizeof(Stored), plain_number<Stored>};
}

constexpr std::array<NumberType, 12> number_types = {{
    plain_type<double>("f8"),
    plain_type<float>("f4"),
    {"f2", 2,
     [](const char* at, bool swapped) { return double_of_half(stored_number<std::uint16_t>(at, swapped)); }},
    plain_type<std::int64_t>("i8"),
    plain_type<std::int32_t>("i4"),
    plain_type<std::int16_t>("i2"),
    plain_type<std::int8_t>("i1"),
    plain_type<std::uint64_t>("u8"),
    plain_type<std::uint32_t>("u4"),
    plain_type<std::uint16_t>("u2"),
    plain_type<std::uint8_t>("u1"),
    plain_type<std::uint8_t>("b1"),
}};

/// The content of the header, and where the numbers begin.
struct Array {
  std::size_t rows = 0;
  std::size_t columns = 0;
  bool by_columns = false;  ///< in Fortran order
  bool swapped = false;     ///< big-endian
  const NumberType* type = nullptr;
  std::string_view numbers;

  [[nodiscard]] double operator()(std::size_t row, std::size_t column) const {
    const std::size_t index = by_columns ? column * rows + row : row * columns + column;
    return type->decode(numbers.data() + index * type->bytes, swapped);
  }
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

/// "(3, 2), ..." -> 3 and 2, "(5,), ..." -> 5; none for anything else.
std::optional<std::vector<std::size_t>> sizes_of(std::string_view text) {
  if (!text.starts_with('(')) return std::nullopt;
  text = text.substr(1, std::min(text.find(')'), text.size()) - 1);
  std::vector<std::size_t> sizes;
  while (!text.empty()) {
    std::size_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc{}) return std::nullopt;
    sizes.push_back(size);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('L')) text.remove_prefix(1);  // of Python 2
    if (!text.empty() && !text.starts_with(',')) return std::nullopt;
    text.remove_prefix(std::min(text.find_first_not_of(", "), text.size()));
  }
  return sizes;
}

/// Returns the header; leaves the numbers in `bytes`.
std::string_view header_of(const std::string& path, std::string_view& bytes) {
  if (!bytes.starts_with(npy_magic) || bytes.size() < 10)
    fail(path, "is no .npy file; save it with numpy.save, or name a CSV file something else than .npy");
  const int version = static_cast<unsigned char>(bytes[npy_magic.size()]);
  if (version != 1 && version != 2)
    fail(path,
         fmt::format("is of .npy format {}; save it with numpy.save again, which writes 1 or 2", version));
  const std::size_t width = version == 1 ? 2 : 4;
  const std::size_t begin = npy_magic.size() + 2 + width;
  std::size_t length = 0;
  if (bytes.size() >= begin)
    for (std::size_t i = 0; i < width; ++i)
      length |= std::size_t{static_cast<unsigned char>(bytes[npy_magic.size() + 2 + i])} << (8 * i);
  if (bytes.size() < begin || bytes.size() - begin < length)
    fail(path, "is cut off within its header; save it again");
  const std::string_view header = bytes.substr(begin, length);
  bytes.remove_prefix(begin + length);
  return header;
}

void read_type(const std::string& path, std::string_view text, Array& array) {
  if (text.starts_with('['))
    fail(path,
         "has columns with names and types of their own (a structured array); save "
         "numpy.lib.recfunctions.structured_to_unstructured(array)");
  const std::string_view whole = text.substr(0, std::min(text.find(','), text.size()));
  const std::string_view code = whole.size() > 3 && whole.front() == '\'' && whole.back() == '\''
                                    ? whole.substr(1, whole.size() - 2)
                                    : "?";
  const auto type = std::ranges::find(number_types, code.substr(1), &NumberType::code);
  if (type == number_types.end() || std::string_view("<>|=").find(code.front()) == std::string_view::npos)
    fail(path, fmt::format("holds values of type {}; save them as numbers: numpy.save(file, "
                           "array.astype('<f8'))",
                           quoted_field(whole)));
  array.type = &*type;
  array.swapped = code.front() == '>';
}

void read_shape(const std::string& path, std::string_view text, Array& array) {
  const auto sizes = sizes_of(text);
  if (!sizes || sizes->size() != 2)
    fail(path, fmt::format("is not two-dimensional; give it the shape (rows, columns){}",
                           sizes && sizes->size() == 1 ? ", as numpy.column_stack((x, y)) does" : ""));
  array.rows = (*sizes)[0];
  array.columns = (*sizes)[1];
  constexpr std::size_t most_columns = 1U << 20U;
  if (array.rows == 0 || array.columns > most_columns)
    fail(path, fmt::format("has the shape ({}, {}); give it rows of at most {} columns", array.rows,
                           array.columns, most_columns));
}

Array read_array(const std::string& path, std::string_view bytes) {
  const std::string_view header = header_of(path, bytes);
  Array array;
  read_type(path, entry(header, "descr"), array);
  read_shape(path, entry(header, "shape"), array);
  array.by_columns = entry(header, "fortran_order").starts_with("True");
  std::size_t needed = 0;
  const bool overflow = __builtin_mul_overflow(array.rows, array.columns, &needed) ||
                        __builtin_mul_overflow(needed, array.type->bytes, &needed);
  if (overflow || bytes.size() != needed)
    fail(path, fmt::format("has {} bytes of numbers where its shape ({}, {}) needs {}; save it again",
                           bytes.size(), array.rows, array.columns,
                           overflow ? std::string("more than there are") : std::to_string(needed)));
  array.numbers = bytes;
  return array;
}

/// Throws for a number that a double does not hold, or that no network can learn.
void check_number(const std::string& path, const Array& array, std::size_t row, std::size_t column,
                  double number) {
  if (std::isinf(number))
    fail(path, fmt::format("row {}, column {} is {}, which no network can learn; leave the row out", row,
                           column, number));
  constexpr double exact_integers = 0x1p53;
  const bool whole = array.type->code.front() != 'f';
  if (whole && std::abs(number) >= exact_integers)
    fail(path,
         fmt::format("row {}, column {} is about {:g}: integers of 2^53 or more are not exact; subtract "
                     "an offset before you save it",
                     row, column, number));
}

Split split_of(const std::string& path, std::size_t row, std::size_t column, double mark) {
  if (mark != 0.0 && mark != 1.0 && mark != 2.0 && mark != 3.0)
    fail(path, fmt::format("row {}, column {} is {}; write 0 (train), 1 (test), 2 (ood) or 3 (validation)",
                           row, column, mark));
  return static_cast<Split>(static_cast<int>(mark));
}

}  // namespace

TableRows read_npy(const std::string& path, std::string_view bytes, const WantedColumns& wanted) {
  const Array array = read_array(path, bytes);
  std::vector<std::string> names;
  for (std::size_t c = 0; c < array.columns; ++c) names.push_back(std::to_string(c));
  const std::vector<std::size_t> places = find_columns(path, names, wanted.numbers);
  std::optional<std::size_t> split_place;
  if (!wanted.split.empty()) split_place = find_columns(path, names, {wanted.split}).front();

  TableRows rows;
  for (std::size_t row = 0; row < array.rows; ++row) {
    bool complete = true;
    for (const std::size_t column : places) {
      const double number = array(row, column);
      check_number(path, array, row, column, number);
      if (std::isnan(number) && rows.first_missing.empty())
        rows.first_missing = fmt::format("{}: row {}, column {} is nan: a missing value", path, row, column);
      complete = complete && !std::isnan(number);
      rows.numbers.push_back(number);
    }
    std::optional<Split> mark;
    if (split_place) mark = split_of(path, row, *split_place, array(row, *split_place));
    if (complete)
      rows.take_row(mark);
    else
      rows.leave_row_out(places.size());
  }
  return rows;
}

}  // namespace modsweep
