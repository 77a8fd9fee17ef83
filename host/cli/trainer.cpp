#include "cli/trainer.h"

#include "cli/number_options.h"
#include "core/clock.h"
#include "core/formats.h"
#include "modsweep/version.h"
#include "run/runner.h"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {

double TrainerOptions::end_by() const {
  if (time_limit <= 0.0) return std::numeric_limits<double>::infinity();
  return started + time_limit - std::min(5.0, 0.1 * time_limit);
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
  // Right after the arguments are read: signals are noticed, and time counts, while tables are read, too.
  command.parse_complete_callback([&options] {
    options.interrupt = std::make_shared<InterruptGuard>();
    options.started = steady_seconds();
  });
}

Trainer::Trainer(const TrainerOptions& options, Console& console) : options_(options), console_(console) {
  console_.out.outlive_failure();
  if (path_exists(options_.store())) open_store();
}

const ShardCells* Trainer::shard(const Sweep& sweep) {
  if (options_.shard && !shard_) shard_ = shard_cells(options_, sweep);
  return shard_ ? &*shard_ : nullptr;
}

bool Trainer::finished(const Sweep& sweep) const {
  return store_ && store_->finished(sweep, options_.shard.value_or(Shard{}));
}

void Trainer::open_store() {
  store_.emplace(options_.store(), Store::Access::read_write);
  for (const std::string& note : store_->notes()) fmt::print(console_.err, "note: {}\n", note);
}

Store& Trainer::store() {
  if (!store_) throw LogicError(fmt::format("Trainer: no store {} yet", options_.store()));
  return *store_;
}

Progress::Style Trainer::progress_style() const {
  if (options_.quiet) return Progress::Style::quiet;
  return console_.err_is_terminal ? Progress::Style::redraw : Progress::Style::lines;
}

bool Trainer::interrupted() const {
  return options_.interrupt->requested() || steady_seconds() >= options_.end_by();
}

bool Trainer::train(const Sweep& sweep) {
  if (interrupted()) return false;  // while the sweep and its tables were read
  const std::size_t threads = options_.thread_count();
  const std::unordered_set<std::uint64_t> finished =
      store_ ? store_->finished_cells() : std::unordered_set<std::uint64_t>{};
  const ShardCells* mine = shard(sweep);
  if (!choice_)
    choice_ = choose_engine(options_.engine, options_.threads,
                            {sweep, finished, datasets_, options_.max_pack, options_.thread_count(), mine});
  const std::vector<Worker> workers = choice_->workers();
  const PlanSummary plan = summarize(sweep, finished, workers, options_.max_pack, threads, mine);
  if (interrupted()) return false;
  // Every cell is known to be trainable: now something may be written.
  if (!store_) open_store();
  store_->add_sweep(sweep, options_.shard.value_or(Shard{}));

  store_->begin_run({.version = program_version(),
                     .revision = program_revision(),
                     .command = console_.command_line,
                     .engine = std::string(choice_->name()),
                     .device = choice_->text(),
                     .shard = options_.shard.value_or(Shard{})});
  if (!options_.quiet)
    fmt::print(console_.err, "{}, {} to train on engine {} ({}), {}\n", cells_of(options_, sweep, plan.cells),
               format_count(static_cast<double>(plan.left())), choice_->name(), choice_->text(),
               format_unit(plan.flop(), "FLOP"));
  const RunOptions run_options{.threads = threads,
                               .max_pack = options_.max_pack,
                               .checkpoint_seconds = options_.checkpoint_seconds,
                               .end_by = options_.end_by()};
  Progress progress(console_.err, progress_style());
  const RunResult result = run_sweep({.sweep = sweep,
                                      .finished = finished,
                                      .plan = plan,
                                      .store = *store_,
                                      .workers = workers,
                                      .datasets = datasets_,
                                      .progress = progress,
                                      .stop = [this] { return interrupted(); },
                                      .shard = mine,
                                      .saved = [this](double until) { options_.interrupt->saved(until); }},
                                     run_options);
  store_->end_run(result.interrupted ? "interrupted" : "done");
  return !result.interrupted;
}

ExitCode Trainer::say_interrupted() const {
  const char* what = options_.interrupt->requested() ? "interrupted" : "the time is up";
  if (store_)
    fmt::print(console_.err, "{}; the state is saved in {}: the same command goes on from here\n", what,
               options_.store());
  else
    fmt::print(console_.err, "{} before anything was trained; the same command begins anew\n", what);
  return ExitCode::interrupted;
}

}  // namespace modsweep::cli
