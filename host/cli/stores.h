// The stores that a reading command opens.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "modsweep/store.h"

namespace modsweep::cli {

/// Adds the stores of a reading command: files or folders, at least one.
void add_store_paths(CLI::App* command, std::vector<std::string>& paths);

/// Opens one store for reading, or several as the store that `merge` would create from them; stores that are
/// being written are read in their present state. The merged store lies in $TMPDIR, or /tmp, without a name,
/// and ends with the program. Throws as Store and merge_stores.
class ReadStores {
 public:
  explicit ReadStores(const std::vector<std::string>& paths);

  [[nodiscard]] const Store& store() const { return store_; }
  /// For messages: the single path, or the first "and N more".
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The files, in order, without duplicates.
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

 private:
  std::vector<std::string> files_;
  std::string name_;
  Store store_;
};

}  // namespace modsweep::cli
