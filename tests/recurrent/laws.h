// The laws of every engine, for recurrent networks in training: alone equals in a crowd, in any order, on any
// number of threads, unbroken equals resumed; a network that diverges or solves nothing hurts nobody.
//
// Each engine's tests say with INSTANTIATE_TYPED_TEST_SUITE_P what they are held to. A Case has
//   T; form_of_packs: whether the runs of a pack must have one form;
//   epochs and steps of an epoch of its runs, which an emulated device takes its time for;
//   make(runs, threads) -> std::unique_ptr<recurrent::Runs<T>>.
#pragma once

#include "recurrent/training.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep::test {

template <typename Case>
class RecurrentLaws : public testing::Test {
 protected:
  using T = typename Case::T;
  using RunSettings = recurrent::RunSettings;
  using Pack = std::vector<RunSettings>;

  static std::unique_ptr<recurrent::Runs<T>> training(const Pack& runs, std::size_t threads = 1) {
    return Case::make(runs, threads);
  }

  /// A run that passes a task in few steps because nearly any accuracy is enough, so that it grows.
  static RunSettings growing(std::uint32_t seed, std::uint32_t units = 5) {
    RunSettings run;
    run.form.units = units;
    run.batch = 20;
    run.steps_per_epoch = Case::epoch_steps;
    run.test_batches = 2;
    run.epochs = Case::epochs;
    run.pass = 0.4;
    run.seed = seed;
    return run;
  }

  /// Networks of different tasks and settings, and, where a pack may have them, of different forms and with
  /// noise and penalties (which devices do not train).
  static std::vector<Pack> packs() {
    Pack modular = {growing(1), growing(2), growing(3), growing(4), growing(5)};
    modular[1].growth.freeze = recurrent::Freeze::recurrent;
    modular[1].step.site = math::ActivationSite::state;
    modular[2].growth.old_rate = 0.5;
    modular[2].parity.length_factor = 2.5;
    modular[2].steps_per_epoch += 2;  // its epochs end at other times
    modular[2].test_batches = 3;
    modular[3].pass = 1.0;  // never solves N = 2
    modular[4].growth.from_untrained = true;
    modular[4].epochs -= 1;
    modular[4].parity.bit_probability = recurrent::ParitySettings::BitProbability::batch;
    Pack flat = {growing(6, 3), growing(7, 3)};
    for (RunSettings& run : flat) run.form.modular = false;
    flat[0].parity.length = recurrent::ParitySettings::Length::sequence;
    if (Case::form_of_packs) return {modular, flat};
    modular.insert(modular.end(), flat.begin(), flat.end());
    modular.push_back(growing(8, 6));
    modular.back().form.modular = false;
    modular.back().step.regularization = {.noise = 0.1, .l1 = 1e-4, .weighted_activity = 1e-3};
    return {modular};
  }

  /// Steps of the longest run, and more.
  static constexpr std::uint64_t all_steps = 1000;
};
TYPED_TEST_SUITE_P(RecurrentLaws);

TYPED_TEST_P(RecurrentLaws, ACrowdOfNetworksGrows) {
  for (const auto& runs : this->packs()) {
    auto all = this->training(runs);
    all->advance(this->all_steps);
    for (std::size_t n = 0; n < runs.size(); ++n) {
      SCOPED_TRACE(n);
      const auto records = all->take_records(n);
      ASSERT_EQ(records.size(), runs[n].epochs);
      EXPECT_EQ(all->step(n), all->total_steps(n));
      EXPECT_FALSE(all->diverged(n));
      EXPECT_EQ(all->last(n), records.back());
      if (runs[n].pass == 1.0) {
        EXPECT_EQ(records.back().solved, 1U);
        EXPECT_EQ(all->state(n).network.heads, 1U);
        continue;
      }
      EXPECT_GE(records.back().solved, 3U) << "the test means nothing unless networks grow";
      for (std::size_t e = 0; e < records.size(); ++e) {
        EXPECT_EQ(records[e].epoch, e + 1);
        EXPECT_EQ(records[e].accuracy.size(), records[e].task - 1);
        EXPECT_EQ(records[e].timescale.size(), runs[n].form.modular ? records[e].task - 1 : 1U);
        if (e > 0) {
          EXPECT_EQ(records[e].task, records[e - 1].solved + 1);
          EXPECT_LE(records[e].task, records[e - 1].task + 1);
        }
      }
      // After the last epoch nothing grows.
      EXPECT_EQ(all->state(n).network.heads, records.back().accuracy.size());
    }
  }
}

TYPED_TEST_P(RecurrentLaws, AloneEqualsInACrowdInAnyOrderOnAnyThreads) {
  for (auto runs : this->packs()) {
    auto all = this->training(runs);
    all->advance(this->all_steps);
    std::ranges::reverse(runs);
    auto reversed = this->training(runs, 3);
    reversed->advance(this->all_steps);
    for (std::size_t n = 0; n < runs.size(); ++n) {
      SCOPED_TRACE(n);
      auto alone = this->training({runs[n]});
      alone->advance(this->all_steps);
      const std::size_t other = runs.size() - 1 - n;
      EXPECT_EQ(alone->state(0), reversed->state(n));
      EXPECT_EQ(alone->state(0), all->state(other));
      EXPECT_EQ(alone->take_records(0), all->take_records(other));
    }
  }
}

TYPED_TEST_P(RecurrentLaws, ResumedEqualsUnbroken) {
  for (const auto& runs : this->packs()) {
    auto unbroken = this->training(runs);
    unbroken->advance(this->all_steps);
    std::vector<std::vector<recurrent::EpochRecord>> expected;
    for (std::size_t n = 0; n < runs.size(); ++n) expected.push_back(unbroken->take_records(n));
    const std::uint64_t epoch = runs[0].steps_per_epoch;
    for (const std::uint64_t every : {std::uint64_t{1}, epoch - 1, epoch, 2 * epoch}) {
      SCOPED_TRACE(every);
      std::vector<std::vector<std::byte>> saved;
      std::vector<std::vector<recurrent::EpochRecord>> records(runs.size());
      for (std::uint64_t step = 0; step < runs[0].epochs * (epoch + 2); step += every) {
        auto part = this->training(runs);
        for (std::size_t n = 0; n < saved.size(); ++n) part->restore(n, saved[n]);
        part->advance(every);
        saved.clear();
        for (std::size_t n = 0; n < runs.size(); ++n) {
          saved.push_back(part->save(n));
          for (auto& record : part->take_records(n)) records[n].push_back(std::move(record));
        }
      }
      for (std::size_t n = 0; n < runs.size(); ++n) {
        EXPECT_EQ(saved[n], unbroken->save(n)) << n;
        EXPECT_EQ(records[n], expected[n]) << n;
      }
    }
  }
}

TYPED_TEST_P(RecurrentLaws, ADivergedNetworkStopsAndHurtsNobody) {
  for (auto runs : this->packs()) {
    runs[0].step.learning_rate = 1e30;
    runs[0].step.clip_norm = 0.0;
    auto all = this->training(runs);
    all->advance(this->all_steps);
    ASSERT_TRUE(all->diverged(0));
    EXPECT_EQ(*all->diverged(0), all->step(0) + 1);
    const auto before = all->save(0);
    all->advance(10);
    EXPECT_EQ(all->save(0), before);
    auto others = this->training({runs.begin() + 1, runs.end()});
    others->advance(this->all_steps);
    for (std::size_t n = 1; n < runs.size(); ++n) EXPECT_EQ(all->state(n), others->state(n - 1)) << n;
  }
}

/// The others go on as if it were not there, in the middle of an epoch, too.
TYPED_TEST_P(RecurrentLaws, AStoppedNetworkStaysAsItIs) {
  for (const auto& runs : this->packs()) {
    auto whole = this->training(runs);
    whole->advance(this->all_steps);
    auto all = this->training(runs);
    all->advance(runs[0].steps_per_epoch + 1);
    const auto before = all->save(0);
    all->stop(0);
    all->advance(this->all_steps);
    EXPECT_EQ(all->save(0), before);
    for (std::size_t n = 1; n < runs.size(); ++n) EXPECT_EQ(all->state(n), whole->state(n)) << n;
  }
}

/// What is learned next is seen before, and seeing it changes nothing.
TYPED_TEST_P(RecurrentLaws, AnInspectionIsOfTheNextStep) {
  for (const auto& runs : this->packs()) {
    auto all = this->training(runs);
    all->advance(runs[0].steps_per_epoch + 1);
    for (std::size_t n = 0; n < runs.size(); ++n) {
      const StepInspection next = all->inspect(n);
      const recurrent::RunState<typename TypeParam::T> before = all->state(n);
      ASSERT_EQ(next.gradient.size(), before.network.values.size());
      EXPECT_EQ(all->inspect(n).gradient, next.gradient);
      auto alone = this->training({runs[n]});
      alone->restore(0, all->save(n));
      alone->advance(1);
      if (alone->state(0).loss_sum == 0.0) continue;  // an epoch ended
      EXPECT_DOUBLE_EQ(alone->state(0).loss_sum - before.loss_sum, next.total) << n;
      const auto layout = before.network.layout();
      for (std::size_t t = 0; t < layout.tensors().size(); ++t)
        for (std::size_t i = 0; i < layout.tensors()[t].size(); ++i) {
          const std::size_t at = layout.tensors()[t].offset + i;
          const bool moved = alone->state(0).network.velocity[at] != before.network.velocity[at];
          if (before.network.rates[t] == 0.0) {
            EXPECT_EQ(next.gradient[at], 0.0);
          } else if (next.gradient[at] != 0.0) {
            EXPECT_TRUE(moved) << layout.tensors()[t].name << " " << i;
          }
        }
    }
  }
}

TYPED_TEST_P(RecurrentLaws, StatesOfOtherNetworksAreRefused) {
  const auto packs = this->packs();
  auto all = this->training(packs.front());
  all->advance(20);
  const auto saved = all->save(0);
  auto flat = this->training({packs.back().back()});
  EXPECT_THROW(flat->restore(0, saved), InputError) << "modular, of another size";
  auto cut = saved;
  cut.pop_back();
  EXPECT_THROW(all->restore(0, cut), InputError);
  EXPECT_THROW(all->restore(0, {}), InputError);
  auto other_magic = saved;
  other_magic[0] = std::byte{0};
  EXPECT_THROW(all->restore(0, other_magic), InputError);
  auto many_heads = saved;
  std::memset(many_heads.data() + 12, 0xff, 8);
  EXPECT_THROW(all->restore(0, many_heads), InputError);
  EXPECT_EQ(all->save(0), saved) << "a refused state changes nothing";
}

TYPED_TEST_P(RecurrentLaws, TheSolvedNetworkIsThatBeforeItGrew) {
  auto run = this->growing(1);
  run.pass = 0.0;
  auto all = this->training({run});
  all->advance(TypeParam::epoch_steps);
  const auto& state = all->state(0);
  ASSERT_EQ(state.network.heads, 2U);
  EXPECT_EQ(state.solved.heads, 1U);
  EXPECT_EQ(recurrent::solved_task(state), 2U);
  EXPECT_TRUE(
      std::equal(state.solved.values.begin(), state.solved.values.end(), state.network.values.begin()));
}

TYPED_TEST_P(RecurrentLaws, SettingsThatNoRunCanHaveAreRefused) {
  auto run = this->growing(1);
  run.growth.freeze = recurrent::Freeze::recurrent;
  run.growth.old_rate = 0.5;
  EXPECT_THROW(this->training({run}), LogicError);
  run = this->growing(1);
  run.parity.length_factor = 1.5;
  EXPECT_THROW(this->training({run}), LogicError);
  run = this->growing(1);
  run.batch = 0;
  EXPECT_THROW(this->training({run}), LogicError);
}

REGISTER_TYPED_TEST_SUITE_P(RecurrentLaws, ACrowdOfNetworksGrows, AloneEqualsInACrowdInAnyOrderOnAnyThreads,
                            ResumedEqualsUnbroken, ADivergedNetworkStopsAndHurtsNobody,
                            AStoppedNetworkStaysAsItIs, AnInspectionIsOfTheNextStep,
                            StatesOfOtherNetworksAreRefused, TheSolvedNetworkIsThatBeforeItGrew,
                            SettingsThatNoRunCanHaveAreRefused);

}  // namespace modsweep::test
