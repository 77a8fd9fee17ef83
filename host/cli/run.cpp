// modsweep run: trains the remaining cells of a sweep, or of a shard of it.
#include "cli/command.h"
#include "cli/deliver.h"
#include "cli/json_output.h"
#include "cli/run_table.h"
#include "cli/trainer.h"
#include "core/formats.h"

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include <fmt/format.h>
#include <fmt/ostream.h>

namespace modsweep::cli {
namespace {

struct RunArguments : TrainerOptions {
  std::optional<std::string> deliver;  ///< the folder to deliver to
};

/// Where a store for --deliver is trained: at -o, else on a disk of this node.
std::string local_store(const RunArguments& options) {
  if (!options.store_path.empty()) return options.store_path;
  const char* folder = std::getenv("TMPDIR");
  const bool given = folder != nullptr && *folder != '\0';
  return (std::filesystem::path(given ? folder : "/tmp") / options.default_name()).string();
}

/// Reports the result to the user and returns the matching exit code. `path`: the store's path as the user
/// knows it.
ExitCode conclude(const TrainerOptions& options, const Sweep& sweep, const ShardCells* shard,
                  const Store& store, const std::string& path, Console& console) {
  if (options.format == "json")
    write_json(training_json(options, sweep, &store, path, false), console.out);
  else if (!options.quiet)
    print_results(sweep, store, path, shard, console.out);
  if (!store.any_diverged()) return ExitCode::done;
  for (const auto& status : store.status().sweeps) {
    if (status.diverged == 0 || status.id != sweep.id()) continue;
    const std::string diverged = format_count(static_cast<double>(status.diverged));
    fmt::print(console.err, "{} diverged; see modsweep export {} --table cells\n",
               shard == nullptr ? fmt::format("{} of {}", diverged, cells_text(status.cells))
                                : cells_text(status.diverged),
               path);
    return ExitCode::cells_failed;
  }
  return ExitCode::done;
}

/// False: interrupted.
bool train(const TrainerOptions& options, const Sweep& sweep, const std::string& path, Trainer& trainer,
           Console& console) {
  if (!trainer.session().finished(sweep)) return trainer.train(sweep);
  if (options.quiet) return true;
  const ShardCells* shard = trainer.session().shard(sweep);
  fmt::print(console.err, "{}{}: all {} are done; see modsweep export {}\n", sweep.name,
             shard == nullptr ? "" : fmt::format(", shard {}", shard->shard().text()),
             cells_text(shard == nullptr ? sweep.size() : shard->size()), path);
  return true;
}

/// The end of a run that was interrupted. `store`: nullptr where there is none yet.
ExitCode stop_early(const TrainerOptions& options, const Sweep& sweep, const Store* store,
                    const std::string& path, const Trainer& trainer, Console& console) {
  if (options.format == "json") write_json(training_json(options, sweep, store, path, true), console.out);
  return trainer.say_interrupted();
}

ExitCode run_here(const TrainerOptions& options, const Sweep& sweep, Console& console) {
  Trainer trainer(options, console);
  const bool through = train(options, sweep, options.store(), trainer, console);
  trainer.finish_report();
  if (!through) {
    const Store* store = trainer.session().has_store() ? &trainer.session().store() : nullptr;
    return stop_early(options, sweep, store, options.store(), trainer, console);
  }
  return conclude(options, sweep, trainer.session().shard(sweep), trainer.session().store(), options.store(),
                  console);
}

ExitCode run_and_deliver(const TrainerOptions& options, const Sweep& sweep, const std::string& folder,
                         Console& console) {
  Delivery delivery(options.store(), folder, console.err, options.quiet);
  delivery.begin();
  Trainer trainer(options, console);  // until the end: signals must not end the process during delivery
  bool through = false;
  try {
    through = train(options, sweep, delivery.target(), trainer, console);
  } catch (...) {
    trainer.session().close_store();
    delivery.rescue();
    throw;
  }
  trainer.finish_report();
  trainer.session().close_store();
  delivery.hand_over();
  if (!through && !path_exists(delivery.target()))
    return stop_early(options, sweep, nullptr, delivery.target(), trainer, console);
  const Store store(delivery.target(), Store::Access::read_only);
  if (!through) return stop_early(options, sweep, &store, delivery.target(), trainer, console);
  return conclude(options, sweep, trainer.session().shard(sweep), store, delivery.target(), console);
}

ExitCode run(const RunArguments& given, Console& console) {
  RunArguments options = given;
  if (options.deliver) check_utf8_path("--deliver", *options.deliver);
  const Sweep sweep = load_sweep(options, console.err);
  if (!options.deliver) return run_here(options, sweep, console);
  options.store_path = local_store(options);
  check_utf8_path("-o", options.store_path);
  return run_and_deliver(options, sweep, *options.deliver, console);
}

}  // namespace

void add_run(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<RunArguments>();
  CLI::App* command =
      app.add_subcommand("run", "Train every cell of a sweep that is not finished; resumes by itself");
  add_trainer_options(*command, *options);
  add_shard_option(*command, *options);
  command
      ->add_option(
          "--deliver", options->deliver,
          "Train on a disk of this node, at -o or in $TMPDIR, and hand the store over to this folder")
      ->type_name("FOLDER");
  command
      ->add_option("--report", options->report_path,
                   "Write a page for a browser, every half minute and at the end; an open one follows")
      ->type_name("FILE.html");
  command->footer(
      "Examples:\n"
      "  modsweep run sweeps/quickstart.toml\n"
      "  modsweep run sweeps/quickstart.toml --report quickstart.html\n"
      "  modsweep run sweeps/fig02.toml -o strength.db --set training.steps=5000 --threads 8\n"
      "  modsweep run sweeps/fig02.toml --shard 2/8\n"
      "  modsweep run - < sweeps/quickstart.toml\n"
      "Ctrl-C and the signals of schedulers save the state; the same command goes on. A second Ctrl-C ends "
      "at\n"
      "once and saves nothing. In a job of two hours --time-limit 1:55:00 ends in time by itself.\n"
      "A shard has a store of its own, fig02.shard-2-of-8.db, and may be trained anywhere; modsweep merge "
      "puts\n"
      "all of them together.");
  on_chosen(command, chosen, options, run);
}

}  // namespace modsweep::cli
