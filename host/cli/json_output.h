// --format json: what a command tells as one JSON document on standard output.
#pragma once

#include "core/machine.h"

#include <ostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "modsweep/shard.h"
#include "modsweep/store.h"

namespace modsweep::cli {

/// Adds --format to a command that prints text or JSON; `format` begins as "table".
void add_format_option(CLI::App& command, std::string& format);

/// Writes the document. All but ASCII is escaped, so that names from files command no terminal; bytes that
/// are no UTF-8 become U+FFFD.
void write_json(const nlohmann::ordered_json& document, std::ostream& out);

/// The counts of one sweep of a store: sweep, sweep_id, cells, done, running, diverged, left.
[[nodiscard]] nlohmann::ordered_json json_of(const StoreStatus::SweepStatus& sweep);

/// {"index": 2, "count": 8}
[[nodiscard]] nlohmann::ordered_json json_of(const Shard& shard);

/// {"threads": ..., "memory_bytes": ..., ...}: what this process may use of the machine, and what limits it.
[[nodiscard]] nlohmann::ordered_json json_of(const MachineLimits& limits);

}  // namespace modsweep::cli
