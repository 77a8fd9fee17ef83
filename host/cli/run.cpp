// modsweep run: trains what is left of a sweep.
#include "cli/command.h"
#include "cli/report.h"
#include "cli/trainer.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {
namespace {

/// What the user is told at the end, and the exit code that says the same.
ExitCode conclude(const TrainerOptions& options, const Sweep& sweep, const Store& store, Console& console) {
  if (!options.quiet) print_results(sweep, store, options.store(), console.out);
  for (const auto& status : store.status().sweeps) {
    if (status.id != sweep.id() || status.diverged == 0) continue;
    fmt::print(console.err, "{} of {} diverged; see modsweep export {} --table cells\n",
               format_count(static_cast<double>(status.diverged)), cells_text(status.cells), options.store());
    return ExitCode::cells_failed;
  }
  return ExitCode::done;
}

ExitCode run(const TrainerOptions& options, Console& console) {
  const Sweep sweep = load_sweep(options);
  Trainer trainer(options, console);
  if (trainer.finished(sweep)) {
    if (!options.quiet)
      fmt::print(console.err, "{}: all {} are done; see modsweep export {}\n", sweep.name,
                 cells_text(sweep.size()), options.store());
  } else if (!trainer.train(sweep)) {
    return trainer.say_interrupted();
  }
  return conclude(options, sweep, trainer.store(), console);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<TrainerOptions>();
  CLI::App* command =
      app.add_subcommand("run", "Train every cell of a sweep that is not finished; resumes by itself");
  add_trainer_options(*command, *options);
  command->footer(
      "Examples:\n"
      "  modsweep run sweeps/quickstart.toml\n"
      "  modsweep run sweeps/fig02.toml -o strength.db --set training.steps=5000 --threads 8\n"
      "Ctrl-C and the signals of schedulers save the state; the same command goes on. A second Ctrl-C ends "
      "at\n"
      "once and saves nothing. In a job of two hours --time-limit 1:55:00 ends in time by itself.");
  on_chosen(command, chosen, options, run);
}

}  // namespace modsweep::cli
