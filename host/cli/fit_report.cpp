#include "cli/fit_report.h"

#include <utility>

#include <fmt/format.h>

namespace modsweep::cli {
namespace {

using nlohmann::json;

void add_columns(std::vector<json>& cells, const FitRow& row, const FitParameter& parameter) {
  const auto value = row.parameters.find(parameter.name);
  cells.push_back(value == row.parameters.end() ? json() : json(*value));
  if (!parameter.has_interval) return;
  const auto interval = row.intervals.find(parameter.name);
  for (const std::size_t end : {0U, 1U})
    cells.push_back(interval == row.intervals.end() ? json() : json(interval->at(end)));
}

std::string transition_note(const TransitionFit& fit) {
  if (!fit.curve) return fit.reason;
  std::string note = fit.interval_reason;
  if (fit.step)
    note += fmt::format("{}y changes between {:.4g} and {:.4g}, more sharply than the axis can tell",
                        note.empty() ? "" : "; ", fit.step->low, fit.step->high);
  return note;
}

}  // namespace

std::string interval_text(const IntervalSettings& settings) {
  if (settings.method == IntervalMethod::bootstrap)
    return fmt::format("bootstrap, {} resamples", settings.resamples);
  return fmt::format("{:g} %, t over seeds", 100.0 * settings.confidence);
}

nlohmann::json interval_json(const IntervalSettings& settings) {
  json options = {{"confidence", settings.confidence}, {"interval", name_of(settings.method)}};
  if (settings.method == IntervalMethod::bootstrap)
    options.update({{"resamples", settings.resamples}, {"seed", settings.seed}});
  return options;
}

FitRow transition_row(std::vector<json> keys, const TransitionFit& fit, std::size_t values,
                      const IntervalSettings& settings) {
  FitRow row{std::move(keys)};
  row.note = transition_note(fit);
  if (!fit.curve) return row;
  row.set("x_star", fit.curve->middle, fit.middle_interval);
  row.set("low", fit.curve->low);
  row.set("high", fit.curve->high);
  row.set("steepness", fit.curve->steepness);
  row.set("rms", fit.rms);
  row.set("values", values);
  if (settings.method == IntervalMethod::bootstrap) row.set("failed_resamples", fit.failed);
  if (fit.middle_interval) row.set("interval", interval_text(settings));
  return row;
}

ResultTable fit_table(const std::vector<std::string>& keys, std::span<const FitParameter> parameters,
                      const std::vector<FitRow>& rows) {
  ResultTable table{keys, {}};
  for (const FitParameter& parameter : parameters) {
    const std::string name = parameter.name;
    table.columns.push_back(name);
    if (parameter.has_interval) table.columns.insert(table.columns.end(), {name + "_low", name + "_high"});
  }
  table.columns.emplace_back("note");
  for (const FitRow& row : rows) {
    auto& cells = table.rows.emplace_back(row.keys);
    for (const FitParameter& parameter : parameters) add_columns(cells, row, parameter);
    cells.push_back(row.note.empty() ? json() : json(row.note));
  }
  return table;
}

std::vector<FitRecord> fit_records(const std::vector<std::string>& keys, const std::vector<FitRow>& rows) {
  std::vector<FitRecord> records;
  for (const FitRow& row : rows) {
    nlohmann::ordered_json group = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < keys.size(); ++i) group[keys[i]] = row.keys[i];
    records.push_back({group.dump(), row.parameters.dump(), row.intervals.dump(), row.note});
  }
  return records;
}

}  // namespace modsweep::cli
