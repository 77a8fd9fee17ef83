// Fuzzes the readers of tables: any bytes are read as CSV and as .npy, or refused with an InputError on one
// line.
#include "tasks/table.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "modsweep/error.h"

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

template <typename Read>
void read(const Read& read_table, std::string_view bytes, const modsweep::WantedColumns& wanted) {
  try {
    const modsweep::TableRows rows = read_table("fuzz", bytes, wanted);
    check(rows.count + rows.missing > 0);
    check(rows.numbers.size() == rows.count * wanted.numbers.size());
    check(rows.splits.size() == (wanted.split.empty() ? 0 : rows.count));
    check(rows.first_missing.empty() == (rows.missing == 0));
    check(std::ranges::all_of(rows.numbers, [](double number) { return std::isfinite(number); }));
  } catch (const modsweep::InputError& error) {
    const std::string message = error.what();
    check(message.starts_with("fuzz:"));
    check(std::ranges::none_of(message,
                               [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  read(modsweep::read_csv, bytes, {{"a", "y"}, {}});
  read(modsweep::read_csv, bytes, {{"a", "y"}, "use"});
  read(modsweep::read_npy, bytes, {{"0", "1"}, {}});
  read(modsweep::read_npy, bytes, {{"1"}, "0"});
  return 0;
}
