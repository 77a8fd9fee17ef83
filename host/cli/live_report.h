// The page of a run while it goes on: `run --report`.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace modsweep::cli {

/// Writes the page of a store again and again, by `modsweep report` in a process of its own: neither its
/// memory nor a failure of it touches the training. A thread waits for that process.
class LiveReport {
 public:
  /// Throws InputError where the page cannot, or must not, be written to this path. `reads`: the files that
  /// the run reads and writes.
  LiveReport(std::string path, std::string store, const std::vector<std::string>& reads);
  ~LiveReport();
  LiveReport(const LiveReport&) = delete;
  LiveReport& operator=(const LiveReport&) = delete;

  /// Begins to write, every half minute and less often where a page takes long.
  void begin();
  /// The last page, which does not load itself again, in the given time. Returns what failed; empty: nothing.
  [[nodiscard]] std::string finish(std::chrono::milliseconds limit);
  /// What failed since the last call, if it is not what the last call returned.
  [[nodiscard]] std::optional<std::string> take_failure();

 private:
  void run();
  void stop();
  /// Returns what failed. `reload`: seconds. `needed`: asked several times a second; false: give it up.
  [[nodiscard]] std::string write(double reload, std::chrono::milliseconds limit,
                                  const std::function<bool()>& needed) const;

  std::string path_;
  std::string store_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ends_ = false;
  std::string failure_;
  bool told_ = true;
  std::thread thread_;
};

}  // namespace modsweep::cli
