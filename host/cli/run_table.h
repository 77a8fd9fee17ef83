// The short table that `run` ends with.
#pragma once

#include "plan/shard_cells.h"

#include <cstddef>
#include <ostream>
#include <string>
#include <vector>

#include "modsweep/store.h"
#include "modsweep/sweep.h"

namespace modsweep::cli {

/// Columns of text, aligned: the first `left` ones to the left, the others to the right. Each row is one
/// line, without control characters.
void print_table(std::ostream& out, std::vector<std::vector<std::string>> rows, std::size_t left);

/// Medians over training.seed of the finished cells of a sweep, one row for each point of the other axes, in
/// grid order. For a large sweep prints the first rows and a hint to export the others from `store_path`. For
/// a shard (nullptr: none) prints only the rows that have cells in it, and how to merge all shards.
void print_results(const Sweep& sweep, const Store& store, const std::string& store_path,
                   const ShardCells* shard, std::ostream& out);

}  // namespace modsweep::cli
