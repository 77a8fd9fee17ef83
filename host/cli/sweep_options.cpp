#include "cli/sweep_options.h"

#include "cli/engines.h"
#include "core/parallel.h"
#include "plan/shard_environment.h"

#include <filesystem>

#include <fmt/format.h>

#include "modsweep/names.h"

namespace modsweep::cli {

std::string SweepOptions::store() const {
  return store_path.empty() ? default_name() : store_path;
}

std::string SweepOptions::default_name() const {
  const std::string name = std::filesystem::path(sweep_path).stem().string();
  if (!shard) return name + ".db";
  return fmt::format("{}.shard-{}-of-{}.db", name, shard->index, shard->count);
}

std::size_t SweepOptions::thread_count() const {
  return threads == 0 ? hardware_threads() : threads;
}

void add_sweep_options(CLI::App& command, SweepOptions& options) {
  command.add_option("sweep", options.sweep_path, "The sweep file")->required()->type_name("SWEEP.toml");
  command
      .add_option("-o,--output", options.store_path, "The store [the sweep's name with .db, in this folder]")
      ->type_name("FILE.db");
  command.add_option("--engine", options.engine, "What trains; modsweep devices lists them [auto]")
      ->check(CLI::IsMember(engine_names()))
      ->type_name("NAME");
  command
      .add_option("--precision", options.precision,
                  "fp32, fp64 or, on a GPU, tf32; the same as --set training.precision=...")
      ->check(CLI::IsMember(names_of<Precision>()))
      ->type_name("NAME");
  command.add_option("--threads", options.threads, "Threads to use [all]; results do not depend on it")
      ->check(CLI::Range(1, 4096))
      ->type_name("N");
  command
      .add_option("--set", options.overrides,
                  "Replace a setting or an axis of the sweep; may be given many times")
      ->type_name("KEY=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  // For tests: results do not depend on it.
  command.add_option("--max-pack", options.max_pack, "Networks of a pack at most")
      ->check(CLI::Range(1, 1 << 30))
      ->group("");
}

void add_shard_option(CLI::App& command, SweepOptions& options) {
  command
      .add_option_function<std::string>(
          "--shard",
          [&options](const std::string& text) {
            options.shard = text == "auto" ? shard_of_environment(process_environment) : Shard::parse(text);
          },
          "Only this part of the sweep, from 1, of so many; auto: as a job array, srun, MPI or Kubernetes "
          "says")
      ->type_name("I/N");
}

std::optional<ShardCells> shard_cells(const SweepOptions& options, const Sweep& sweep) {
  if (!options.shard) return std::nullopt;
  return ShardCells(sweep, *options.shard, options.thread_count());
}

Sweep load_sweep(const SweepOptions& options) {
  std::vector<std::string> overrides = options.overrides;
  if (!options.precision.empty())
    overrides.push_back(fmt::format("training.precision=\"{}\"", options.precision));
  return read_sweep(options.sweep_path, overrides);
}

bool path_exists(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

}  // namespace modsweep::cli
