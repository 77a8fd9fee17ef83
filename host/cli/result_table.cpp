#include "cli/result_table.h"

#include "cli/run_table.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace modsweep::cli {
namespace {

using nlohmann::json;

/// Numbers to a few digits, which are easier to compare; the other formats print all digits.
std::string short_text(const json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.4g}", value.get<double>());
  return value.dump();
}

void write_objects(const ResultTable& table, bool lines, std::ostream& out) {
  std::vector<std::string> objects;
  for (const auto& object : json_of(table)) objects.push_back(object.dump());
  if (!lines)
    fmt::print(out, "[\n{}\n]\n", fmt::join(objects, ",\n"));
  else
    for (const auto& object : objects) fmt::print(out, "{}\n", object);
}

}  // namespace

nlohmann::ordered_json json_of(const ResultTable& table) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    auto& object = list.emplace_back(nlohmann::ordered_json::object());
    for (std::size_t i = 0; i < row.size(); ++i) object[table.columns[i]] = row[i];
  }
  return list;
}

void write_aligned(const ResultTable& table, std::ostream& out) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  for (const auto& row : table.rows) {
    auto& texts = rows.emplace_back();
    for (const json& value : row) texts.push_back(short_text(value));
  }
  print_table(out, rows, 0);
}

ResultOutput::ResultOutput(const ResultOptions& options, const std::vector<std::string>& reads,
                           Console& console)
    : format_{options.format, ""}, console_(console) {
  if (options.output_path.empty()) {
    if (format_.format.empty()) format_.format = "table";
    check_standard_output(reads);
  } else {
    file_.emplace(options.output_path, reads);
    format_ = format_of_file(options.format, options.output_path, table_endings, "csv");
  }
}

void ResultOutput::write(const ResultTable& table) {
  std::ostream& out = file_ ? file_->stream() : console_.out;
  if (format_.format == "table")
    write_aligned(table, out);
  else if (format_.format == "csv")
    write_csv(table, out);
  else
    write_objects(table, format_.format == "jsonl", out);
  if (file_) file_->commit();
  if (!format_.note.empty()) fmt::print(console_.err, "{}\n", format_.note);
}

void add_result_options(CLI::App* command, ResultOptions& options, const std::string& more,
                        const std::string& more_doc) {
  std::vector<std::string> formats = {"csv", "json", "jsonl", "table"};
  if (!more.empty()) formats.push_back(more);
  command
      ->add_option("--format", options.format,
                   "csv, json, jsonl (an object per line), or table: aligned, for reading" + more_doc +
                       " [table; with -o by the ending of FILE: .csv, .json, .jsonl; else csv]")
      ->check(CLI::IsMember(formats))
      ->type_name("NAME");
  command->add_option("-o,--output", options.output_path, "Write here, whole or not at all [standard output]")
      ->type_name("FILE");
}

}  // namespace modsweep::cli
