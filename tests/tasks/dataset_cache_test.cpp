#include "tasks/make_task.h"

#include <barrier>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep::test {
namespace {

TaskSettings task_of_seed(std::uint32_t seed) {
  TaskSettings task;
  task.seed = seed;
  task.train_samples = 50;
  task.test_samples = 20;
  return task;
}

TEST(DatasetCache, HandsOutOneDatasetPerTask) {
  DatasetCache cache;
  const auto first = cache.get(task_of_seed(1));
  EXPECT_EQ(cache.get(task_of_seed(1)), first);
  EXPECT_NE(cache.get(task_of_seed(2)), first);
  EXPECT_EQ(first->train.x, task_kind("modular_regression").make(task_of_seed(1)).train.x);
}

TEST(DatasetCache, EverySettingThatMattersMakesAnotherDataset) {
  DatasetCache cache;
  std::vector<TaskSettings> tasks(1, task_of_seed(1));
  const auto add = [&](auto change) {
    tasks.push_back(tasks.front());
    change(tasks.back());
  };
  add([](TaskSettings& t) { t.kind = "identity"; });
  add([](TaskSettings& t) { t.kind = "identity", set_own(t, "task.sparse", true); });
  add([](TaskSettings& t) { t.inputs = 3; });
  add([](TaskSettings& t) { t.seed = 2; });
  add([](TaskSettings& t) { t.train_samples = 51; });
  add([](TaskSettings& t) { t.test_samples = 21; });
  add([](TaskSettings& t) { t.kind = "mixed_regression"; });
  add([](TaskSettings& t) { t.kind = "mixed_regression", set_own(t, "task.mixing", "late"); });
  add([](TaskSettings& t) { t.kind = "mixed_regression", set_own(t, "task.mixing_angle", 0.1); });
  for (const char* kind : {"gaussian2d", "random_composition"}) {
    add([=](TaskSettings& t) { t.kind = kind, t.inputs = 2; });
    add([=](TaskSettings& t) { t.kind = kind, t.inputs = 2, t.ood_samples = 5; });
  }
  add([](TaskSettings& t) { t.kind = "gaussian2d", t.inputs = 2, set_own(t, "task.fan_fraction", 0.4); });
  add([](TaskSettings& t) {
    t.kind = "random_composition", t.inputs = 2, set_own(t, "task.patch_fraction", 0.4);
  });
  add([](TaskSettings& t) { t.kind = "random_composition", t.inputs = 2, set_own(t, "task.data_seed", 1); });
  std::vector<std::shared_ptr<const Dataset>> held;
  for (const auto& task : tasks) held.push_back(cache.get(task));
  EXPECT_EQ(std::set(held.begin(), held.end()).size(), tasks.size());
}

TEST(DatasetCache, SettingsThatATaskDoesNotUseDoNotMatter) {
  DatasetCache cache;
  const auto held = cache.get(task_of_seed(1));
  TaskSettings other = task_of_seed(1);
  set_own(other, "task.sparse", true);
  set_own(other, "task.mixing", "late");
  set_own(other, "task.mixing_angle", 1.0);
  EXPECT_EQ(cache.get(other), held);
}

TEST(DatasetCache, KeepsNothingThatNobodyHolds) {
  DatasetCache cache;
  std::weak_ptr<const Dataset> first = cache.get(task_of_seed(1));
  EXPECT_TRUE(first.expired());
  EXPECT_NE(cache.get(task_of_seed(1)), nullptr);  // and creates it again
}

TEST(DatasetCache, ManyTasksAndOneThatIsHeld) {
  // enough entries that forgotten ones are removed several times
  DatasetCache cache;
  const auto held = cache.get(task_of_seed(0));
  for (std::uint32_t seed = 1; seed < 1000; ++seed) {
    ASSERT_NE(cache.get(task_of_seed(seed)), held);
    ASSERT_EQ(cache.get(task_of_seed(0)), held);
  }
}

TEST(DatasetCache, DataOutliveTheCache) {
  std::shared_ptr<const Dataset> data;
  {
    DatasetCache cache;
    data = cache.get(task_of_seed(3));
  }
  EXPECT_EQ(data->train.count, 50U);
}

TEST(DatasetCache, ThreadsShareOneDataset) {
  constexpr std::size_t threads = 8;
  constexpr std::uint32_t rounds = 30;
  DatasetCache cache;
  std::vector<std::vector<std::shared_ptr<const Dataset>>> got(threads);
  std::barrier together(threads);
  {
    std::vector<std::jthread> crowd;
    for (std::size_t t = 0; t < threads; ++t)
      crowd.emplace_back([&, t] {
        for (std::uint32_t round = 0; round < rounds; ++round) {
          together.arrive_and_wait();
          TaskSettings shared = task_of_seed(round);
          shared.train_samples = 20000;  // takes long enough that all threads request it in the meantime
          got[t].push_back(cache.get(shared));
          static_cast<void>(cache.get(task_of_seed(1000 + round * 8 + static_cast<std::uint32_t>(t))));
        }
      });
  }
  for (std::size_t round = 0; round < rounds; ++round)
    for (std::size_t t = 1; t < threads; ++t) EXPECT_EQ(got[t][round], got[0][round]);
}

TEST(DatasetCache, AnErrorDoesNotBlockTheTask) {
  DatasetCache cache;
  TaskSettings wrong = task_of_seed(1);
  wrong.inputs = 0;
  EXPECT_THROW(static_cast<void>(cache.get(wrong)), InputError);
  EXPECT_THROW(static_cast<void>(cache.get(wrong)), InputError);
  EXPECT_NE(cache.get(task_of_seed(1)), nullptr);
}

}  // namespace
}  // namespace modsweep::test
