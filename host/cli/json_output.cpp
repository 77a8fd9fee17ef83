#include "cli/json_output.h"

namespace modsweep::cli {
namespace {

using nlohmann::ordered_json;

/// The text, or null where there is none.
ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

}  // namespace

void add_format_option(CLI::App& command, std::string& format) {
  command
      .add_option("--format", format, "table, for reading, or json: one document on standard output [table]")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("NAME");
}

void write_json(const ordered_json& document, std::ostream& out) {
  out << document.dump(1, ' ', true, ordered_json::error_handler_t::replace) << '\n';
}

ordered_json json_of(const StoreStatus::SweepStatus& sweep) {
  return {{"sweep", sweep.name}, {"sweep_id", sweep.id},     {"cells", sweep.cells},
          {"done", sweep.done},  {"running", sweep.running}, {"diverged", sweep.diverged},
          {"left", sweep.left()}};
}

ordered_json json_of(const Shard& shard) {
  return {{"index", shard.index}, {"count", shard.count}};
}

ordered_json json_of(const MachineLimits& limits) {
  return {{"threads", limits.threads.usable},
          {"threads_of_machine", limits.threads.whole},
          {"threads_limited_by", text_or_null(limits.threads.limited_by)},
          {"memory_bytes", limits.memory.usable},
          {"memory_bytes_of_machine", limits.memory.whole},
          {"memory_limited_by", text_or_null(limits.memory.limited_by)}};
}

}  // namespace modsweep::cli
