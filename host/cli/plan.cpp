// modsweep plan: the cost of a sweep; trains nothing and writes nothing.
#include "cli/command.h"
#include "cli/json_output.h"
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

#include "modsweep/names.h"
#include "modsweep/task.h"

namespace modsweep::cli {
namespace {

using nlohmann::ordered_json;

struct PlanArguments : SweepOptions {
  std::string format = "table";
};

/// What the cells that are left will take, in seconds; as timed just now.
struct PlannedTime {
  Calibration speed;
  double training = 0.0;
  double measuring = 0.0;
  double keeping = 0.0;  ///< making the networks, and writing their results

  [[nodiscard]] double all() const { return training + measuring + keeping; }
};

/// A planned sweep.
struct Planned {
  const PlanArguments& options;
  const Sweep& sweep;
  const EngineChoice& choice;
  const PlanSummary& plan;
  std::vector<std::string> notes;  ///< about cells that are not trained from their first step on
};

PlannedTime time_of(const Planned& planned, DatasetCache& datasets) {
  const auto& [options, sweep, choice, plan, notes] = planned;
  Engine& engine = *choice.engines.front();
  PlannedTime time{
      calibrate(sweep, plan, engine, datasets, options.thread_count(), 0.5).on(choice.engines.size(), plan)};
  time.training = plan.seconds(time.speed.flop_per_second);
  time.measuring = time.speed.seconds_to_measure(plan);
  time.keeping = static_cast<double>(plan.left()) *
                 seconds_to_keep_a_cell(sweep, plan, engine, datasets, options.thread_count());
  return time;
}

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

void print_head(const Planned& planned, std::ostream& out) {
  const auto& [options, sweep, choice, plan, notes] = planned;
  fmt::print(out, "sweep         {} ({})\n", sweep.name, sweep.id());
  fmt::print(out, "engine        {} ({})\n", choice.name(), choice.text());
  for (const auto& engine : choice.engines) fmt::print(out, "device        {}\n", device_text(*engine));
  if (const std::string limits = machine_limits().text(); !limits.empty())
    fmt::print(out, "limited to    {}\n", limits);
  if (options.shard)
    fmt::print(out, "shard         {} of {} cells\n", options.shard->text(),
               format_count(static_cast<double>(sweep.size())));
  fmt::print(out, "cells         {}\n", format_count(static_cast<double>(plan.cells)));
  fmt::print(out, "finished      {} (in {})\n", format_count(static_cast<double>(plan.finished)),
             options.store());
  fmt::print(out, "left          {} in {}\n", format_count(static_cast<double>(plan.to_train())),
             format_plural(static_cast<double>(plan.packs()), "pack"));
  for (const std::string& note : notes) fmt::print(out, "note          {}\n", note);
}

void print_cost(const PlanSummary& plan, const PlannedTime& time, std::ostream& out) {
  if (plan.patient > 0)
    fmt::print(out, "early stop    possible for {} (training.patience): what follows is the most\n",
               format_plural(static_cast<double>(plan.patient), "cell"));
  fmt::print(out, "steps         {} network-steps\n", format_count(plan.steps()));
  if (plan.growing > 0)
    fmt::print(out, "growth        {} may solve a task in each epoch: operations and time are the most\n",
               format_plural(static_cast<double>(plan.growing), "cell"));
  fmt::print(out, "operations    {} ({})\n", format_unit(plan.flop(), "FLOP"),
             plan.growing > 0 ? "one of the backward pass, which takes longer, counts as three"
                              : "6 a weight and sample; noise and regularizers not counted");
  fmt::print(out, "memory        {} for the largest pack, datasets aside\n",
             format_unit(plan.memory_bytes(), "B"));
  fmt::print(out, "store         about {} for {} measurements\n", format_unit(plan.store_bytes, "B"),
             format_count(plan.measurements));
  if (plan.state_bytes > 0.0)
    fmt::print(out, "states        {} of these for final states (measure.state)\n",
               format_unit(plan.state_bytes, "B"));
  fmt::print(
      out,
      "time          about {}: training {} at {}, measuring {}, making and keeping {}, as timed just now\n",
      format_duration(time.all()), format_duration(time.training),
      format_unit(time.speed.flop_per_second, "FLOP/s"), format_duration(time.measuring),
      format_duration(time.keeping));
}

ordered_json shapes_json(const PlanSummary& plan) {
  auto list = ordered_json::array();
  for (const ShapePlan& shape : plan.shapes)
    list.push_back({{"shape", shape.key.shape.text()},
                    {"batch", shape.key.batch_size},
                    {"precision", name_of(shape.key.precision)},
                    {"cells", shape.cells},
                    {"packs", shape.packs()},
                    {"cells_of_pack", std::min<std::uint64_t>(shape.pack_size, shape.cells)},
                    {"parameters", shape.parameters},
                    {"memory_bytes", shape.pack_bytes()},
                    {"steps", shape.steps},
                    {"flop", shape.flop}});
  return list;
}

/// `time`: nullptr where no cell is left.
ordered_json plan_json(const Planned& planned, const PlannedTime* time) {
  const auto& [options, sweep, choice, plan, notes] = planned;
  auto devices = ordered_json::array();
  for (const auto& engine : choice.engines)
    devices.push_back({{"device", engine->device()}, {"memory_bytes", engine->memory()}});
  std::vector<std::string> all_notes = sweep.notes;
  all_notes.insert(all_notes.end(), notes.begin(), notes.end());
  ordered_json document = {{"sweep", sweep.name},
                           {"sweep_id", sweep.id()},
                           {"store", options.store()},
                           {"shard", options.shard ? json_of(*options.shard) : ordered_json()},
                           {"engine", choice.name()},
                           {"devices", std::move(devices)},
                           {"machine", json_of(machine_limits())},
                           {"notes", std::move(all_notes)},
                           {"cells", plan.cells},
                           {"finished", plan.finished},
                           {"left", plan.left()},
                           {"repeated", plan.repeated},
                           {"may_stop_early", plan.patient},
                           {"growing", plan.growing},
                           {"packs", plan.packs()},
                           {"shapes", shapes_json(plan)},
                           {"steps", plan.steps()},
                           {"flop", plan.flop()},
                           {"memory_bytes", plan.memory_bytes()},
                           {"measurements", plan.measurements},
                           {"store_bytes", plan.store_bytes},
                           {"state_bytes", plan.state_bytes}};
  document["seconds"] = time == nullptr ? 0.0 : time->all();
  document["seconds_training"] = time == nullptr ? 0.0 : time->training;
  document["seconds_measuring"] = time == nullptr ? 0.0 : time->measuring;
  document["seconds_keeping"] = time == nullptr ? 0.0 : time->keeping;
  return document;
}

ExitCode plan(const PlanArguments& given, Console& console) {
  PlanArguments options = given;
  const Sweep sweep = load_sweep(options, console.err);
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
  if (!choice.warning.empty()) fmt::print(console.err, "note: {}\n", choice.warning);
  const Repeats repeats(sweep, finished, options.thread_count(), shard);
  const Starts starts =
      store ? find_starts(sweep, stored_cells(*store, finished), repeats, options.thread_count(), shard)
            : Starts{};
  store.reset();
  const PlanSummary plan =
      summarize(sweep, finished, choice.workers(), options.max_pack, options.thread_count(), shard, &repeats);

  const Planned planned{options, sweep, choice, plan, notes_of(repeats, starts, plan.cells)};
  if (options.format == "json") {
    if (plan.to_train() == 0) {
      write_json(plan_json(planned, nullptr), console.out);
    } else {
      const PlannedTime time = time_of(planned, datasets);
      write_json(plan_json(planned, &time), console.out);
    }
    return ExitCode::done;
  }
  print_head(planned, console.out);
  if (plan.to_train() == 0) return ExitCode::done;
  print_shapes(plan, console.out);
  print_cost(plan, time_of(planned, datasets), console.out);
  return ExitCode::done;
}

}  // namespace

void add_plan(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<PlanArguments>();
  CLI::App* command = app.add_subcommand(
      "plan", "Tell what a sweep will take: cells, packs, memory, operations, time; runs nothing");
  add_sweep_options(*command, *options);
  add_shard_option(*command, *options);
  add_format_option(*command, options->format);
  command->footer(
      "Examples:\n"
      "  modsweep plan sweeps/fig02.toml --set training.steps=5000\n"
      "  modsweep plan - < sweeps/fig02.toml");
  on_chosen(command, chosen, options, plan);
}

}  // namespace modsweep::cli
