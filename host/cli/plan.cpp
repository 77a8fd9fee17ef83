// modsweep plan: the cost of a sweep; trains nothing and writes nothing.
#include "cli/command.h"
#include "cli/run_table.h"
#include "cli/sweep_options.h"
#include "core/formats.h"
#include "engines/calibrate.h"
#include "engines/registry.h"
#include "plan/starts.h"
#include "plan/summary.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/task.h"

namespace modsweep::cli {
namespace {

void print_shapes(const PlanSummary& plan, std::ostream& out) {
  constexpr std::size_t most = 30;
  std::vector<std::vector<std::string>> rows = {
      {"shape", "cells", "packs", "a pack", "parameters", "pack memory", "steps", "operations"}};
  for (const ShapePlan& shape : plan.shapes) {
    if (rows.size() > most) break;
    rows.push_back({shape.key.text(), format_count(static_cast<double>(shape.cells)),
                    format_count(static_cast<double>(shape.packs())),
                    format_count(static_cast<double>(std::min<std::uint64_t>(shape.pack_size, shape.cells))),
                    format_count(static_cast<double>(shape.parameters)), format_unit(shape.pack_bytes(), "B"),
                    format_short(shape.steps), format_unit(shape.flop, "FLOP")});
  }
  print_table(out, rows, 1);
  if (plan.shapes.size() > most) fmt::print(out, "and {} more shapes\n", plan.shapes.size() - most);
}

void print_left(const PlanSummary& plan, const std::vector<std::string>& notes, std::ostream& out) {
  fmt::print(out, "left          {} in {}\n", format_count(static_cast<double>(plan.to_train())),
             format_plural(static_cast<double>(plan.packs()), "pack"));
  for (const std::string& note : notes) fmt::print(out, "note          {}\n", note);
}

ExitCode plan(const SweepOptions& options, Console& console) {
  const Sweep sweep = load_sweep(options, console);
  std::optional<Store> store;
  if (path_exists(options.store())) store.emplace(options.store(), Store::Access::read_only);
  const std::unordered_set<std::uint64_t> finished =
      store ? store->finished_cells() : std::unordered_set<std::uint64_t>{};
  DatasetCache& datasets = *options.datasets;
  const std::optional<ShardCells> cells = shard_cells(options, sweep);
  const ShardCells* shard = cells ? &*cells : nullptr;
  const EngineChoice choice =
      choose_engine(options.engine, options.threads,
                    {sweep, finished, datasets, options.max_pack, options.thread_count(), shard});
  const Repeats repeats(sweep, finished, options.thread_count(), shard);
  const Starts starts =
      store ? find_starts(sweep, stored_cells(*store, finished), repeats, options.thread_count(), shard)
            : Starts{};
  store.reset();
  const PlanSummary plan =
      summarize(sweep, finished, choice.workers(), options.max_pack, options.thread_count(), shard, &repeats);

  std::ostream& out = console.out;
  fmt::print(out, "sweep         {} ({})\n", sweep.name, sweep.id());
  fmt::print(out, "engine        {} ({})\n", choice.name(), choice.text());
  for (const auto& engine : choice.engines) fmt::print(out, "device        {}\n", device_text(*engine));
  if (options.shard)
    fmt::print(out, "shard         {} of {} cells\n", options.shard->text(),
               format_count(static_cast<double>(sweep.size())));
  fmt::print(out, "cells         {}\n", format_count(static_cast<double>(plan.cells)));
  fmt::print(out, "finished      {} (in {})\n", format_count(static_cast<double>(plan.finished)),
             options.store());
  print_left(plan, notes_of(repeats, starts, plan.cells), out);
  if (plan.to_train() == 0) return ExitCode::done;
  if (plan.patient > 0)
    fmt::print(out, "early stop    possible for {} (training.patience): what follows is the most\n",
               format_plural(static_cast<double>(plan.patient), "cell"));
  print_shapes(plan, out);
  const Calibration speed =
      calibrate(sweep, plan, *choice.engines.front(), datasets, options.thread_count(), 0.5)
          .on(choice.engines.size(), plan);
  fmt::print(out, "steps         {} network-steps\n", format_count(plan.steps()));
  fmt::print(out, "operations    {} (6 a weight and sample; noise and regularizers not counted)\n",
             format_unit(plan.flop(), "FLOP"));
  fmt::print(out, "memory        {} for the largest pack, datasets aside\n",
             format_unit(plan.memory_bytes(), "B"));
  fmt::print(out, "store         about {} for {} measurements\n", format_unit(plan.store_bytes, "B"),
             format_count(plan.measurements));
  if (plan.state_bytes > 0.0)
    fmt::print(out, "states        {} of these for final states (measure.state)\n",
               format_unit(plan.state_bytes, "B"));
  const double keeping =
      static_cast<double>(plan.left()) *
      seconds_to_keep_a_cell(sweep, plan, *choice.engines.front(), datasets, options.thread_count());
  fmt::print(
      out,
      "time          about {}: training {} at {}, measuring {}, making and keeping {}, as timed just now\n",
      format_duration(speed.seconds(plan) + keeping), format_duration(plan.seconds(speed.flop_per_second)),
      format_unit(speed.flop_per_second, "FLOP/s"), format_duration(speed.seconds_to_measure(plan)),
      format_duration(keeping));
  return ExitCode::done;
}

}  // namespace

void add_plan(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<SweepOptions>();
  CLI::App* command = app.add_subcommand(
      "plan", "Tell what a sweep will take: cells, packs, memory, operations, time; runs nothing");
  add_sweep_options(*command, *options);
  add_shard_option(*command, *options);
  command->footer("Example:\n  modsweep plan sweeps/fig02.toml --set training.steps=5000");
  on_chosen(command, chosen, options, plan);
}

}  // namespace modsweep::cli
