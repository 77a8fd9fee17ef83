#include "cli/trainer.h"

#include "cli/json_output.h"
#include "cli/number_options.h"
#include "core/clock.h"
#include "core/formats.h"
#include "run/progress.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {

double TrainerOptions::end_by() const {
  if (time_limit <= 0.0) return std::numeric_limits<double>::infinity();
  return started + time_limit - std::min(5.0, 0.1 * time_limit);
}

nlohmann::ordered_json training_json(const TrainerOptions& options, const Sweep& sweep, const Store* store,
                                     const std::string& path, bool interrupted) {
  StoreStatus::SweepStatus counts{.id = sweep.id(), .name = sweep.name, .cells = sweep.size()};
  if (store != nullptr)
    for (const auto& stored : store->status().sweeps)
      if (stored.id == sweep.id()) counts = stored;
  nlohmann::ordered_json document = {
      {"outcome", interrupted ? "interrupted" : "done"},
      {"store", path},
      {"shard", options.shard ? json_of(*options.shard) : nlohmann::ordered_json()}};
  document.update(json_of(counts));
  return document;
}

std::string cells_text(std::uint64_t count) {
  return format_plural(static_cast<double>(count), "cell");
}

std::string cells_of(const SweepOptions& options, const Sweep& sweep, std::uint64_t cells) {
  if (!options.shard) return fmt::format("{}: {}", sweep.name, cells_text(cells));
  return fmt::format("{}, shard {}: {} of {}", sweep.name, options.shard->text(),
                     format_count(static_cast<double>(cells)), cells_text(sweep.size()));
}

void add_trainer_options(CLI::App& command, TrainerOptions& options) {
  add_sweep_options(command, options);
  add_format_option(command, options.format);
  command.add_flag("--quiet", options.quiet,
                   "No progress and no table; errors and diverged cells are still told");
  finite_number(command.add_option("--checkpoint-seconds", options.checkpoint_seconds,
                                   "Save the state at least this often [60]"),
                0.01, 60.0)
      ->type_name("S");
  time_span(command.add_option("--time-limit", options.time_limit,
                               "End in time with the state saved: 90s, 30m, 12h, or as Slurm writes it: "
                               "minutes, H:M:S, D-H:M:S [none]"))
      ->type_name("TIME");
  // Right after the arguments are read, so that signals and time already count while tables are read.
  command.parse_complete_callback([&options] {
    options.interrupt = std::make_shared<InterruptGuard>();
    options.started = steady_seconds();
  });
}

namespace {

SessionOptions session_options(const TrainerOptions& options, const Console& console) {
  return {.engine = options.engine,
          .threads = options.threads,
          .max_pack = options.max_pack,
          .checkpoint_seconds = options.checkpoint_seconds,
          .end_by = options.end_by(),
          .shard = options.shard,
          .datasets = options.datasets,
          .command = console.command_line};
}

std::string report_failure(const std::string& what) {
  return fmt::format("--report: the page was not written: {}; the training goes on", what);
}

/// Shows the progress of training on the terminal, and ends training if the user asked for it.
class TerminalWatcher : public SessionWatcher {
 public:
  /// `report`: nullptr where no page is written.
  TerminalWatcher(const TrainerOptions& options, const Sweep& sweep, Console& console, LiveReport* report)
      : options_(options), sweep_(sweep), console_(console), report_(report) {}

  void begin(const SessionPlan& plan) override {
    if (!options_.quiet)
      fmt::print(console_.err, "{}, {} to train on engine {} ({}), {}\n",
                 cells_of(options_, sweep_, plan.cells), format_count(static_cast<double>(plan.left)),
                 plan.engine, plan.device, format_unit(plan.flop, "FLOP"));
    const auto shown = console_.err_is_terminal ? Progress::Style::redraw : Progress::Style::lines;
    progress_.emplace(console_.err, options_.quiet ? Progress::Style::quiet : shown);
    if (report_ != nullptr) report_->begin();
  }
  void update(const ProgressState& state) override {
    progress_->update(state);
    if (report_ == nullptr) return;
    if (const auto failure = report_->take_failure()) note(report_failure(*failure));
  }
  void finish(const ProgressState& state) override { progress_->finish(state); }
  void note(const std::string& text) override {
    if (progress_)
      progress_->note(text);
    else
      fmt::print(console_.err, "note: {}\n", text);
  }
  bool stop() override { return options_.interrupt->requested(); }
  void saved(double until) override { options_.interrupt->saved(until); }

 private:
  const TrainerOptions& options_;
  const Sweep& sweep_;
  Console& console_;
  LiveReport* report_;
  std::optional<Progress> progress_;
};

}  // namespace

Trainer::Trainer(const TrainerOptions& options, Console& console)
    : options_(options), console_(console), session_(options.store(), session_options(options, console)) {
  console_.out.outlive_failure();
  if (!options.report_path.empty())
    report_.emplace(options.report_path, options.store(),
                    std::vector<std::string>{options.store(), options.sweep_path});
  if (!session_.has_store()) return;
  for (const std::string& note : session_.store().notes()) fmt::print(console_.err, "note: {}\n", note);
}

bool Trainer::interrupted() const {
  return options_.interrupt->requested() || steady_seconds() >= options_.end_by();
}

bool Trainer::train(const Sweep& sweep) {
  TerminalWatcher watcher(options_, sweep, console_, report_ ? &*report_ : nullptr);
  try {
    return session_.train(sweep, watcher);
  } catch (...) {
    finish_report();  // so that an open page does not wait for a training that has ended
    throw;
  }
}

void Trainer::finish_report() {
  if (!report_) return;
  const std::string failure =
      report_->finish(interrupted() ? std::chrono::milliseconds(3000) : std::chrono::minutes(10));
  if (!failure.empty()) fmt::print(console_.err, "note: --report: the page was not written: {}\n", failure);
  report_.reset();
}

ExitCode Trainer::say_interrupted() const {
  const char* what = options_.interrupt->requested() ? "interrupted" : "the time is up";
  if (session_.has_store())
    fmt::print(console_.err, "{}; the state is saved in {}: the same command goes on from here\n", what,
               options_.store());
  else
    fmt::print(console_.err, "{} before anything was trained; the same command begins anew\n", what);
  return ExitCode::interrupted;
}

}  // namespace modsweep::cli
