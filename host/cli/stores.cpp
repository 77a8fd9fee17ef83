#include "cli/stores.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <stdlib.h>
#include <unistd.h>

#include "modsweep/merge.h"

namespace modsweep::cli {
namespace {

std::string name_of(const std::vector<std::string>& files) {
  if (files.size() == 1) return files.front();
  return fmt::format("{} and {} more", files.front(), files.size() - 1);
}

/// The stores merged into one; its file is unlinked once it is open.
Store merged_for_reading(const std::vector<std::string>& files) {
  namespace fs = std::filesystem;
  const char* scratch = std::getenv("TMPDIR");
  std::string folder =
      (fs::path(scratch != nullptr && *scratch != '\0' ? scratch : "/tmp") / "modsweep-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    throw IoError(
        fmt::format("{}: cannot be made, and several stores are read through a file there; set TMPDIR "
                    "to a folder that you may write to",
                    folder));
  const std::string path = folder + "/merged.db";
  std::error_code ignored;
  try {
    static_cast<void>(merge_stores(path, files, true));
    Store store(path, Store::Access::read_only);
    fs::remove_all(folder, ignored);
    return store;
  } catch (...) {
    fs::remove_all(folder, ignored);
    throw;
  }
}

Store open(const std::vector<std::string>& files) {
  return files.size() == 1 ? Store(files.front(), Store::Access::read_only) : merged_for_reading(files);
}

}  // namespace

void add_store_paths(CLI::App* command, std::vector<std::string>& paths) {
  command->add_option("stores", paths, "The store; several, or a folder of them, are read as one")
      ->required()
      ->type_name("FILE.db");
}

ReadStores::ReadStores(const std::vector<std::string>& paths)
    : files_(store_files(paths)), name_(name_of(files_)), store_(open(files_)) {}

}  // namespace modsweep::cli
