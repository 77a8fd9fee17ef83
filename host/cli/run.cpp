// modsweep run: trains what is left of a sweep.
#include "cli/command.h"
#include "cli/engines.h"
#include "cli/interrupt.h"
#include "cli/report.h"
#include "cli/sweep_options.h"
#include "plan/runner.h"

#include <optional>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/task.h"

namespace modsweep::cli {
namespace {

struct Options : SweepOptions {
  bool quiet = false;
  double checkpoint_seconds = 60.0;
};

std::string cells_text(std::uint64_t count) {
  return format_plural(static_cast<double>(count), "cell");
}

Progress::Style progress_style(const Options& options, const Console& console) {
  if (options.quiet) return Progress::Style::quiet;
  return console.err_is_terminal ? Progress::Style::redraw : Progress::Style::lines;
}

/// What the user is told at the end, and the exit code that says the same.
ExitCode conclude(const Options& options, const Sweep& sweep, const Store& store, Console& console) {
  if (!options.quiet) print_results(sweep, store, options.store(), console.out);
  for (const auto& status : store.status().sweeps) {
    if (status.id != sweep.id() || status.diverged == 0) continue;
    fmt::print(console.err, "{} of {} diverged; see modsweep export {} --table cells\n",
               format_count(static_cast<double>(status.diverged)), cells_text(status.cells), options.store());
    return ExitCode::cells_failed;
  }
  return ExitCode::done;
}

ExitCode train(const Options& options, const Sweep& sweep, std::optional<Store> store, Console& console) {
  const std::size_t threads = options.thread_count();
  const EngineChoice choice = choose_engine(options.engine, options.threads);
  const std::unordered_set<std::uint64_t> finished =
      store ? store->finished_cells() : std::unordered_set<std::uint64_t>{};
  const std::vector<Lane> lanes = choice.lanes();
  const PlanSummary plan = summarize(sweep, finished, lanes, options.max_pack, threads);
  // Every cell is known to be trainable: now something may be written.
  if (!store) store.emplace(options.store(), Store::Access::read_write);
  store->add_sweep(sweep);

  const InterruptGuard interrupt;  // once the user is told what is trained, an interrupt saves the state
  if (!options.quiet)
    fmt::print(console.err, "{}: {}, {} to train on engine {} ({}), {}\n", sweep.name, cells_text(plan.cells),
               format_count(static_cast<double>(plan.left())), choice.name(), choice.text(),
               format_unit(plan.flop(), "FLOP"));
  const RunOptions run_options{
      .threads = threads, .max_pack = options.max_pack, .checkpoint_seconds = options.checkpoint_seconds};
  DatasetCache datasets;
  Progress progress(console.err, progress_style(options, console));
  const RunResult result = run_sweep({.sweep = sweep,
                                      .finished = finished,
                                      .plan = plan,
                                      .store = *store,
                                      .lanes = lanes,
                                      .datasets = datasets,
                                      .progress = progress,
                                      .stop = [&] { return interrupt.requested(); }},
                                     run_options);
  if (result.interrupted) {
    fmt::print(console.err, "interrupted; the state is saved in {}: the same command goes on from here\n",
               options.store());
    return ExitCode::interrupted;
  }
  return conclude(options, sweep, *store, console);
}

ExitCode run(const Options& options, Console& console) {
  const Sweep sweep = load_sweep(options);
  std::optional<Store> store;
  if (path_exists(options.store())) {
    store.emplace(options.store(), Store::Access::read_write);
    if (store->finished(sweep.id())) {
      if (!options.quiet)
        fmt::print(console.err, "{}: all {} are done; see modsweep export {}\n", sweep.name,
                   cells_text(sweep.size()), options.store());
      return conclude(options, sweep, *store, console);
    }
  }
  return train(options, sweep, std::move(store), console);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("run", "Train every cell of a sweep that is not finished; resumes by itself");
  add_sweep_options(*command, *options);
  command->add_flag("--quiet", options->quiet,
                    "No progress and no table; errors and diverged cells are still told");
  command
      ->add_option("--checkpoint-seconds", options->checkpoint_seconds,
                   "Save the state at least this often [60]")
      ->check(CLI::Range(0.01, 60.0))
      ->type_name("S");
  command->footer(
      "Examples:\n"
      "  modsweep run sweeps/quickstart.toml\n"
      "  modsweep run sweeps/fig02.toml -o strength.db --set training.steps=5000 --threads 8\n"
      "Ctrl-C saves the state; the same command goes on.");
  on_chosen(command, chosen, options, run);
}

}  // namespace modsweep::cli
