// modsweep refine: trains a coarse sweep, then further networks near its transitions, until the transitions
// are known precisely enough.
#include "cli/fit_report.h"
#include "cli/interval_options.h"
#include "cli/number_options.h"
#include "cli/refine_grid.h"
#include "cli/refine_plan.h"
#include "cli/run_table.h"
#include "cli/trainer.h"
#include "core/formats.h"
#include "core/synonyms.h"
#include "core/text.h"
#include "results/groups.h"

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/refinement.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

struct RefineArguments : TrainerOptions {
  std::string x = "task.train_samples";
  std::string y = "gap_live_layer1";
  std::string plan_path;         ///< where the cells of the next round go; empty: they are trained
  std::uint64_t most_cells = 0;  ///< 0: four times the cells of the sweep
  RefinementSettings search;
};

void check_measured(const Sweep& sweep, const std::string& y) {
  const auto known = measured_columns(sweep);
  if (std::ranges::find(known, y) != known.end()) return;
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto close = meant(y, names);
  throw InputError(fmt::format(
      "nothing that is measured is called '{}'; {}", one_line(y),
      close.empty() ? fmt::format("--y takes one of {}", fmt::join(known, ", ")) : did_you_mean(close)));
}

/// Why a search ends: nothing is left to be trained, a round is written to a file, a signal or the time.
enum class Ending : std::uint8_t { through, planned, interrupted };

/// All searches of a sweep, one for each group, and their training.
class RefineRun {
 public:
  RefineRun(const RefineArguments& options, const Sweep& sweep, Console& console)
      : options_(options),
        sweep_(sweep),
        console_(console),
        grid_(sweep, options.x),
        most_cells_(options.most_cells > 0 ? options.most_cells : 4 * sweep.size()),
        trainer_(options, console) {
    if (most_cells_ < sweep.size())
      throw InputError(fmt::format("--most-cells {} is less than the {} cells of sweep {}; raise it",
                                   most_cells_, sweep.size(), sweep.name));
    RefinementSettings settings = options.search;
    settings.whole_numbers = grid_.whole_numbers();
    for (std::size_t g = 0; g < grid_.groups().size(); ++g) searches_.emplace_back(grid_.x(), settings);
  }

  [[nodiscard]] Ending search() {
    for (std::size_t round = 0;; ++round) {
      const std::vector<GroupRow> rows = next_rows();
      if (rows.empty()) return Ending::through;
      const Ending ending = one_round(round, rows);
      if (ending != Ending::through) return ending;
    }
  }

  ExitCode conclude() {
    save();
    if (as_json())
      write_json(document(), console_.out);
    else if (!options_.quiet)
      print();
    std::size_t open = 0;
    for (const Refinement& search : searches_)
      if (search.state() != RefinementState::converged) ++open;
    if (open > 0)
      fmt::print(console_.err, "{} of {} did not get an interval within {:g}; see the notes\n",
                 format_plural(static_cast<double>(open), "transition"), searches_.size(),
                 options_.search.width);
    if (diverged_ > 0)
      fmt::print(console_.err, "{} diverged; see modsweep export {} --table cells\n", cells_text(diverged_),
                 options_.store());
    return open > 0 || diverged_ > 0 ? ExitCode::cells_failed : ExitCode::done;
  }

  [[nodiscard]] ExitCode stop_early() {
    if (as_json()) {
      const Store* store = trainer_.session().has_store() ? &trainer_.session().store() : nullptr;
      write_json(training_json(options_, sweep_, store, options_.store(), true), console_.out);
    }
    return trainer_.say_interrupted();
  }

 private:
  [[nodiscard]] bool as_json() const { return options_.format == "json"; }

  /// The rows that the searches request next, group by group, within the budget.
  [[nodiscard]] std::vector<GroupRow> next_rows() const {
    std::vector<GroupRow> rows;
    const std::uint64_t most = (most_cells_ - cells_) / grid_.seeds();
    for (std::size_t g = 0; g < searches_.size(); ++g)
      for (const RefinementRow& row : searches_[g].next())
        if (rows.size() < most) rows.push_back({g, row});
    return rows;
  }

  [[nodiscard]] Ending one_round(std::size_t round, const std::vector<GroupRow>& rows) {
    const Sweep cells = grid_.sweep_of(rows, fmt::format("{}.refined-{}", sweep_.name, round));
    // The first round trains the sweep itself: the cells that `run` trains.
    const Sweep& trained = round == 0 ? sweep_ : cells;
    if (!finished(trained)) {
      if (!options_.plan_path.empty()) {
        plan(round, trained);
        return Ending::planned;
      }
      if (!trainer_.train(trained)) return Ending::interrupted;
    }
    cells_ += cells.size();
    const auto values = values_of(cells);
    for (auto begin = rows.begin(); begin != rows.end();) {
      const auto end =
          std::find_if(begin, rows.end(), [&](const GroupRow& r) { return r.group != begin->group; });
      const auto first = values.begin() + (begin - rows.begin());
      Refinement& search = searches_[begin->group];
      search.take({first, first + (end - begin)});
      if (options_.plan_path.empty() && !options_.quiet && !as_json()) print_round(round, {begin, end});
      if (trainer_.interrupted()) return Ending::interrupted;
      begin = end;
    }
    return Ending::through;
  }

  /// Whether the store has all of these cells. Shards may have trained them as a sweep with another id, where
  /// that names tables by other paths.
  [[nodiscard]] bool finished(const Sweep& cells) {
    Session& session = trainer_.session();
    if (session.finished(cells)) return true;
    if (options_.plan_path.empty() || !session.has_store()) return false;
    const auto ids = session.store().finished_cells();
    for (std::uint64_t i = 0; i < cells.size(); ++i)
      if (!ids.contains(std::stoull(cells.cell(i).id, nullptr, 16))) return false;
    return true;
  }

  /// Writes the round to the file of --plan and says what to do with it.
  void plan(std::size_t round, const Sweep& cells) {
    write_round(cells, options_.plan_path, {options_.sweep_path, options_.store()});
    if (as_json()) {
      const Store* store = trainer_.session().has_store() ? &trainer_.session().store() : nullptr;
      auto told = training_json(options_, cells, store, options_.store(), false);
      told["outcome"] = "planned";
      told["round"] = round;
      told["plan"] = options_.plan_path;
      write_json(told, console_.out);
    } else if (!options_.quiet) {
      fmt::print(
          console_.out,
          "round {}: {} to train, in {}; run it, or shards of it, merge the stores into {}, and give the "
          "same command with another --plan\n",
          round, cells_text(cells.size()), options_.plan_path, options_.store());
    }
  }

  /// The values of each row's networks; NaN: diverged, or no value.
  [[nodiscard]] std::vector<std::vector<double>> values_of(const Sweep& cells) {
    std::unordered_map<std::string, std::uint64_t> place_of;
    for (std::uint64_t i = 0; i < cells.size(); ++i) place_of[cells.cell(i).id] = i;
    std::vector<std::vector<double>> values(
        cells.size() / grid_.seeds(),
        std::vector<double>(grid_.seeds(), std::numeric_limits<double>::quiet_NaN()));
    trainer_.session().store().read_rows(
        Table::results, {"cell", options_.y, "status"}, [&](std::span<const std::string> row) {
          const auto found = place_of.find(std::string(bare_id(json::parse(row[0]).get<std::string>())));
          if (found == place_of.end()) return;
          if (row[2] == "\"diverged\"")
            ++diverged_;
          else if (row[1] != "null")
            values[found->second / grid_.seeds()][found->second % grid_.seeds()] =
                json::parse(row[1]).get<double>();
        });
    return values;
  }

  [[nodiscard]] std::string group_text(std::size_t group) const {
    std::vector<std::string> parts;
    for (std::size_t k = 0; k < grid_.group_keys().size(); ++k)
      parts.push_back(
          fmt::format(" {} {}", grid_.group_keys()[k], grid_.groups()[group][k].dump(-1, ' ', true)));
    return parts.empty() ? "" : fmt::format(",{}", fmt::join(parts, ","));
  }

  /// "round 1, task.inputs 2: 10 cells more at 31, 44: task.train_samples* 38.2, 95 % from 33.1 to 44.0
  /// (...)".
  void print_round(std::size_t round, std::span<const GroupRow> rows) const {
    const Refinement& search = searches_[rows[0].group];
    std::vector<double> at;
    for (const GroupRow& row : rows) at.push_back(row.row.x);
    std::ranges::sort(at);
    const TransitionFit& fit = search.fit();
    fmt::print(console_.out, "round {}{}: {}{}; ", round, group_text(rows[0].group),
               cells_text(rows.size() * grid_.seeds()),
               round == 0 ? "" : fmt::format(" more at {:g}", fmt::join(at, ", ")));
    if (!fit.curve)
      fmt::print(console_.out, "{}\n", fit.reason);
    else if (const auto& interval = fit.middle_interval)
      fmt::print(console_.out, "{}* {:.4g}, {} from {:.4g} to {:.4g}, width {:.3f}\n", options_.x,
                 fit.curve->middle, level_text(), interval->low, interval->high, *search.width());
    else
      fmt::print(console_.out, "{}* {:.4g}, {}\n", options_.x, fit.curve->middle, fit.interval_reason);
    console_.out.flush();
  }

  /// "95 %", or "bootstrap", whose true coverage is not known.
  [[nodiscard]] std::string level_text() const {
    const IntervalSettings& settings = options_.search.interval;
    if (settings.method == IntervalMethod::bootstrap) return "bootstrap";
    return fmt::format("{:g} %", 100.0 * settings.confidence);
  }

  [[nodiscard]] FitRow row_of(std::size_t group) const {
    const Refinement& search = searches_[group];
    FitRow row = transition_row(grid_.groups()[group], search.fit(), search.rows() * grid_.seeds(),
                                options_.search.interval);
    if (const auto width = search.width()) row.set("width", *width);
    row.set("cells", search.rows() * grid_.seeds());
    row.set("grid_cells", search.grid_rows() * grid_.seeds());
    if (search.state() == RefinementState::failed)
      row.note = search.reason();
    else if (search.state() == RefinementState::open)
      row.note = fmt::format("the budget of {} cells is used up{}{}", most_cells_,
                             row.note.empty() ? "" : "; ", row.note);
    return row;
  }

  void save() {
    json options = {
        {"columns", {options_.x, options_.y}}, {"by", grid_.group_keys()}, {"refined", sweep_.id()}};
    options.update(interval_json(options_.search.interval));
    std::vector<FitRow> rows;
    for (std::size_t g = 0; g < searches_.size(); ++g) rows.push_back(row_of(g));
    trainer_.session().store().record_fits("transition", options.dump(),
                                           fit_records(grid_.group_keys(), rows));
  }

  [[nodiscard]] ResultTable transitions() const {
    constexpr std::array parameters = {FitParameter{"x_star", true}, FitParameter{"width", false},
                                       FitParameter{"cells", false}, FitParameter{"grid_cells", false}};
    std::vector<FitRow> rows;
    for (std::size_t g = 0; g < searches_.size(); ++g) rows.push_back(row_of(g));
    return fit_table(grid_.group_keys(), parameters, rows);
  }

  /// Cells of a grid that is as fine everywhere as this one is where it is finest.
  [[nodiscard]] std::size_t grid_cells() const {
    std::size_t cells = 0;
    for (const Refinement& search : searches_) cells += search.grid_rows() * grid_.seeds();
    return cells;
  }

  /// The transitions, and the counts of the sweep that was refined.
  [[nodiscard]] nlohmann::ordered_json document() {
    auto all = training_json(options_, sweep_, &trainer_.session().store(), options_.store(), false);
    all["x"] = options_.x;
    all["y"] = options_.y;
    all["refined_cells"] = cells_;
    all["grid_cells"] = grid_cells();
    all["transitions"] = json_of(transitions());
    return all;
  }

  void print() const {
    const std::size_t grid_cells = this->grid_cells();
    write_aligned(transitions(), console_.out);
    fmt::print(console_.out, "{} instead of {} of a grid that is as fine everywhere ({:.0f} %)\n",
               cells_text(cells_), format_count(static_cast<double>(grid_cells)),
               100.0 * static_cast<double>(cells_) / static_cast<double>(grid_cells));
  }

  const RefineArguments& options_;
  const Sweep& sweep_;
  Console& console_;
  const RefineGrid grid_;
  const std::uint64_t most_cells_;
  Trainer trainer_;
  std::vector<Refinement> searches_;
  std::uint64_t cells_ = 0;
  std::uint64_t diverged_ = 0;
};

ExitCode refine(const RefineArguments& given, Console& console) {
  RefineArguments options = given;
  const Sweep sweep = load_sweep(options, console.err);
  check_measured(sweep, options.y);
  check_utf8_path("--plan", options.plan_path);
  RefineRun run(options, sweep, console);
  switch (run.search()) {
    case Ending::planned:
      return ExitCode::done;
    case Ending::interrupted:
      return run.stop_early();
    case Ending::through:
      break;
  }
  return run.conclude();
}

}  // namespace

void add_refine(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RefineArguments>();
  CLI::App* command = app.add_subcommand(
      "refine", "Train a coarse sweep, then add cells where its transition lies until that is known well");
  add_trainer_options(*command, *options);
  command->add_option("--x", options->x, "The axis along which y changes [task.train_samples]")
      ->type_name("KEY");
  command->add_option("--y", options->y, "What changes along it [gap_live_layer1]")->type_name("COLUMN");
  finite_number(command->add_option("--width", options->search.width,
                                    "Of the interval of log x* at last, natural logarithm [0.2: x* within "
                                    "10 % either way]"),
                1e-4, 10.0)
      ->type_name("NUMBER");
  whole_number(command->add_option("--most-cells", options->most_cells,
                                   "Cells in all, those of the sweep included [four times those of the "
                                   "sweep]"),
               1, 1'000'000'000)
      ->type_name("COUNT");
  command
      ->add_option("--plan", options->plan_path,
                   "Train nothing: write the cells that are missing next into this sweep file, for shards")
      ->type_name("FILE.toml");
  add_interval_options(command, options->search.interval);
  command->footer(
      "The sweep needs x as an axis of five positive values or more and two seeds or more; each point of "
      "its\n"
      "other axes is refined by itself. A round adds a quarter of the cells that are there, all seeds of an "
      "x\n"
      "at once: where, by the fitted sigmoid, they lower the variance of log x* most, between two x or, "
      "with\n"
      "new seeds, at one of them. Where y jumps between two x, the x in the middle is next.\n"
      "Interrupted or not, the same command goes on; a smaller --width or more --most-cells build on what "
      "is\n"
      "there. With --plan shards may train it, a round after the other, until no file is written any more.\n"
      "The result is kept in the store's table `fits`. Exit code 1: not as narrow as was asked for.\n"
      "Example:\n"
      "  modsweep refine sweeps/fig06.toml --set 'task.train_samples={logspace=[10,10000],count=7}'");
  on_chosen(command, chosen, options, refine);
}

}  // namespace modsweep::cli
