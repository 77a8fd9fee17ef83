// modsweep status: how far the sweeps of a store are.
#include "cli/command.h"
#include "cli/report.h"
#include "plan/progress.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

struct StatusArguments {
  std::string store_path;
};

ExitCode status(const StatusArguments& options, Console& console) {
  const StoreStatus status = Store(options.store_path, Store::Access::read_only).status();
  std::vector<std::vector<std::string>> rows = {
      {"sweep", "id", "cells", "done", "running", "diverged", "left"}};
  for (const auto& sweep : status.sweeps) {
    std::vector<std::string> row = {sweep.name, sweep.id};
    for (const std::uint64_t count : {sweep.cells, sweep.done, sweep.running, sweep.diverged, sweep.left()})
      row.push_back(format_count(static_cast<double>(count)));
    rows.push_back(std::move(row));
  }
  print_table(console.out, rows, 2);
  if (status.checkpoints > 0)
    fmt::print(console.out, "{} cells have a checkpoint: `modsweep run` goes on from there\n",
               status.checkpoints);
  if (status.writer) fmt::print(console.out, "held for writing by {}\n", *status.writer);
  return ExitCode::done;
}

}  // namespace

void add_status(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<StatusArguments>();
  CLI::App* command =
      app.add_subcommand("status", "Count the cells of a store: done, running, diverged, left");
  command->add_option("store", options->store_path, "The store")->required()->type_name("FILE.db");
  command->footer(
      "Example:\n  modsweep status quickstart.db\n\"left\" includes \"running\"; works while a run goes on.");
  on_chosen(command, chosen, options, status);
}

}  // namespace modsweep::cli
