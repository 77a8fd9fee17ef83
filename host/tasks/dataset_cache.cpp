// Creates each distinct dataset once while any caller holds it. The cache itself keeps none alive: a sweep
// over millions of task seeds must not keep all of them.
#include <algorithm>
#include <mutex>
#include <unordered_map>

#include "modsweep/task.h"

namespace modsweep {

struct DatasetCache::Impl {
  /// Hashes the settings that usually differ; equality compares all of them.
  struct HashTask {
    std::size_t operator()(const TaskSettings& task) const {
      std::size_t hash = std::hash<std::string>()(task.kind);
      for (const std::uint64_t part : {task.seed, task.inputs, task.train_samples, task.test_samples})
        hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
      return hash;
    }
  };

  struct Entry {
    std::mutex making;  ///< held while the data are created: others that need them wait
    std::weak_ptr<const Dataset> data;
  };

  std::mutex mutex;  ///< for the two below; never held while data are created
  std::unordered_map<TaskSettings, std::shared_ptr<Entry>, HashTask> entries;
  std::size_t clean_at = 64;

  std::shared_ptr<Entry> entry(const TaskSettings& key) {
    const std::lock_guard lock(mutex);
    if (entries.size() >= clean_at) {
      std::erase_if(entries, [](const auto& item) {
        Entry& entry = *item.second;
        if (item.second.use_count() > 1) return false;  // a caller is about to create the data or is doing so
        const std::lock_guard unused(
            entry.making);  // orders this read after the last write; no caller waits for it
        return entry.data.expired();
      });
      clean_at = std::max<std::size_t>(64, 2 * entries.size());
    }
    std::shared_ptr<Entry>& found = entries[key];
    if (!found) found = std::make_shared<Entry>();
    return found;
  }
};

DatasetCache::DatasetCache() : impl_(std::make_unique<Impl>()) {}
DatasetCache::~DatasetCache() = default;

std::shared_ptr<const Dataset> DatasetCache::get(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  kind.check(task);
  const TaskSettings key = kind.canonical(task);
  const std::shared_ptr<Impl::Entry> entry = impl_->entry(key);
  const std::lock_guard lock(entry->making);
  if (auto data = entry->data.lock()) return data;
  auto data = std::make_shared<const Dataset>(kind.make(key));
  entry->data = data;
  return data;
}

}  // namespace modsweep
