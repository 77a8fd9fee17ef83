// What a store needs of the file system, and clear words where it does not have it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace modsweep {

/// The file that a path means, through symbolic links, those of a file that is not there yet included.
/// Throws InputError for an empty path, links in a circle, and a path that is longer than SQLite takes.
[[nodiscard]] std::string resolve_store_path(const std::string& path);

/// The folder that holds a file: "." where the path names none.
[[nodiscard]] std::string folder_of(const std::string& path);

/// Who has a file: two names of one file are equal.
struct FileIdentity {
  unsigned long long device = 0;
  unsigned long long inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
/// None where there is no such file.
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& path);

/// The kind of file system that a path lies on: "ext4", "nfs4"; empty where the system does not tell.
[[nodiscard]] std::string file_system_of(const std::string& path);
/// Whether machines share file systems of this kind over a network.
[[nodiscard]] bool is_network_file_system(std::string_view kind);

/// "this file system (nfs4) cannot hold a store that is written to; ...".
[[nodiscard]] std::string unfit_text(const std::string& path);

/// Throws what fits errno `error` of a call that was to make or write to `path`: InputError for names and
/// permissions, IoError for full disks, quotas, limits and disks that fail.
[[noreturn]] void throw_file_error(const std::string& path, int error, std::string_view what);

/// Makes a file with these bytes that appears whole or not at all, and never takes the place of another one:
/// false where there is one by now. Throws as throw_file_error.
/// `shown` is the path in messages.
[[nodiscard]] bool publish_new_file(const std::string& path, std::string_view bytes,
                                    const std::string& shown);

/// Makes a rename or a new name in this folder durable, as far as the file system can.
void sync_folder(const std::string& folder);

}  // namespace modsweep
