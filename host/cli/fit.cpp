// modsweep fit: transitions, scaling laws and balances, with intervals; stored in the store.
#include "modsweep/fit.h"

#include "cli/command.h"
#include "cli/fit_report.h"
#include "cli/interval_options.h"
#include "cli/result_table.h"
#include "cli/stores.h"
#include "results/groups.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/merge.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

struct FitArguments {
  std::shared_ptr<std::vector<std::string>>
      store_paths;  // arguments of `fit` itself, known once all is parsed
  std::string x;
  std::string y;                        // transition, law
  std::string n = "task.inputs";        // law
  std::string loss = "test_loss";       // balance
  std::string gap = "gap_live_layer1";  // balance
  std::vector<std::string> keys;        // empty: every other setting that varies, except training.seed
  IntervalSettings interval;
  bool no_save = false;
  ResultOptions result;
};

/// A network of a group, without its value of x.
struct FittedNetwork {
  std::vector<double> numbers;
  std::size_t curve = 0;

  bool operator<(const FittedNetwork& other) const {
    return std::tie(numbers, curve) < std::tie(other.numbers, other.curve);
  }
};
using ByX = std::map<double, std::vector<FittedNetwork>>;

/// Leaves out networks that lack one of the numbers, and networks whose x has no logarithm; `left_out` counts
/// the latter.
ByX by_x(const CellGroup& group, std::size_t columns, std::size_t& left_out) {
  ByX result;
  for (std::size_t i = 0; i < group.numbers.size(); i += columns) {
    const auto row = std::span(group.numbers).subspan(i, columns);
    if (std::any_of(row.begin(), row.end(), [](double v) { return std::isnan(v); })) continue;
    const std::size_t curve = group.curves.empty() ? 0 : group.curves[i / columns];
    if (row[0] > 0.0)
      result[row[0]].push_back({{row.begin() + 1, row.end()}, curve});
    else
      ++left_out;
  }
  // The result must not depend on the order in which the networks were finished.
  for (auto& [x, networks] : result) std::sort(networks.begin(), networks.end());
  return result;
}

std::vector<AxisPoint> axis_points(const ByX& networks) {
  std::vector<AxisPoint> points;
  for (const auto& [x, here] : networks) {
    AxisPoint& point = points.emplace_back(AxisPoint{x, {}});
    for (const FittedNetwork& network : here) {
      point.y.push_back(network.numbers[0]);
      point.curve.push_back(network.curve);
    }
  }
  return points;
}

/// What a kind of fit needs to do its work.
struct Work {
  const FitArguments& options;
  std::vector<std::string> keys;
  std::vector<CellGroup> groups;
  std::size_t left_out = 0;
};

std::vector<FitRow> fit_transitions(Work& work) {
  std::vector<FitRow> rows;
  for (const CellGroup& group : work.groups) {
    const auto points = axis_points(by_x(group, 2, work.left_out));
    const TransitionFit fit = fit_transition(points, work.options.interval);
    std::size_t values = 0;
    for (const AxisPoint& point : points) values += point.y.size();
    rows.push_back(transition_row(group.keys, fit, values, work.options.interval));
  }
  return rows;
}

constexpr std::array law_parameters = {FitParameter{"a", true},
                                       FitParameter{"b", true},
                                       FitParameter{"residual_sum", false},
                                       FitParameter{"aic", false},
                                       FitParameter{"power_a", true},
                                       FitParameter{"power_b", true},
                                       FitParameter{"power_residual_sum", false},
                                       FitParameter{"power_aic", false},
                                       FitParameter{"better", false},
                                       FitParameter{"transitions", false},
                                       FitParameter{"interval", false}};

/// A group's value of the setting that --n names: the last of the group's keys.
double n_of(const CellGroup& group, const FitArguments& options) {
  const json& n = group.keys.back();
  if (!n.is_number() || !(n.get<double>() > 0.0))
    throw InputError(fmt::format("{}: column '{}' holds {}, not positive numbers; choose another --n",
                                 options.store_paths->front(), options.n, n.dump()));
  return n.get<double>();
}

void set_law(FitRow& row, const LawFit& fit, std::size_t transitions, const IntervalSettings& settings) {
  if (!fit.exponential) return;
  row.set("a", fit.exponential->a, fit.exponential->a_interval);
  row.set("b", fit.exponential->b, fit.exponential->b_interval);
  row.set("residual_sum", fit.exponential->residual_sum);
  row.set("aic", fit.exponential->aic);
  row.set("power_a", fit.power->a, fit.power->a_interval);
  row.set("power_b", fit.power->b, fit.power->b_interval);
  row.set("power_residual_sum", fit.power->residual_sum);
  row.set("power_aic", fit.power->aic);
  row.set("better", fit.exponential->aic < fit.power->aic ? "exponential" : "power");
  row.set("transitions", transitions);
  if (fit.exponential->b_interval) row.set("interval", interval_text(settings));
}

/// The law of the groups that differ in n only.
FitRow fit_one_law(std::span<const CellGroup> groups, Work& work) {
  FitRow row{std::vector<json>(groups[0].keys.begin(), groups[0].keys.end() - 1)};
  std::vector<LawPoint> points;
  std::vector<std::string> notes;
  for (const CellGroup& group : groups) {
    const double n = n_of(group, work.options);
    // Resamples of different n must be independent: each n has its own sequence.
    IntervalSettings settings = work.options.interval;
    settings.seed += 0x9e37'79b9'7f4a'7c15U * points.size();
    const TransitionFit fit = fit_transition(axis_points(by_x(group, 2, work.left_out)), settings);
    if (fit.curve)
      points.push_back(law_point(n, fit));
    else
      notes.push_back(fmt::format("{} {:g}: {}", work.options.n, n, fit.reason));
  }
  const LawFit fit = fit_law(points, work.options.interval);
  set_law(row, fit, points.size(), work.options.interval);
  for (const std::string& reason : {fit.interval_reason, fit.reason})
    if (!reason.empty()) notes.insert(notes.begin(), reason);
  row.note = fmt::format("{}", fmt::join(notes, "; "));
  return row;
}

std::vector<FitRow> fit_laws(Work& work) {
  std::vector<FitRow> rows;
  const auto same_law = [&](const CellGroup& a, const CellGroup& b) {
    return std::equal(a.keys.begin(), a.keys.end() - 1, b.keys.begin());
  };
  for (std::size_t begin = 0; begin < work.groups.size();) {
    std::size_t end = begin + 1;
    while (end < work.groups.size() && same_law(work.groups[begin], work.groups[end])) ++end;
    rows.push_back(fit_one_law(std::span(work.groups).subspan(begin, end - begin), work));
    begin = end;
  }
  work.keys.pop_back();  // n
  return rows;
}

constexpr std::array balance_parameters = {FitParameter{"balance", true}, FitParameter{"advantage", false},
                                           FitParameter{"values", false}, FitParameter{"interval", false}};

std::vector<FitRow> fit_balances(Work& work) {
  std::vector<FitRow> rows;
  for (const CellGroup& group : work.groups) {
    std::vector<TradeoffPoint> points;
    std::size_t values = 0;
    for (const auto& [x, networks] : by_x(group, 3, work.left_out)) {
      TradeoffPoint& point = points.emplace_back(TradeoffPoint{x, {}, {}});
      for (const FittedNetwork& network : networks) {
        if (!(network.numbers[0] > 0.0))
          throw InputError(
              fmt::format("{}: column '{}' holds {}, which has no logarithm; choose another --loss",
                          work.options.store_paths->front(), work.options.loss, network.numbers[0]));
        point.loss.push_back(network.numbers[0]);
        point.gap.push_back(network.numbers[1]);
        point.curve.push_back(network.curve);
      }
      values += point.loss.size();
    }
    const BalanceFit fit = fit_balance(points, work.options.interval);
    FitRow& row = rows.emplace_back(FitRow{group.keys});
    row.note = fit.x ? fit.interval_reason : fit.reason;
    if (!fit.x) continue;
    row.set("balance", *fit.x, fit.interval);
    row.set("advantage", fit.advantage);
    row.set("values", values);
    if (fit.interval) row.set("interval", interval_text(work.options.interval));
  }
  return rows;
}

/// One kind of fit: the columns that it reads, the parameters that it finds, and the function that fits.
struct Kind {
  const char* name;
  std::vector<std::string> columns;  ///< x first
  std::string last_key;              ///< the last key to group by; empty: none
  std::span<const FitParameter> parameters;
  std::vector<FitRow> (*fit)(Work& work);
};

json options_json(const FitArguments& options, const Kind& kind, const std::vector<std::string>& keys) {
  json columns = kind.columns;
  if (!kind.last_key.empty()) columns.push_back(kind.last_key);
  json made = {{"columns", columns}, {"by", keys}};
  made.update(interval_json(options.interval));
  return made;
}

Work read_work(const FitArguments& options, const Kind& kind) {
  const ReadStores stores(*options.store_paths);
  const Store& store = stores.store();
  std::vector<std::string> used = kind.columns;
  if (!kind.last_key.empty()) used.push_back(kind.last_key);
  std::vector<std::string> keys = options.keys.empty() ? default_keys(store, used) : options.keys;
  if (!kind.last_key.empty()) keys.push_back(kind.last_key);
  auto groups = read_groups(store, stores.name(), Table::results, keys, kind.columns,
                            curve_keys(store, keys, options.x));
  return {options, std::move(keys), std::move(groups)};
}

ExitCode fit(const FitArguments& options, const Kind& kind, Console& console) {
  Work work = read_work(options, kind);
  // Both are checked before the bootstrap, which takes long.
  const std::vector<std::string> files = store_files(*options.store_paths);
  ResultOutput output(options.result, files, console);
  std::optional<Store> store;
  if (!options.no_save && files.size() == 1) {
    store.emplace(files.front(), Store::Access::read_write);
    for (const std::string& note : store->notes()) fmt::print(console.err, "note: {}\n", note);
  }

  const auto rows = kind.fit(work);
  if (work.left_out > 0)
    fmt::print(console.err, "{} networks are left out: their {} is not above 0 and has no logarithm\n",
               work.left_out, options.x);
  if (files.size() > 1 && !options.no_save)
    fmt::print(console.err, "the fits are not kept: {} stores were read; modsweep merge makes one of them\n",
               files.size());
  if (store)
    store->record_fits(kind.name, options_json(options, kind, work.keys).dump(),
                       fit_records(work.keys, rows));
  output.write(fit_table(work.keys, kind.parameters, rows));
  return ExitCode::done;
}

ExitCode transition(const FitArguments& options, Console& console) {
  return fit(options, {"transition", {options.x, options.y}, "", transition_parameters, fit_transitions},
             console);
}

ExitCode law(const FitArguments& options, Console& console) {
  return fit(options, {"law", {options.x, options.y}, options.n, law_parameters, fit_laws}, console);
}

ExitCode balance(const FitArguments& options, Console& console) {
  return fit(options,
             {"balance", {options.x, options.loss, options.gap}, "", balance_parameters, fit_balances},
             console);
}

void add_column(CLI::App* command, const char* flag, std::string& column, const char* what) {
  command->add_option(flag, column, fmt::format("{} [{}]", what, column))->type_name("COLUMN");
}

/// The options that all kinds share. The store itself is an argument of `fit`.
std::shared_ptr<FitArguments> add_kind(CLI::App* command,
                                       const std::shared_ptr<std::vector<std::string>>& store_paths) {
  auto options = std::make_shared<FitArguments>();
  options->store_paths = store_paths;
  command
      ->add_option("--by", options->keys,
                   "Columns to group by: a fit for each group [every other setting that varies, without "
                   "training.seed; settings that are zipped with x or n are none]")
      ->delimiter(',')
      ->type_name("COLUMN");
  add_interval_options(command, options->interval);
  command->add_flag("--no-save", options->no_save, "Do not keep the fits in the store's table `fits`");
  add_result_options(command, options->result);
  return options;
}

void add_transition(CLI::App* fit, const std::shared_ptr<std::vector<std::string>>& paths, Action& chosen) {
  CLI::App* command =
      fit->add_subcommand("transition", "Where y changes from one plateau to another (figure 6)");
  const auto options = add_kind(command, paths);
  options->x = "task.train_samples";
  options->y = "gap_live_layer1";
  add_column(command, "--x", options->x, "The axis");
  add_column(command, "--y", options->y, "What changes along it");
  command->footer(
      "y = low + (high - low) / (1 + exp(-steepness (log x - log x_star))), least squares through every "
      "network.\n"
      "No transition, and why: a constant does as well (AICc), y comes back (a bump), or the axis lacks a "
      "plateau.\n"
      "The interval is Student's t over seeds, in log x: networks that differ in x only are the curve of a "
      "seed.\n"
      "Of 100 such intervals for 95 %, with 3 to 30 seeds whose x_star varies normally, 93 or more hold it.\n"
      "Example:\n"
      "  modsweep fit fig06.db transition --x task.train_samples --y gap_live_layer1 --by task.inputs");
  on_chosen(command, chosen, options, transition);
}

void add_law(CLI::App* fit, const std::shared_ptr<std::vector<std::string>>& paths, Action& chosen) {
  CLI::App* command = fit->add_subcommand("law", "How the transition grows with n (figure 6)");
  const auto options = add_kind(command, paths);
  options->x = "task.train_samples";
  options->y = "gap_live_layer1";
  add_column(command, "--x", options->x, "The axis");
  add_column(command, "--y", options->y, "What changes along it");
  add_column(command, "--n", options->n, "What the transition grows with");
  command->footer(
      "log x_star = a + b n (exponential) against log x_star = a + b log n (power_a, power_b), natural "
      "logarithms,\n"
      "least squares; residual_sum is of squares of log x_star, the law with the smaller AIC is `better`.\n"
      "The intervals are Student's t over the lines of seeds; they need the same seeds at every n.\n"
      "Example:\n"
      "  modsweep fit fig06.db law --x task.train_samples --y gap_live_layer1 --n task.inputs");
  on_chosen(command, chosen, options, law);
}

void add_balance(CLI::App* fit, const std::shared_ptr<std::vector<std::string>>& paths, Action& chosen) {
  CLI::App* command = fit->add_subcommand("balance", "Where loss and gap balance (figure 2)");
  const auto options = add_kind(command, paths);
  options->x = "noise.strength";
  add_column(command, "--x", options->x, "The axis");
  add_column(command, "--loss", options->loss, "What should be low; its logarithm counts");
  add_column(command, "--gap", options->gap, "What should be high");
  command->footer(
      "Medians of log loss and of the gap are each scaled to [0, 1] over the axis. The balance is the x at "
      "which\n"
      "scaled gap minus scaled log loss is largest (`advantage`), interpolated by a parabola in log x. None "
      "where\n"
      "that is an end of the axis. The interval is Student's t over the balances of single seeds, in log x, "
      "and as\n"
      "much wider as the axis is too coarse.\n"
      "Example:\n"
      "  modsweep fit fig02.db balance --x noise.strength --loss test_loss --gap gap_live_layer1");
  on_chosen(command, chosen, options, balance);
}

}  // namespace

void add_fit(CLI::App& app, Action& chosen) {
  CLI::App* command =
      app.add_subcommand("fit", "Transitions, scaling laws and balances with intervals; kept in the store");
  const auto paths = std::make_shared<std::vector<std::string>>();
  add_store_paths(command, *paths);
  command->require_subcommand(1);
  add_transition(command, paths, chosen);
  add_law(command, paths, chosen);
  add_balance(command, paths, chosen);
  command->footer(
      "Fits are also kept in the store: modsweep export FILE.db --table fits. The same fit made again "
      "replaces\n"
      "the earlier one.\n"
      "Examples:\n"
      "  modsweep fit fig06.db transition --y gap_live_layer1 --by task.inputs\n"
      "  modsweep fit fig02.db balance --help");
}

}  // namespace modsweep::cli
