// modsweep export: a table of a store as text.
#include "cli/command.h"
#include "cli/output.h"
#include "cli/stores.h"

#include <array>
#include <string_view>
#include <utility>

#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

constexpr std::array<std::pair<std::string_view, Table>, 6> tables = {{
    {"results", Table::results},
    {"history", Table::history},
    {"spectra", Table::spectra},
    {"cells", Table::cells},
    {"fits", Table::fits},
    {"runs", Table::runs},
}};
constexpr std::array<std::pair<std::string_view, ExportFormat>, 3> formats = {{
    {"csv", ExportFormat::csv},
    {"json", ExportFormat::json},
    {"jsonl", ExportFormat::jsonl},
}};

struct ExportArguments {
  std::vector<std::string> store_paths;
  std::string table = "results";
  std::string format = "csv";
  std::string output_path;  // empty: standard output
};

template <typename Entries>
std::vector<std::string> names(const Entries& entries) {
  std::vector<std::string> result;
  for (const auto& entry : entries) result.emplace_back(entry.first);
  return result;
}

template <typename Entries>
auto value(const Entries& entries, std::string_view name) {
  for (const auto& entry : entries)
    if (entry.first == name) return entry.second;
  throw LogicError("export: a name that the parser let through: " + std::string(name));
}

ExitCode export_store(const ExportArguments& options, Console& console) {
  const ReadStores stores(options.store_paths);
  const Store& store = stores.store();
  const Table table = value(tables, options.table);
  const ExportFormat format = value(formats, options.format);
  if (options.output_path.empty()) {
    check_standard_output(stores.files());
    store.export_table(table, format, console.out);
  } else {
    AtomicOutput output(options.output_path, stores.files());
    store.export_table(table, format, output.stream());
    output.commit();
  }
  return ExitCode::done;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "Write a table of a store as CSV or JSON");
  add_store_paths(command, options->store_paths);
  command
      ->add_option("--table", options->table,
                   "results: a row per cell, settings and final numbers; history: a row per measurement; "
                   "spectra: a row "
                   "per layer and measurement, with eigenvalues; cells: status and settings; fits: what "
                   "modsweep fit found; runs: who trained it [results]")
      ->check(CLI::IsMember(names(tables)))
      ->type_name("NAME");
  command->add_option("--format", options->format, "csv, json, or jsonl (an object per line) [csv]")
      ->check(CLI::IsMember(names(formats)))
      ->type_name("NAME");
  command
      ->add_option("-o,--output", options->output_path, "Write here, whole or not at all [standard output]")
      ->type_name("FILE");
  command->footer(
      "Examples:\n"
      "  modsweep export quickstart.db | column -s, -t | less -S\n"
      "  modsweep export quickstart.db --table history --format jsonl -o history.jsonl");
  on_chosen(command, chosen, options, export_store);
}

}  // namespace modsweep::cli
