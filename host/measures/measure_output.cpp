// Rows of measurements: written by measures, looked up by name.
#include "measures/measure_tables.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Writes values to the row with these keys, which is created if absent: rows are sorted by their keys.
void put(Measurement& measurement, std::size_t table, const std::vector<MeasuredValue>& keys,
         const std::vector<std::size_t>& columns, const std::vector<MeasuredValue>& values) {
  if (measurement.tables.empty()) measurement.tables.resize(measured_tables().size());
  std::vector<MeasuredRow>& rows = measurement.tables[table];
  const auto before = [](const MeasuredRow& row, const std::vector<MeasuredValue>& wanted) {
    return std::lexicographical_compare(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(wanted.size()),
                                        wanted.begin(), wanted.end());
  };
  const std::size_t key_count = keys.size();
  auto row = std::lower_bound(rows.begin(), rows.end(), keys, before);
  if (row == rows.end() || !std::equal(keys.begin(), keys.end(), row->begin())) {
    MeasuredRow made;
    made.reserve(key_count + measured_tables()[table].columns.size());
    made.assign(keys.begin(), keys.end());
    made.resize(key_count + measured_tables()[table].columns.size());
    row = rows.insert(row, std::move(made));
  }
  for (std::size_t c = 0; c < columns.size(); ++c) (*row)[key_count + columns[c]] = values[c];
}

void check_count(const Measure& measure, std::string_view what, std::size_t expected, std::size_t given) {
  if (expected != given)
    throw LogicError(
        fmt::format("measure {}: {} of {} {} values were given", measure.name, given, expected, what));
}

std::optional<double> number_in(const Measurement& measurement, std::size_t table, std::size_t row,
                                std::size_t column) {
  if (measurement.tables.size() <= table || measurement.tables[table].size() <= row) return std::nullopt;
  return measurement.tables[table][row][column].number();
}

}  // namespace

std::optional<double> MeasuredValue::number() const {
  if (kind_ == Kind::real) return number_.real;
  if (kind_ == Kind::whole) return static_cast<double>(number_.whole);
  return std::nullopt;
}

const std::string& MeasuredValue::text() const {
  static const std::string none;
  return text_ ? *text_ : none;
}

std::partial_ordering MeasuredValue::operator<=>(const MeasuredValue& other) const {
  if (kind_ != other.kind_) return kind_ <=> other.kind_;
  if (kind_ == Kind::whole) return number_.whole <=> other.number_.whole;
  if (kind_ == Kind::real) return number_.real <=> other.number_.real;
  return text() <=> other.text();
}

std::optional<double> Measurement::number(std::string_view column) const {
  return number_in(*this, network_table, 0, measured_tables()[network_table].column(column));
}

std::optional<double> Measurement::number(std::string_view column, std::size_t layer) const {
  const std::size_t position = 1 + measured_tables()[layer_table].column(column);  // after the layer's number
  if (tables.size() <= layer_table) return std::nullopt;
  const std::vector<MeasuredRow>& rows = tables[layer_table];
  for (std::size_t r = 0; r < rows.size(); ++r)
    if (rows[r][0] == MeasuredValue(layer + 1)) return number_in(*this, layer_table, r, position);
  return std::nullopt;
}

MeasureOutput::MeasureOutput(const Measure& measure, Measurement& measurement)
    : measure_(measure), measurement_(measurement) {}

void MeasureOutput::network(const std::vector<MeasuredValue>& values) {
  check_count(measure_, "network", measure_.network.size(), values.size());
  put(measurement_, network_table, {}, positions_of(measure_).network, values);
}

void MeasureOutput::layer(std::size_t layer, const std::vector<MeasuredValue>& values) {
  check_count(measure_, "layer", measure_.layer.size(), values.size());
  put(measurement_, layer_table, {layer + 1}, positions_of(measure_).layer, values);
}

void MeasureOutput::row(std::string_view table, const std::vector<MeasuredValue>& keys,
                        const std::vector<MeasuredValue>& values) {
  const auto found = std::ranges::find(measure_.tables, table, &MeasureTable::name);
  if (found == measure_.tables.end())
    throw LogicError(fmt::format("measure {}: has no table '{}'", measure_.name, table));
  check_count(measure_, "key", found->keys.size(), keys.size());
  check_count(measure_, table, found->columns.size(), values.size());
  const auto& own = positions_of(measure_).tables[static_cast<std::size_t>(found - measure_.tables.begin())];
  put(measurement_, own.table, keys, own.columns, values);
}

bool asks_for(const CellSettings& cell, const Measure& measure) {
  if (measure.family != cell.network.family) return false;
  if (measure.asked != nullptr) return measure.asked(cell);
  return measure.keys.empty() || std::get<Setting<bool>>(measure.keys.front()).of(cell.measure);
}

void check_measures(const CellSettings& cell) {
  for (const Measure& measure : measures()) {
    if (measure.family != cell.network.family) continue;
    if (measure.check != nullptr) measure.check(cell);
    if (measure.asked != nullptr || asks_for(cell, measure)) continue;
    for (const AnySetting& declared : std::span(measure.keys).subspan(1))
      std::visit(
          [&](const auto& setting) {
            const auto value = setting.of(cell.measure);
            if (value == setting.standard) return;
            throw InputError(
                fmt::format("{} = {} has no effect with {} = false; set that to true or leave this out",
                            setting.key, value, key_of(measure.keys.front())));
          },
          declared);
  }
}

std::string json_list(std::span<const double> values) {
  fmt::memory_buffer text;
  text.push_back('[');
  for (const double value : values) {
    if (text.size() > 1) text.push_back(',');
    if (std::isfinite(value))
      fmt::format_to(std::back_inserter(text), "{}", value);
    else
      fmt::format_to(std::back_inserter(text), "null");
  }
  text.push_back(']');
  return fmt::to_string(text);
}

}  // namespace modsweep
