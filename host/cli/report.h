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

/// Columns of text, aligned: the first `left` ones to the left, the others to the right.
void print_table(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::size_t left);

/// Medians over training.seed of the finished cells of a sweep, one row for each point of the other axes, in
/// grid order; of a large sweep the first rows and a hint to export the rest of `store_path`. Of a shard
/// (nullptr: none) only rows that it has cells of, and how all shards come together.
void print_results(const Sweep& sweep, const Store& store, const std::string& store_path,
                   const ShardCells* shard, std::ostream& out);

}  // namespace modsweep::cli
