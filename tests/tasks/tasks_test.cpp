#include "support/reference.h"
#include "tasks/make_task.h"
#include "tasks/numpy_random.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep::test {
namespace {

TaskSettings settings(const std::string& kind, std::uint32_t inputs = 4) {
  TaskSettings task;
  task.kind = kind;
  task.inputs = inputs;
  return task;
}

/// A, w and p, drawn as NumPy does, independently of the tasks' own stream.
struct Functions {
  std::vector<double> amps, freqs, phases;
  Functions(std::uint32_t seed, std::uint32_t n) : amps(n), freqs(n), phases(n) {
    NumpyRandom random(seed);
    for (double& a : amps) a = 0.7 + 0.3 * random.uniform();
    for (double& w : freqs) w = 0.4 + 1.4 * random.uniform();
    for (double& p : phases) p = 2 * std::numbers::pi * random.uniform();
  }
  [[nodiscard]] double operator()(std::size_t i, double x) const {
    return amps[i] * std::sin(freqs[i] * x + phases[i]);
  }
};

// --- the reference vectors ---

TEST(TaskReference, InputsAreBitForBitNumpys) {
  for (const TaskCase& reference : task_cases()) {
    SCOPED_TRACE(reference.path);
    const TensorFile file = reference.load();
    TaskSettings task = settings("modular_regression", reference.n);
    task.train_samples = static_cast<std::uint32_t>(tensor(file, reference, "xtr").shape.at(0));
    task.test_samples = static_cast<std::uint32_t>(tensor(file, reference, "xte").shape.at(0));
    const Dataset data = make(task);
    EXPECT_EQ(data.train.x, tensor(file, reference, "xtr").values);
    EXPECT_EQ(data.test.x, tensor(file, reference, "xte").values);
    const Functions f(task.seed, reference.n);
    EXPECT_EQ(f.amps, tensor(file, reference, "amps").values);
    EXPECT_EQ(f.freqs, tensor(file, reference, "freqs").values);
    EXPECT_EQ(f.phases, tensor(file, reference, "phases").values);
  }
}

TEST(TaskReference, TargetsAreNumpysUpToTheSine) {
  // Vectorized sines, such as NumPy's, are accurate to 4 units in the last place, the C library's to 1;
  // amplitudes are below 1.
  constexpr double tolerance = 5 * std::numeric_limits<double>::epsilon() / 2;
  for (const TaskCase& reference : task_cases()) {
    SCOPED_TRACE(reference.path);
    const TensorFile file = reference.load();
    const Dataset data = make(settings("modular_regression", reference.n));
    for (const auto& [ours, name] : {std::pair(&data.train.y, "ytr"), {&data.test.y, "yte"}}) {
      const auto& theirs = tensor(file, reference, name).values;
      ASSERT_EQ(ours->size(), theirs.size());
      for (std::size_t i = 0; i < theirs.size(); ++i)
        ASSERT_NEAR((*ours)[i], theirs[i], tolerance) << name << " " << i;
    }
  }
}

TEST(NumpyRandom, FirstNumbersOfKnownSeeds) {
  // numpy.random.seed(s); numpy.random.rand(3)
  const std::vector<std::pair<std::uint32_t, std::vector<double>>> table = {
      {0, {0.5488135039273248, 0.7151893663724195, 0.6027633760716439}},
      {1, {0.417022004702574, 0.7203244934421581, 0.00011437481734488664}},
      {42, {0.3745401188473625, 0.9507143064099162, 0.7319939418114051}},
  };
  for (const auto& [seed, numbers] : table) {
    NumpyRandom random(seed);
    for (const double number : numbers) EXPECT_EQ(random.uniform(), number) << "seed " << seed;
  }
}

TEST(NumpyRandom, IndexIsInRangeAndReachesAll) {
  for (const std::uint32_t count : {1U, 2U, 3U, 7U}) {
    NumpyRandom random(count);
    std::set<std::uint32_t> seen;
    for (int i = 0; i < 500; ++i) seen.insert(random.index(count));
    EXPECT_EQ(seen.size(), count);
    EXPECT_EQ(*seen.rbegin(), count - 1);
  }
}

// --- laws of every kind ---

/// A file of 40 rows for the task that needs one: 20 to train, 8 to test, 8 out of distribution, 4 to
/// validate.
std::string table_file() {
  return std::string(MODSWEEP_TEST_DATA) + "/tables/forty_rows.csv";
}

/// Whether a task accepts these settings.
bool accepts(const TaskSettings& task) {
  try {
    task_kind(task.kind).check(task);
    return true;
  } catch (const InputError&) {
    return false;
  }
}

/// Valid settings of any kind, with four inputs or as many as the task accepts.
TaskSettings example(std::string_view name) {
  const TaskKind& kind = task_kind(name);
  TaskSettings task = settings(std::string(name));
  task.train_samples = 20;
  task.test_samples = 8;
  task.validation_samples = 4;
  if (kind.uses_ood_samples) task.ood_samples = 8;
  if (kind.user_data != nullptr) {
    task.inputs = 2;
    task.file = table_file();
    task.input_columns = {"a", "b"};
    task.target_columns = {"y"};
  }
  for (const std::uint32_t ood : {task.ood_samples, 0U}) {  // none with the default settings of some tasks
    task.ood_samples = ood;
    const std::uint32_t before = task.inputs;
    for (std::uint32_t inputs = 1; inputs <= 100 && !accepts(task); ++inputs) task.inputs = inputs;
    if (accepts(task)) break;
    task.inputs = before;
  }
  return task;
}

/// Changes a setting of a task from its default.
void change(TaskSettings& task, const AnySetting& setting) {
  std::visit(
      [&]<typename T>(const Setting<T>& own) {
        if constexpr (std::is_same_v<T, bool>)
          own.set(task, !own.standard);
        else if constexpr (std::is_same_v<T, std::string_view>)
          own.set(task, own.choices[0] == own.standard ? own.choices[1] : own.choices[0]);
        else
          own.set(task, static_cast<T>(own.limits.low + 0.3 * (own.limits.high - own.limits.low)));
      },
      setting);
}

std::vector<std::string_view> all_kinds() {
  std::vector<std::string_view> names;
  for (const TaskKind& kind : task_kinds())
    if (kind.family == Family::feedforward) names.push_back(kind.name);  // others have no data set
  return names;
}

bool same(const Samples& a, const Samples& b) {
  return a.count == b.count && a.x == b.x && a.y == b.y;
}
bool same(const Dataset& a, const Dataset& b) {
  return std::ranges::all_of(all_splits, [&](Split split) { return same(a.split(split), b.split(split)); });
}

class EveryTask : public testing::TestWithParam<std::string_view> {};
/// The tasks of n functions on [-2, 2]^n.
class EveryRegression : public testing::TestWithParam<std::string_view> {};

const auto name_of_param = [](const auto& info) { return std::string(info.param); };
INSTANTIATE_TEST_SUITE_P(All, EveryTask, testing::ValuesIn(all_kinds()), name_of_param);
INSTANTIATE_TEST_SUITE_P(All, EveryRegression,
                         testing::Values("modular_regression", "identity", "mixed_regression",
                                         "block_competition"),
                         name_of_param);

TEST_P(EveryTask, IsFoundByItsName) {
  EXPECT_EQ(task_kind(GetParam()).name, GetParam());
}

TEST_P(EveryTask, HasTheSizesOfItsSettings) {
  for (const std::uint32_t more : {0U, 1U, 8U}) {
    TaskSettings task = example(GetParam());
    task.train_samples -= more;
    task.test_samples -= std::min(more, task.test_samples - 1);
    task.ood_samples -= std::min(more, task.ood_samples);
    task.validation_samples -= std::min(more, task.validation_samples);
    const Dataset data = make(task);
    for (const Split split : all_splits) {
      const Samples& samples = data.split(split);
      EXPECT_EQ(samples.count, split == Split::train  ? task.train_samples
                               : split == Split::test ? task.test_samples
                               : split == Split::ood  ? task.ood_samples
                                                      : task.validation_samples);
      EXPECT_EQ(samples.x.size(), std::size_t{samples.count} * task.inputs);
      EXPECT_EQ(samples.y.size(), std::size_t{samples.count} * task_kind(task.kind).outputs(task));
      if (samples.count == 0) continue;
      EXPECT_EQ(samples.inputs, task.inputs);
      EXPECT_EQ(samples.outputs, task_kind(task.kind).outputs(task));
    }
  }
}

TEST_P(EveryRegression, HasTheSizesOfItsSettings) {
  for (const std::uint32_t inputs : {3U, 4U, 7U}) {
    TaskSettings task = settings(std::string(GetParam()), inputs);
    task.train_samples = 13;
    task.test_samples = 5;
    const Dataset data = make(task);
    EXPECT_EQ(data.ood.count, 0U);
    const std::uint32_t outputs = task_kind(task.kind).outputs(task);
    for (const auto& [samples, count] : {std::pair(&data.train, 13U), {&data.test, 5U}}) {
      EXPECT_EQ(samples->count, count);
      EXPECT_EQ(samples->inputs, inputs);
      EXPECT_EQ(samples->outputs, outputs);
      EXPECT_EQ(samples->x.size(), std::size_t{count} * inputs);
      EXPECT_EQ(samples->y.size(), std::size_t{count} * outputs);
    }
  }
}

TEST_P(EveryTask, IsDeterministicAndFinite) {
  const Dataset first = make(example(GetParam()));
  EXPECT_TRUE(same(first, make(example(GetParam()))));
  for (const Split split : all_splits) {
    EXPECT_TRUE(std::ranges::all_of(first.split(split).x, [](double x) { return std::isfinite(x); }));
    EXPECT_TRUE(std::ranges::all_of(first.split(split).y, [](double y) { return std::isfinite(y); }));
  }
}

TEST_P(EveryTask, AValidationSetLeavesTheOtherSetsAsTheyAre) {
  TaskSettings task = example(GetParam());
  const Dataset with = make(task);
  task.validation_samples = 0;
  const Dataset without = make(task);
  EXPECT_EQ(without.validation.count, 0U);
  for (const Split split : {Split::train, Split::test, Split::ood})
    EXPECT_TRUE(same(with.split(split), without.split(split)));
  for (const Split split : {Split::train, Split::test})
    EXPECT_FALSE(std::equal(with.validation.x.begin(), with.validation.x.end(), with.split(split).x.begin()));
}

TEST_P(EveryTask, DependsOnWhatItSaysThatItUses) {
  const TaskSettings task = example(GetParam());
  const TaskKind& kind = task_kind(GetParam());
  const Dataset data = make(task);
  TaskSettings other = task;
  ++other.seed;
  EXPECT_EQ(same(data, make(other)), !kind.uses_seed);
  for (const AnySetting& setting : kind.settings) {
    TaskSettings before = task;
    if (kind.user_data != nullptr) {
      if (key_of(setting) == "task.missing") continue;  // table_rows_test.cpp
      before.ood_samples = 0;                           // rows drawn at random are none
      if (key_of(setting) == "task.data_seed") set_own(before, "task.split", "random");
    }
    other = before;
    change(other, setting);
    EXPECT_FALSE(same(make(before), make(other))) << key_of(setting) << " has no effect";
  }
}

TEST_P(EveryRegression, IsDeterministicAndDependsOnTheSeed) {
  TaskSettings task = settings(std::string(GetParam()));
  const Dataset first = make(task);
  const Dataset again = make(task);
  EXPECT_EQ(first.train.x, again.train.x);
  EXPECT_EQ(first.train.y, again.train.y);
  EXPECT_EQ(first.test.x, again.test.x);
  EXPECT_EQ(first.test.y, again.test.y);
  task.seed += 1;
  const Dataset other = make(task);
  EXPECT_NE(first.train.x, other.train.x);
  EXPECT_NE(first.test.x, other.test.x);
}

TEST_P(EveryRegression, InputsLieInTheSquareAndTargetsAreBounded) {
  const Dataset data = make(settings(std::string(GetParam())));
  for (const Samples* samples : {&data.train, &data.test}) {
    for (const double x : samples->x) {
      EXPECT_GE(x, -2.0);
      EXPECT_LT(x, 2.0);
    }
    for (const double y : samples->y) EXPECT_LE(std::abs(y), 2.0);
  }
}

TEST_P(EveryTask, FewerTrainingSamplesAreTheFirstOnes) {
  // Dataset size is an axis: a smaller training set is the beginning of a larger one.
  TaskSettings task = example(GetParam());
  const Dataset large = make(task);
  task.train_samples = 10;
  const Dataset small = make(task);
  EXPECT_TRUE(std::equal(small.train.x.begin(), small.train.x.end(), large.train.x.begin()));
  EXPECT_TRUE(std::equal(small.train.y.begin(), small.train.y.end(), large.train.y.begin()));
}

TEST_P(EveryTask, CanonicalSettingsGiveTheSameData) {
  TaskSettings task = example(GetParam());
  for (const TaskKind& any : task_kinds())
    for (const AnySetting& setting : any.settings) change(task, setting);
  const TaskKind& kind = task_kind(task.kind);
  const TaskSettings canonical = kind.canonical(task);
  EXPECT_EQ(kind.canonical(canonical), canonical);
  EXPECT_TRUE(same(kind.make(task), kind.make(canonical)));
  EXPECT_NE(canonical, task) << "no task uses all settings";
}

TEST_P(EveryRegression, TrainingInputsAreThoseOfModularRegression) {
  const TaskSettings task = settings(std::string(GetParam()));
  EXPECT_EQ(make(task).train.x, make(settings("modular_regression")).train.x);
}

// --- each kind ---

TEST(Identity, TargetsAreTheInputs) {
  for (const bool sparse : {false, true}) {
    TaskSettings task = settings("identity");
    set_own(task, "task.sparse", sparse);
    const Dataset data = make(task);
    EXPECT_EQ(data.train.x, data.train.y);
    EXPECT_EQ(data.test.x, data.test.y);
  }
}

TEST(Identity, DenseInputsAreThoseOfModularRegression) {
  EXPECT_EQ(make(settings("identity")).test.x, make(settings("modular_regression")).test.x);
}

TEST(Identity, SparseSamplesKeepOneEntryAsDocumented) {
  TaskSettings task = settings("identity", 5);
  const Dataset dense = make(task);
  set_own(task, "task.sparse", true);
  const Dataset sparse = make(task);

  // the documented stream again: 3 n functions, N n inputs, N indices, then the test split
  NumpyRandom random(task.seed);
  for (int i = 0; i < 15; ++i) static_cast<void>(random.uniform());
  for (const Samples* samples : {&sparse.train, &sparse.test}) {
    std::vector<double> x(std::size_t{samples->count} * 5);
    for (double& value : x) value = (random.uniform() - 0.5) * 2 * 2;
    std::vector<int> kept_count(5);
    for (std::size_t sample = 0; sample < samples->count; ++sample) {
      const auto kept = static_cast<std::size_t>(std::floor(random.uniform() * 5));
      ++kept_count[kept];
      for (std::size_t i = 0; i < 5; ++i)
        ASSERT_EQ(samples->x[sample * 5 + i], i == kept ? x[sample * 5 + i] : 0.0) << sample << " " << i;
    }
    for (const int count : kept_count) EXPECT_NEAR(count, 200, 60);  // more than four standard deviations
  }
  for (std::size_t k = 0; k < dense.train.x.size(); ++k)
    ASSERT_TRUE(sparse.train.x[k] == 0.0 || sparse.train.x[k] == dense.train.x[k]);
}

TEST(MixedRegression, FollowsTheFormula) {
  for (const std::uint32_t n : {3U, 4U, 6U}) {
    for (const double theta : {std::numbers::pi / 4, 0.3, -2.0}) {
      for (const bool early : {true, false}) {
        TaskSettings task = settings("mixed_regression", n);
        set_own(task, "task.mixing", early ? "early" : "late");
        set_own(task, "task.mixing_angle", theta);
        const Dataset data = make(task);
        const Functions f(task.seed, n);
        // R as a full matrix
        std::vector<std::vector<double>> r(n, std::vector<double>(n, 0.0));
        for (std::size_t i = 0; i < n; ++i) r[i][i] = 1.0;
        r[1][1] = r[2][2] = std::cos(theta);
        r[1][2] = -std::sin(theta);
        r[2][1] = std::sin(theta);
        for (std::size_t sample = 0; sample < data.test.count; ++sample) {
          const double* x = data.test.x.data() + sample * n;
          for (std::size_t i = 0; i < n; ++i) {
            double rotated = 0.0;  // (R x)_i or (R f(x))_i
            for (std::size_t j = 0; j < n; ++j) rotated += r[i][j] * (early ? x[j] : f(j, x[j]));
            EXPECT_NEAR(data.test.y[sample * n + i], early ? f(i, rotated) : rotated, 1e-14);
          }
        }
      }
    }
  }
}

TEST(MixedRegression, WithoutAngleItIsModularRegression) {
  for (const char* mixing : {"early", "late"}) {
    TaskSettings task = settings("mixed_regression");
    set_own(task, "task.mixing", mixing);
    set_own(task, "task.mixing_angle", 0.0);
    EXPECT_EQ(make(task).train.y, make(settings("modular_regression")).train.y);
  }
}

TEST(BlockCompetition, IsModularRegressionByAnotherName) {
  const Dataset own = make(settings("block_competition"));
  const Dataset other = make(settings("modular_regression"));
  EXPECT_EQ(own.train.y, other.train.y);
  EXPECT_EQ(own.test.x, other.test.x);
  EXPECT_EQ(own.test.y, other.test.y);
}

// --- wrong settings ---

struct WrongTask {
  TaskSettings task;
  std::string part;  ///< part of the message
};

TEST(TaskErrors, NameKeyValueAndRemedy) {
  const auto changed = [](const std::string& kind, auto change) {
    TaskSettings task = settings(kind);
    change(task);
    return task;
  };
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<WrongTask> table = {
      {changed("modular_regression", [](auto& t) { t.inputs = 0; }), "task.inputs = 0"},
      {changed("modular_regression", [](auto& t) { t.train_samples = 0; }),
       "task.train_samples = 0: give at least 1"},
      {changed("modular_regression", [](auto& t) { t.test_samples = 0; }),
       "task.test_samples = 0: give at least 1"},
      {changed("modular_regression", [](auto& t) { t.train_samples = 4294967295U; }),
       "task.train_samples = 4294967295"},
      {changed("identity", [](auto& t) { t.inputs = 4294967295U; }), "task.inputs = 4294967295"},
      {changed("identity", [](auto& t) { t.inputs = 0; }), "task.inputs = 0"},
      {changed("mixed_regression", [](auto& t) { t.inputs = 2; }),
       "task.inputs = 2: task.kind = \"mixed_regression\" needs at least 3"},
      {changed("mixed_regression", [](auto& t) { set_own(t, "task.mixing", "foo"); }),
       "task.mixing = \"foo\": use \"early\" or \"late\""},
      {changed("mixed_regression", [](auto& t) { set_own(t, "task.mixing", ""); }), "task.mixing = \"\""},
      {changed("mixed_regression", [=](auto& t) { set_own(t, "task.mixing_angle", infinity); }),
       "task.mixing_angle = inf"},
      {changed("gaussian2d", [](auto&) {}),
       "task.inputs = 4: task.kind = \"gaussian2d\" has the inputs x and y"},
      {changed("gaussian2d", [](auto& t) { t.inputs = 2, t.train_samples = 0; }), "task.train_samples = 0"},
      {changed("gaussian2d", [](auto& t) { t.inputs = 2, set_own(t, "task.fan_fraction", 0.0); }),
       "task.fan_fraction = 0: "},
      {changed("gaussian2d", [](auto& t) { t.inputs = 2, set_own(t, "task.fan_fraction", 0.9999); }),
       "or 1 for the whole disc"},
      {changed("gaussian2d", [](auto& t) { t.inputs = 2, set_own(t, "task.fan_fraction", 1.5); }),
       "task.fan_fraction = 1.5"},
      {changed("random_composition", [](auto&) {}), "set task.inputs = 2"},
      {changed("random_composition", [](auto& t) { t.inputs = 2, set_own(t, "task.patch_fraction", 0.0); }),
       "task.patch_fraction = 0: give a share of the 64 patches"},
      {changed("random_composition", [](auto& t) { t.inputs = 2, set_own(t, "task.patch_fraction", 1.01); }),
       "1.01"},
      {changed("block_competition", [](auto& t) { t.inputs = 0; }), "task.inputs = 0"},
      {changed("modular_regresion", [](auto&) {}),
       "\"modular_regresion\": no such task; the nearest is \"modular_regression\""},
      {changed("identify", [](auto&) {}), "the nearest is \"identity\""},
      {changed("mixed", [](auto&) {}), "no such task"},
      {changed("", [](auto&) {}), "task.kind = \"\""},
      {changed("a\nb", [](auto&) {}), "\"a?b\""},
      {changed(std::string(100'000, 'm'), [](auto&) {}), "mmm..."},
  };
  for (const auto& [task, part] : table) {
    try {
      static_cast<void>(DatasetCache().get(task));
      ADD_FAILURE() << "accepted; expected " << part;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(part));
      EXPECT_THAT(error.what(), testing::Not(testing::HasSubstr("\n")));
      EXPECT_LT(std::string(error.what()).size(), 200U);
    }
  }
}

TEST(TaskErrors, UnusedSettingsAreNotChecked) {
  TaskSettings task = settings("modular_regression", 1);
  set_own(task, "task.mixing", "foo");
  EXPECT_NO_THROW(static_cast<void>(make(task)));
}

}  // namespace
}  // namespace modsweep::test
