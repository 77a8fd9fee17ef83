// modsweep export: a table of a store as text.
#include "cli/command.h"
#include "cli/file_format.h"
#include "cli/json_output.h"
#include "cli/output.h"
#include "cli/run_table.h"
#include "cli/stores.h"
#include "config/keys.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

constexpr std::array<std::pair<std::string_view, ExportFormat>, 3> formats = {{
    {"csv", ExportFormat::csv},
    {"json", ExportFormat::json},
    {"jsonl", ExportFormat::jsonl},
}};

struct ExportArguments {
  std::vector<std::string> store_paths;
  std::string table = "results";
  std::string format;       // empty: by the ending of the file's name, csv on standard output
  std::string output_path;  // empty: standard output
  bool columns = false;     // describe the columns, print no rows
};

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const NamedTable& table : store_tables()) names.emplace_back(table.name);
  return names;
}

/// "results: a row per cell; history: ...".
std::string table_docs() {
  std::vector<std::string> docs;
  for (const NamedTable& table : store_tables()) docs.push_back(fmt::format("{}: {}", table.name, table.doc));
  return fmt::format("{}", fmt::join(docs, "; "));
}

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

/// Each column of a table, and what it holds.
std::vector<std::vector<std::string>> described_columns(const Store& store, Table table) {
  const std::vector<std::string> names = store.columns(table);
  const std::vector<std::string> docs = store.column_docs(table);
  std::vector<std::vector<std::string>> rows;
  for (std::size_t c = 0; c < names.size(); ++c) {
    const KeyInfo* setting = find_key(names[c]);
    rows.push_back({names[c], setting != nullptr ? std::string(setting->doc) : docs[c]});
  }
  return rows;
}

void print_columns(const Store& store, Table table, bool as_json, std::ostream& out) {
  const auto rows = described_columns(store, table);
  if (!as_json) {
    print_table(out, rows, 2);
    return;
  }
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) list.push_back({{"column", row[0]}, {"meaning", row[1]}});
  write_json(list, out);
}

ExitCode export_store(const ExportArguments& options, Console& console) {
  const ReadStores stores(options.store_paths);
  const Store& store = stores.store();
  const Table table = std::ranges::find(store_tables(), options.table, &NamedTable::name)->table;
  if (options.columns) {
    print_columns(store, table, options.format == "json", console.out);
    return ExitCode::done;
  }
  if (options.output_path.empty()) {
    check_standard_output(stores.files());
    store.export_table(table, value(formats, options.format.empty() ? "csv" : options.format), console.out);
  } else {
    AtomicOutput output(options.output_path, stores.files());
    const FileFormat chosen = format_of_file(options.format, options.output_path, table_endings, "csv");
    store.export_table(table, value(formats, chosen.format), output.stream());
    output.commit();
    if (!chosen.note.empty()) fmt::print(console.err, "{}\n", chosen.note);
  }
  return ExitCode::done;
}

}  // namespace

void add_export(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "Write a table of a store as CSV or JSON");
  add_store_paths(command, options->store_paths);
  command->add_option("--table", options->table, table_docs() + " [results]")
      ->check(CLI::IsMember(table_names()))
      ->type_name("NAME");
  command
      ->add_option(
          "--format", options->format,
          "csv, json, or jsonl (an object per line) [by the ending of FILE: .csv, .json, .jsonl; else csv]")
      ->check(CLI::IsMember(names(formats)))
      ->type_name("NAME");
  command
      ->add_option("-o,--output", options->output_path, "Write here, whole or not at all [standard output]")
      ->type_name("FILE");
  command->add_flag("--columns", options->columns,
                    "Print what the columns of the table hold, as text or JSON, and no rows");
  command->footer(
      "Examples:\n"
      "  modsweep export quickstart.db | column -s, -t | less -S\n"
      "  modsweep export quickstart.db --table history --format jsonl -o history.jsonl");
  on_chosen(command, chosen, options, export_store);
}

}  // namespace modsweep::cli
