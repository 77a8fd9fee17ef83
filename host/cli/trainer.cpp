#include "cli/trainer.h"

#include "cli/version.h"
#include "plan/runner.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {

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
  command
      .add_option("--checkpoint-seconds", options.checkpoint_seconds,
                  "Save the state at least this often [60]")
      ->check(CLI::Range(0.01, 60.0))
      ->type_name("S");
}

Trainer::Trainer(const TrainerOptions& options, Console& console) : options_(options), console_(console) {
  if (path_exists(options_.store())) store_.emplace(options_.store(), Store::Access::read_write);
}

const ShardCells* Trainer::shard(const Sweep& sweep) {
  if (options_.shard && !shard_) shard_ = shard_cells(options_, sweep);
  return shard_ ? &*shard_ : nullptr;
}

bool Trainer::finished(const Sweep& sweep) const {
  return store_ && store_->finished(sweep, options_.shard.value_or(Shard{}));
}

Store& Trainer::store() {
  if (!store_) throw LogicError(fmt::format("Trainer: no store {} yet", options_.store()));
  return *store_;
}

Progress::Style Trainer::progress_style() const {
  if (options_.quiet) return Progress::Style::quiet;
  return console_.err_is_terminal ? Progress::Style::redraw : Progress::Style::lines;
}

bool Trainer::train(const Sweep& sweep) {
  const std::size_t threads = options_.thread_count();
  const std::unordered_set<std::uint64_t> finished =
      store_ ? store_->finished_cells() : std::unordered_set<std::uint64_t>{};
  const ShardCells* mine = shard(sweep);
  if (!choice_) choice_ = choose_engine(options_, sweep, finished, datasets_, mine);
  const std::vector<Lane> lanes = choice_->lanes();
  const PlanSummary plan = summarize(sweep, finished, lanes, options_.max_pack, threads, mine);
  // Every cell is known to be trainable: now something may be written.
  if (!store_) store_.emplace(options_.store(), Store::Access::read_write);
  store_->add_sweep(sweep, options_.shard.value_or(Shard{}));

  if (!interrupt_)
    interrupt_.emplace();  // once the user is told what is trained, an interrupt saves the state
  for (const std::string& note : store_->notes())
    if (told_.insert(note).second) fmt::print(console_.err, "note: {}\n", note);
  store_->begin_run({.version = MODSWEEP_VERSION,
                     .revision = program_revision(),
                     .command = console_.command_line,
                     .engine = std::string(choice_->name()),
                     .device = choice_->text(),
                     .shard = options_.shard.value_or(Shard{})});
  if (!options_.quiet)
    fmt::print(console_.err, "{}, {} to train on engine {} ({}), {}\n", cells_of(options_, sweep, plan.cells),
               format_count(static_cast<double>(plan.left())), choice_->name(), choice_->text(),
               format_unit(plan.flop(), "FLOP"));
  const RunOptions run_options{
      .threads = threads, .max_pack = options_.max_pack, .checkpoint_seconds = options_.checkpoint_seconds};
  Progress progress(console_.err, progress_style());
  const RunResult result = run_sweep({.sweep = sweep,
                                      .finished = finished,
                                      .plan = plan,
                                      .store = *store_,
                                      .lanes = lanes,
                                      .datasets = datasets_,
                                      .progress = progress,
                                      .stop = [this] { return interrupted(); },
                                      .shard = mine},
                                     run_options);
  store_->end_run(result.interrupted ? "interrupted" : "done");
  return !result.interrupted;
}

ExitCode Trainer::say_interrupted() const {
  fmt::print(console_.err, "interrupted; the state is saved in {}: the same command goes on from here\n",
             options_.store());
  return ExitCode::interrupted;
}

}  // namespace modsweep::cli
