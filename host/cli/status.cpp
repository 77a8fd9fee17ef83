// modsweep status: the progress of the sweeps in stores.
#include "cli/command.h"
#include "cli/json_output.h"
#include "cli/run_table.h"
#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/merge.h"
#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

using nlohmann::ordered_json;
using Rows = std::vector<std::vector<std::string>>;

struct StatusArguments {
  std::vector<std::string> store_paths;
  std::string format = "table";
};

std::vector<std::string> row_of(const std::string& name, const std::string& id,
                                std::initializer_list<std::uint64_t> counts) {
  std::vector<std::string> row = {name, id};
  for (const std::uint64_t count : counts) row.push_back(format_count(static_cast<double>(count)));
  return row;
}

void add_rows(Rows& rows, const StoreStatus& status) {
  for (const auto& sweep : status.sweeps)
    rows.push_back(
        row_of(sweep.name, sweep.id, {sweep.cells, sweep.done, sweep.running, sweep.diverged, sweep.left()}));
}

/// Everything to report about one store except its counts.
void print_rest(const StoreStatus& status, std::ostream& out) {
  if (status.checkpoints > 0)
    fmt::print(out, "{} cells have a checkpoint: `modsweep run` goes on from there\n", status.checkpoints);
  if (status.programs.size() > 1)
    fmt::print(out, "results of {} programs are in it: {}\n", status.programs.size(),
               one_line(fmt::format("{}", fmt::join(status.programs, ", ")), std::string::npos));
  if (status.sweeps.empty())
    fmt::print(out, "no sweep is in it; was it copied without the -wal file of an earlier modsweep?\n");
  if (status.writer) fmt::print(out, "held for writing by {}\n", *status.writer);
}

/// The shards of a sweep that several stores have.
struct Shards {
  std::string sweep;
  std::uint32_t count = 0;
  std::set<std::uint32_t> present;
  std::set<std::uint32_t> finished;

  [[nodiscard]] std::vector<std::uint32_t> missing() const {
    return those([&](std::uint32_t i) { return !present.contains(i); });
  }
  [[nodiscard]] std::vector<std::uint32_t> unfinished() const {
    return those([&](std::uint32_t i) { return present.contains(i) && !finished.contains(i); });
  }

 private:
  template <typename Wanted>
  [[nodiscard]] std::vector<std::uint32_t> those(Wanted wanted) const {
    std::vector<std::uint32_t> indices;
    for (std::uint32_t i = 1; i <= count; ++i)
      if (wanted(i)) indices.push_back(i);
    return indices;
  }
};

class Shared {
 public:
  void add(const StoreStatus& status) {
    for (const auto& sweep : status.sweeps) names_[sweep.id] = sweep.name;
    for (const auto& shard : status.shards) {
      Shards& shards = shards_[{shard.sweep_id, shard.shard.count}];
      shards.sweep = names_[shard.sweep_id];
      shards.count = shard.shard.count;
      shards.present.insert(shard.shard.index);
      if (shard.finished) shards.finished.insert(shard.shard.index);
    }
  }

  /// Prints which shards are missing, and which are not finished.
  void print(std::ostream& out) const {
    for (const auto& [key, shards] : shards_) {
      const std::vector<std::uint32_t> missing = shards.missing();
      const std::vector<std::uint32_t> unfinished = shards.unfinished();
      fmt::print(out, "{}: {} of {} shards are here", one_line(shards.sweep, std::string::npos),
                 shards.present.size(), shards.count);
      if (!missing.empty()) fmt::print(out, ", missing: {}", fmt::join(missing, ", "));
      if (!unfinished.empty()) fmt::print(out, ", not finished: {}", fmt::join(unfinished, ", "));
      fmt::print(out, "\n");
    }
  }

  [[nodiscard]] ordered_json json() const {
    auto list = ordered_json::array();
    for (const auto& [key, shards] : shards_)
      list.push_back({{"sweep", shards.sweep},
                      {"sweep_id", key.first},
                      {"count", shards.count},
                      {"present", shards.present},
                      {"missing", shards.missing()},
                      {"unfinished", shards.unfinished()}});
    return list;
  }

 private:
  std::map<std::string, std::string> names_;
  std::map<std::pair<std::string, std::uint32_t>, Shards> shards_;
};

/// The counts of all stores together: a cell that several stores have counts once, and as finished if any
/// store has finished it.
class Sum {
 public:
  void add(const Store& store) {
    for (const auto& sweep : store.status().sweeps) {
      auto& total = sweeps_[sweep.id];
      total.id = sweep.id;
      total.name = sweep.name;
      total.cells = sweep.cells;
    }
    store.read_heads([this](const Store::CellState& cell) {
      State& state =
          cells_.try_emplace(cell.id, State{std::string(cell.sweep_id), CellStatus::running}).first->second;
      if (cell.status != CellStatus::running) state.status = cell.status;
    });
  }

  [[nodiscard]] StoreStatus status() const {
    auto totals = sweeps_;
    for (const auto& [id, state] : cells_) {
      auto& total = totals.at(state.sweep);
      if (state.status == CellStatus::done)
        ++total.done;
      else if (state.status == CellStatus::diverged)
        ++total.diverged;
      else
        ++total.running;
    }
    StoreStatus status;
    for (const auto& [id, total] : totals) status.sweeps.push_back(total);
    return status;
  }

 private:
  struct State {
    std::string sweep;
    CellStatus status;
  };
  std::map<std::string, StoreStatus::SweepStatus> sweeps_;
  std::unordered_map<std::uint64_t, State> cells_;
};

/// The stores one by one, together, and their shards, as text.
void print_status(const std::vector<std::string>& files, std::ostream& out) {
  const std::vector<std::string> header = {"sweep", "id", "cells", "done", "running", "diverged", "left"};
  Shared shared;
  Sum sum;
  for (const std::string& file : files) {
    const Store store(file, Store::Access::read_only);
    const StoreStatus status = store.status();
    Rows rows = {header};
    add_rows(rows, status);
    if (files.size() > 1) fmt::print(out, "{}\n", file);
    print_table(out, rows, 2);
    print_rest(status, out);
    if (files.size() > 1) {
      fmt::print(out, "\n");
      sum.add(store);
    }
    shared.add(status);
  }
  if (files.size() > 1) {
    fmt::print(out, "together\n");
    Rows rows = {header};
    add_rows(rows, sum.status());
    print_table(out, rows, 2);
  }
  shared.print(out);
}

ordered_json sweeps_json(const StoreStatus& status) {
  auto list = ordered_json::array();
  for (const auto& sweep : status.sweeps) list.push_back(json_of(sweep));
  return list;
}

ordered_json status_json(const std::vector<std::string>& files) {
  Shared shared;
  Sum sum;
  auto stores = ordered_json::array();
  for (const std::string& file : files) {
    const Store store(file, Store::Access::read_only);
    const StoreStatus status = store.status();
    stores.push_back({{"store", file},
                      {"sweeps", sweeps_json(status)},
                      {"checkpoints", status.checkpoints},
                      {"programs", status.programs},
                      {"writer", status.writer ? ordered_json(*status.writer) : ordered_json()}});
    sum.add(store);
    shared.add(status);
  }
  return {{"stores", std::move(stores)}, {"together", sweeps_json(sum.status())}, {"shards", shared.json()}};
}

ExitCode status(const StatusArguments& options, Console& console) {
  const std::vector<std::string> files = store_files(options.store_paths);
  if (options.format == "json")
    write_json(status_json(files), console.out);
  else
    print_status(files, console.out);
  return ExitCode::done;
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<StatusArguments>();
  CLI::App* command =
      app.add_subcommand("status", "Count the cells of stores: done, running, diverged, left");
  command->add_option("stores", options->store_paths, "Stores, or folders of stores")
      ->required()
      ->type_name("FILE.db");
  add_format_option(*command, options->format);
  command->footer(
      "Several stores are told one by one, then together, with the shards that are missing.\n"
      "Examples:\n"
      "  modsweep status quickstart.db\n"
      "  modsweep status sweep.shard-*-of-8.db\n"
      "  modsweep status quickstart.db --format json\n"
      "\"left\" includes \"running\"; works while a run goes on.");
  on_chosen(command, chosen, options, status);
}

}  // namespace modsweep::cli
