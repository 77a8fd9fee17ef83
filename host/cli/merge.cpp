// modsweep merge: several stores as one.
#include "modsweep/merge.h"

#include "cli/command.h"
#include "cli/json_output.h"
#include "core/formats.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <sys/resource.h>

namespace modsweep::cli {
namespace {

struct MergeArguments {
  std::string output_path;
  std::vector<std::string> input_paths;
  bool live = false;
  bool quiet = false;
  std::string format = "table";
};

/// Raises the limit on open files: a merge keeps all stores open, and there may be thousands.
void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

ExitCode merge(const MergeArguments& options, Console& console) {
  allow_many_files();
  const MergeResult result =
      merge_stores(options.output_path, store_files(options.input_paths), options.live);
  for (const std::string& note : result.notes) fmt::print(console.err, "note: {}\n", note);
  if (options.format == "json")
    write_json({{"store", options.output_path},
                {"stores", result.stores},
                {"cells", result.cells},
                {"done", result.done},
                {"running", result.running},
                {"diverged", result.diverged},
                {"notes", result.notes}},
               console.out);
  if (options.quiet || options.format == "json") return ExitCode::done;
  const auto count = [](std::uint64_t n) { return format_count(static_cast<double>(n)); };
  fmt::print(console.out, "{}: {} of {} ({} done, {} diverged, {} running)\n", options.output_path,
             format_plural(static_cast<double>(result.cells), "cell"),
             format_plural(static_cast<double>(result.stores), "store"), count(result.done),
             count(result.diverged), count(result.running));
  return ExitCode::done;
}

}  // namespace

void add_merge(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<MergeArguments>();
  CLI::App* command =
      app.add_subcommand("merge", "Make one store of several: shards, or what was trained apart");
  command->add_option("output", options->output_path, "The store to make, or to add to where a merge made it")
      ->required()
      ->type_name("OUT.db");
  command->add_option("stores", options->input_paths, "Stores, or folders of stores")
      ->required()
      ->type_name("IN.db");
  command->add_flag("--live", options->live, "Read stores that are being written as they are now");
  add_format_option(*command, options->format);
  command->add_flag("--quiet", options->quiet, "No summary; errors and notes are still told");
  command->footer(
      "Cells are known by their ids. Finished beats running, a later step an earlier one; checkpoints, "
      "weights\n"
      "and fits go along, so that `modsweep run -o OUT.db` goes on where a shard stopped. Where stores have\n"
      "different results of a cell, by different engines or instruction sets, one is kept and it is said; by "
      "the\n"
      "same kind of machine that is an error. OUT.db appears whole or stays as it was; the order does not "
      "matter.\n"
      "Example:\n"
      "  modsweep merge sweep.db sweep.shard-*-of-8.db");
  on_chosen(command, chosen, options, merge);
}

}  // namespace modsweep::cli
