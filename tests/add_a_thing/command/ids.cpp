// modsweep ids: prints the ids of a sweep's cells, one per line, as tables show them.
#include "cli/command.h"
#include "core/text.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/sweep.h"

namespace modsweep::cli {
namespace {

struct IdsArguments {
  std::string sweep_path;
};

ExitCode ids(const IdsArguments& options, Console& console) {
  const Sweep sweep = read_sweep(options.sweep_path, {});
  for (std::uint64_t i = 0; i < sweep.size(); ++i)
    fmt::print(console.out, "{}\n", shown_id(sweep.cell(i).id));
  return ExitCode::done;
}

}  // namespace

void add_ids(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<IdsArguments>();
  CLI::App* command = app.add_subcommand("ids", "List the ids of a sweep's cells");
  command->add_option("sweep", options->sweep_path, "The sweep file")->required()->type_name("SWEEP.toml");
  command->footer("Example:\n  modsweep ids sweeps/quickstart.toml");
  on_chosen(command, chosen, options, ids);
}

}  // namespace modsweep::cli
