// run --deliver: a store is trained on a disk of this node and handed over to a folder that lasts.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace modsweep::cli {

/// One store in two places: the local one, to which a run writes, and the one of the same file name in the
/// folder, which is whole at all times: it is replaced by a rename, and only by a store of the same id that
/// has everything that it has.
class Delivery {
 public:
  /// Keeps a reference to `messages`. `quiet`: only failures are told.
  Delivery(std::string local, std::string folder, std::ostream& messages, bool quiet);

  /// The file in the folder.
  [[nodiscard]] const std::string& target() const { return target_; }

  /// Before anything is trained. Checks the folder, and brings its store here where there is none or one with
  /// fewer steps: a job that was requeued to another node goes on. Throws InputError for a folder that is
  /// none or cannot be written to, and for stores that do not belong together.
  void begin();

  /// With the local store closed. Throws IoError that says where the trained store lies where it could not be
  /// handed over.
  void hand_over();

  /// The same where training failed, if it got anywhere; only tells where that fails.
  void rescue() noexcept;

 private:
  void check_folder() const;
  void check_target() const;
  /// Why the target is not to be replaced; empty if it may be.
  [[nodiscard]] std::string objection() const;
  /// Whether the target, which may be replaced, holds all that the local store does.
  [[nodiscard]] bool up_to_date() const;
  void place(const std::string& from, const std::string& to, bool replace) const;

  std::string local_;
  std::string folder_;
  std::string target_;
  std::ostream& messages_;
  bool quiet_;
  std::uint64_t steps_before_ = 0;  // of the local store in begin()
};

}  // namespace modsweep::cli
