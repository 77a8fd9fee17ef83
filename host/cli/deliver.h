// run --deliver: trains a store on a disk of this node, then copies it to a folder that lasts.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

namespace modsweep::cli {

/// One store in two locations: the local file that a run writes, and the file of the same name in the folder.
/// The one in the folder is complete at all times: it is replaced by a rename, and only by a store with the
/// same id that has everything the old one has.
class Delivery {
 public:
  /// Stores a reference to `messages`. `quiet`: reports failures only.
  Delivery(std::string local, std::string folder, std::ostream& messages, bool quiet);

  /// The file in the folder.
  [[nodiscard]] const std::string& target() const { return target_; }

  /// Call before training. Checks the folder. If there is no local store, or it has fewer steps, copies the
  /// folder's store here, so that a job that was requeued to another node continues. Throws InputError if the
  /// folder is not a folder or cannot be written to, or if the two stores do not belong together.
  void begin();

  /// Call with the local store closed. Throws IoError if the store could not be delivered; the message names
  /// the file with the trained store.
  void hand_over();

  /// hand_over() after training failed, if any steps were trained; only prints an error.
  void rescue() noexcept;

 private:
  void check_folder() const;
  void check_target() const;
  /// Why the target must not be replaced; empty if it may be.
  [[nodiscard]] std::string objection() const;
  /// Whether the target, which may be replaced, has everything that the local store has.
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
