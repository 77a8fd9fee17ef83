// Engines that do not train recurrent networks with noise and penalties say so.
#include "config/parse.h"
#include "plan/planner.h"
#include "plan/workers.h"

#include <memory>
#include <vector>

#include <gmock/gmock.h>

#include "modsweep/engine.h"
#include "modsweep/error.h"
#include "modsweep/sweep.h"

namespace modsweep {
namespace {

using testing::HasSubstr;

/// An engine that knows neither noise nor penalties.
class PlainEngine final : public Engine {
 public:
  [[nodiscard]] std::string_view name() const override { return "plain"; }
  [[nodiscard]] Family family() const override { return Family::recurrent; }
  [[nodiscard]] std::string device() const override { return "none"; }
  [[nodiscard]] std::string refuses(const Shape&, Precision) const override { return {}; }
  [[nodiscard]] std::size_t bytes_per_network(const Shape&, std::uint32_t, Precision) const override {
    return 1;
  }
  [[nodiscard]] std::size_t memory() const override { return 1000; }
  [[nodiscard]] std::size_t workers() const override { return 1; }
  [[nodiscard]] std::size_t preferred_pack(const Shape&, std::uint32_t, Precision) const override {
    return 7;
  }
  [[nodiscard]] std::unique_ptr<Training> start(const Pack&) override { return nullptr; }
};

TEST(RecurrentEngines, ThatKnowNoNoiseRefuseIt) {
  std::vector<std::unique_ptr<Engine>> engines;
  engines.push_back(std::make_unique<PlainEngine>());
  const auto workers = make_workers(engines);
  CellSettings cell = test::parse("network.family = \"recurrent\"\n").base;
  EXPECT_EQ(pack_limit(workers.front(), pack_key(cell), 0), 7U);
  for (const auto& change : std::vector<void (*)(CellSettings&)>{
           [](CellSettings& one) { one.noise.strength = 0.1; },
           [](CellSettings& one) { one.regularizer.l1 = 0.1; },
           [](CellSettings& one) { one.regularizer.l2 = 0.1; },
           [](CellSettings& one) { one.regularizer.weighted_activity = 0.1; }}) {
    CellSettings regularized = cell;
    change(regularized);
    try {
      (void)pack_limit(workers.front(), pack_key(regularized), 0);
      ADD_FAILURE() << "the engine was taken";
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(),
                  HasSubstr("engine plain trains recurrent networks without noise and penalties"));
    }
  }
}

}  // namespace
}  // namespace modsweep
