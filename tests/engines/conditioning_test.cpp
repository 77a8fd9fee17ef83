// Trials of right engines, and of a slightly wrong one, on cells whose gradient amplifies rounding.
#include "engine/emulated_fused.h"
#include "engines/trials.h"
#include "gemm/gemm_training.h"
#include "support/host_backend.h"

#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/cpu_engine.h"

namespace modsweep {
namespace {

using testing::HasSubstr;

/// The gemm engine's training on loops; products of floats, as those of cuBLAS, in another order than the
/// CPU engine's.
class LoopsBackend : public test::HostBackend {
 public:
  using Graph = std::function<void()>;
  void use_tf32(bool) {}
  [[nodiscard]] Graph capture(Graph work) {
    work();
    return work;
  }
  void launch(const Graph& graph, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) graph();
  }
};

class GemmOnLoops final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const override { return "gemm"; }
  [[nodiscard]] std::string device() const override { return "loops"; }
  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }
  [[nodiscard]] std::size_t bytes_per_network(const Shape&, std::uint32_t, Precision) const override {
    return 1;
  }
  [[nodiscard]] std::size_t memory() const override { return std::size_t{1} << 30; }
  [[nodiscard]] std::size_t workers() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return 64;
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    return std::make_unique<pack::GemmTraining<LoopsBackend, float>>(std::make_unique<LoopsBackend>(), pack);
  }
};

/// Trains another network than it is asked to: the strength of the noise is off.
class WrongNoise final : public Engine {
 public:
  WrongNoise() : engine_(make_cpu_engine({.threads = 1, .instruction_set = {}})) {}
  [[nodiscard]] std::string_view name() const override { return "wrong"; }
  [[nodiscard]] std::string device() const override { return engine_->device(); }
  [[nodiscard]] std::string refuses(const Shape& shape, Precision precision) const override {
    return engine_->refuses(shape, precision);
  }
  [[nodiscard]] std::size_t bytes_per_network(const Shape& shape, std::uint32_t batch,
                                              Precision precision) const override {
    return engine_->bytes_per_network(shape, batch, precision);
  }
  [[nodiscard]] std::size_t memory() const override { return engine_->memory(); }
  [[nodiscard]] std::size_t workers() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape& shape, std::uint32_t batch,
                                           Precision precision) const override {
    return engine_->preferred_pack(shape, batch, precision);
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack& pack) override {
    Pack other = pack;
    for (NoiseSettings& noise : other.noise) noise.strength *= 1.05;
    return engine_->start(other);
  }

 private:
  std::unique_ptr<Engine> engine_;
};

/// The outcome of a trial on the paper's network with noise of this exponent.
std::string trial_of(std::unique_ptr<Engine> engine, double exponent, std::uint32_t seed) {
  Sweep sweep;
  sweep.base.network.hidden = {32, 32, 32};
  sweep.base.noise = {.strength = 0.1, .exponent = exponent};
  sweep.base.regularizer.weighted_activity = 1e-3;
  sweep.base.training.steps = 100;
  sweep.base.training.seed = seed;
  std::vector<Contender> contenders(2);
  contenders[0].name = "cpu";
  contenders[0].engines.push_back(make_cpu_engine({.threads = 1, .instruction_set = {}}));
  contenders[1].name = "other";
  contenders[1].engines.push_back(std::move(engine));
  const std::unordered_set<std::uint64_t> finished;
  DatasetCache datasets;
  return try_engines({sweep, finished, datasets}, contenders,
                     [](const PlanSummary&, Engine&) {
                       return Calibration{1e9, 0.0};
                     })
      .why;
}

class Conditioning : public testing::TestWithParam<double> {};

TEST_P(Conditioning, RightEnginesArePassed) {
  for (std::uint32_t seed = 0; seed < 24; ++seed) {
    EXPECT_THAT(trial_of(test::make_emulated_fused_engine(), GetParam(), seed),
                testing::Not(HasSubstr("cannot be used")))
        << "fused, seed " << seed;
    EXPECT_THAT(trial_of(std::make_unique<GemmOnLoops>(), GetParam(), seed),
                testing::Not(HasSubstr("cannot be used")))
        << "gemm, seed " << seed;
  }
}

TEST_P(Conditioning, AWrongOneIsNot) {
  for (std::uint32_t seed = 0; seed < 24; ++seed)
    EXPECT_THAT(trial_of(std::make_unique<WrongNoise>(), GetParam(), seed),
                HasSubstr("other cannot be used: differs"))
        << seed;
}

INSTANTIATE_TEST_SUITE_P(Exponents, Conditioning, testing::Values(0.5, 1.0), [](const auto& info) {
  return info.param == 1.0 ? std::string("One") : std::string("Half");
});

}  // namespace
}  // namespace modsweep
