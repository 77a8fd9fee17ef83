// Creates each distinct dataset once while any caller holds it. The cache itself keeps none alive: a sweep
// over millions of task seeds must not keep all of them. It keeps the rows of users' files, from which the
// datasets of all sizes and seeds are cut.
#include "tasks/table.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "modsweep/task.h"

namespace modsweep {

/// Values by task, each made once while any caller holds it.
template <typename Value>
class SharedByTask {
 public:
  /// The value of `key`, which `make` creates if nobody holds it.
  template <typename Make>
  [[nodiscard]] std::shared_ptr<const Value> get(const TaskSettings& key, const Make& make) {
    const std::shared_ptr<Entry> entry = entry_of(key);
    const std::lock_guard lock(entry->making);
    if (auto value = entry->value.lock()) return value;
    auto value = std::make_shared<const Value>(make());
    entry->value = value;
    return value;
  }

 private:
  /// Hashes the settings that usually differ; equality compares all of them.
  struct HashTask {
    std::size_t operator()(const TaskSettings& task) const {
      std::size_t hash = std::hash<std::string>()(task.kind) ^ std::hash<std::string>()(task.file_hash);
      for (const std::uint64_t part : {task.seed, task.inputs, task.train_samples, task.test_samples})
        hash = (hash ^ part) * 0x9e3779b97f4a7c15ULL;
      return hash;
    }
  };

  struct Entry {
    std::mutex making;  ///< held while the value is created: others that need it wait
    std::weak_ptr<const Value> value;
  };

  std::shared_ptr<Entry> entry_of(const TaskSettings& key) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() >= clean_at_) {
      std::erase_if(entries_, [](const auto& item) {
        Entry& entry = *item.second;
        if (item.second.use_count() > 1)
          return false;  // a caller is about to create the value or is doing so
        const std::lock_guard unused(
            entry.making);  // orders this read after the last write; no caller waits for it
        return entry.value.expired();
      });
      clean_at_ = std::max<std::size_t>(64, 2 * entries_.size());
    }
    std::shared_ptr<Entry>& found = entries_[key];
    if (!found) found = std::make_shared<Entry>();
    return found;
  }

  std::mutex mutex_;  ///< for the two below; never held while values are created
  std::unordered_map<TaskSettings, std::shared_ptr<Entry>, HashTask> entries_;
  std::size_t clean_at_ = 64;
};

struct DatasetCache::Impl {
  SharedByTask<Dataset> datasets;
  SharedByTask<TableRows> tables;
  std::atomic<std::size_t> files_read = 0;

  std::mutex kept_mutex;
  std::deque<std::shared_ptr<const TableRows>> kept;  ///< the last used first

  std::shared_ptr<const TableRows> rows(const UserData& data, const TaskSettings& task) {
    const TaskSettings source = data.source(task);
    auto found = tables.get(source, [&] {
      ++files_read;
      return data.read(source);
    });
    keep(found);
    return found;
  }

  void keep(const std::shared_ptr<const TableRows>& rows) {
    constexpr std::size_t most_numbers = std::size_t{1} << 27U;  // a gigabyte
    const std::lock_guard lock(kept_mutex);
    std::erase(kept, rows);
    kept.push_front(rows);
    std::size_t numbers = 0;
    const auto too_many = std::ranges::find_if(kept, [&](const auto& own) {
      numbers += own->numbers.size();
      return numbers > most_numbers && own != rows;
    });
    kept.erase(too_many, kept.end());
  }
};

DatasetCache::DatasetCache() : impl_(std::make_unique<Impl>()) {}
DatasetCache::~DatasetCache() = default;

std::shared_ptr<const Dataset> DatasetCache::get(const TaskSettings& task) {
  const TaskKind& kind = task_kind(task.kind);
  kind.check(task);
  const TaskSettings key = kind.canonical(task);
  return impl_->datasets.get(key, [&] {
    Dataset data = kind.user_data == nullptr ? kind.make(key)
                                             : kind.user_data->cut(*impl_->rows(*kind.user_data, key), key);
    for (std::size_t g = 1; g < key.goals.size(); ++g) {
      TaskSettings other = key;
      other.goals = {key.goals[g]};
      data.other_goals.push_back(get(other));
    }
    return data;
  });
}

void DatasetCache::check(const TaskSettings& task) {
  const UserData* const data = task_kind(task.kind).user_data;
  if (data != nullptr) data->check(*impl_->rows(*data, task), task);
}

std::vector<DataRemark> DatasetCache::remarks(const TaskSettings& task, Precision precision) {
  const UserData* const data = task_kind(task.kind).user_data;
  if (data == nullptr) return {};
  return data->remarks(*impl_->rows(*data, task), *get(task), task, precision != Precision::fp64);
}

std::size_t DatasetCache::files_read() const {
  return impl_->files_read;
}

}  // namespace modsweep
