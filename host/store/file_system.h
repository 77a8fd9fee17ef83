// What a store needs from the file system, with clear errors where that is not supported.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace modsweep {

/// The file that a path refers to, through symbolic links, also those to a file that does not exist yet.
/// Throws InputError for an empty path, a circle of links, and a path that is too long for SQLite.
[[nodiscard]] std::string resolve_store_path(const std::string& path);

/// The folder that holds a file: "." where the path names none.
[[nodiscard]] std::string folder_of(const std::string& path);

/// The identity of a file: equal for two names of one file.
struct FileIdentity {
  unsigned long long device = 0;
  unsigned long long inode = 0;
  bool operator==(const FileIdentity&) const = default;
};
/// None where there is no such file.
[[nodiscard]] std::optional<FileIdentity> identity_of(const std::string& path);

/// The type of the file system that holds a path: "ext4", "nfs4"; empty if the system does not report it.
[[nodiscard]] std::string file_system_of(const std::string& path);
/// Whether machines share file systems of this type over a network.
[[nodiscard]] bool is_network_file_system(std::string_view kind);

/// "this file system (nfs4) cannot hold a store that is written to; ...".
[[nodiscard]] std::string unfit_text(const std::string& path);

/// Throws the error that fits errno `error` of a call to create or write `path`: InputError for names and
/// permissions, IoError for full disks, quotas, limits and failing disks.
[[noreturn]] void throw_file_error(const std::string& path, int error, std::string_view what);

/// Creates a file with these bytes. It appears whole or not at all, and never replaces another file: returns
/// false if one exists by now. Throws as throw_file_error. `shown` is the path in messages.
[[nodiscard]] bool publish_new_file(const std::string& path, std::string_view bytes,
                                    const std::string& shown);

/// Makes a rename or a new name in this folder durable, as far as the file system can.
void sync_folder(const std::string& folder);

}  // namespace modsweep
