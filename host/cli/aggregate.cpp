// modsweep aggregate: statistics of groups of cells.
#include "cli/command.h"
#include "cli/grouping.h"
#include "cli/result_table.h"

#include <algorithm>

#include "modsweep/names.h"
#include "modsweep/statistics.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

struct AggregateArguments {
  std::string store_path;
  std::vector<std::string> values;
  std::vector<std::string> keys;  // empty: every setting that varies, without training.seed
  std::string table = "results";
  std::string statistic = "median";
  BootstrapSettings bootstrap;
  ResultOptions result;
};

/// A row of the result: one column of one group.
std::vector<json> row_of(const CellGroup& group, const std::string& name, std::vector<double> values,
                         std::size_t cells, Statistic statistic, const BootstrapSettings& bootstrap) {
  std::vector<json> row = group.keys;
  row.insert(row.end(), {name, values.size(), cells - values.size(), group.diverged});
  const auto interval = bootstrap_interval(values, statistic, bootstrap);
  if (values.empty()) {
    row.resize(row.size() + 6);
  } else {
    const Summary summary = summarize(std::move(values));
    row.insert(row.end(), {summary.mean, json_or_null(summary.standard_deviation), summary.median,
                           summary.trimmed_mean, summary.min, summary.max});
  }
  row.emplace_back(name_of(statistic));
  row.push_back(interval ? json(interval->low) : json());
  row.push_back(interval ? json(interval->high) : json());
  return row;
}

std::vector<std::string> header(const std::vector<std::string>& keys) {
  std::vector<std::string> columns = keys;
  columns.insert(columns.end(), {"value", "n", "missing", "diverged", "mean", "sd", "median", "trimmed_mean",
                                 "min", "max", "ci_of", "ci_low", "ci_high"});
  return columns;
}

ExitCode aggregate(const AggregateArguments& options, Console& console) {
  const Store store(options.store_path, Store::Access::read_only);
  const Table table = options.table == "history" ? Table::history : Table::results;
  std::vector<std::string> keys = options.keys.empty() ? default_keys(store, {}) : options.keys;
  const bool by_step = std::find(keys.begin(), keys.end(), "step") != keys.end();
  if (table == Table::history && !by_step) keys.emplace_back("step");
  const auto groups = read_groups(store, options.store_path, table, keys, options.values);

  const Statistic statistic = value_of<Statistic>(options.statistic).value();
  ResultOutput output(options.result, {options.store_path}, console.out);
  ResultTable result{header(keys), {}};
  for (const CellGroup& group : groups)
    for (std::size_t i = 0; i < options.values.size(); ++i)
      result.rows.push_back(row_of(group, options.values[i], group.values(i, options.values.size()),
                                   group.numbers.size() / options.values.size(), statistic,
                                   options.bootstrap));
  output.write(result);
  return ExitCode::done;
}

}  // namespace

void add_aggregate(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<AggregateArguments>();
  CLI::App* command = app.add_subcommand(
      "aggregate", "Statistics over seeds of any column, with bootstrap intervals: a figure's numbers");
  command->add_option("store", options->store_path, "The store")->required()->type_name("FILE.db");
  command->add_option("--value", options->values, "Columns to tell about; a row for each")
      ->required()
      ->delimiter(',')
      ->type_name("COLUMN");
  command
      ->add_option("--by", options->keys,
                   "Columns to group by [every setting that varies, without training.seed]")
      ->delimiter(',')
      ->type_name("COLUMN");
  command
      ->add_option("--table", options->table,
                   "results: final numbers; history: every measurement, also grouped by step [results]")
      ->check(CLI::IsMember({"results", "history"}))
      ->type_name("NAME");
  command
      ->add_option("--statistic", options->statistic,
                   "What the interval is of: median, mean, or trimmed, the mean without the lowest and the "
                   "highest quarter [median]")
      ->check(CLI::IsMember({"median", "mean", "trimmed"}))
      ->type_name("NAME");
  add_bootstrap_options(command, options->bootstrap);
  add_result_options(command, options->result);
  command->footer(
      "n counts the values, missing the cells without one, diverged the cells left out for that. A group of\n"
      "one value has no sd and no interval.\n"
      "Examples:\n"
      "  modsweep aggregate quickstart.db --value test_loss gap_live_layer1\n"
      "  modsweep aggregate quickstart.db --value test_loss --by noise.exponent --table history -o "
      "curve.csv");
  on_chosen(command, chosen, options, aggregate);
}

}  // namespace modsweep::cli
