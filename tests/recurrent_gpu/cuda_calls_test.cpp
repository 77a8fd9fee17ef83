// Recurrent networks by CUDA calls, on the stand-in for CUDA: bit for bit the emulated device's.
#include "recurrent/device_networks.h"
#include "recurrent_gpu/device_networks.h"

#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep::test {
namespace {

template <typename T>
void expect_emulation(bptt::Method method, PassKind kind, bool modular) {
  recurrent::RunSettings run;
  run.form.units = 4;
  run.form.modular = modular;
  run.batch = 5;
  run.parity.length_factor = 2.5;
  const std::vector<recurrent::RunSettings> runs = {run, run};
  const bptt::Form form = {.units = 4, .modular = modular, .batch = 5, .max_heads = 3};
  const bptt::NetworkPlan plan = {.settings = {.length_factor = 2.5}, .growth = {}};
  const auto cuda = bptt::start_networks<T>({}, method, form, {plan, plan});
  const auto emulated = on_device<T>(runs, 3, {.pass = kind});
  for (bptt::Networks<T>* one : {cuda.get(), emulated.get()}) {
    auto other = one->state(1);
    for (T& value : other.values) value *= T(0.5);
    one->set_state(1, other);
    one->train({2, 1});
    one->grow({1, 0});
    one->train({3, 3});
  }
  for (std::uint32_t p : {0U, 1U}) EXPECT_EQ(cuda->state(p), emulated->state(p)) << p;
  EXPECT_EQ(cuda->test({{0, 1}, {7, 2}}), emulated->test({{0, 1}, {7, 2}}));
  EXPECT_NE(cuda->state(0).values.size(), cuda->state(1).values.size());
}

TEST(RecurrentCudaCalls, AreTheEmulation) {
  for (const bool modular : {true, false}) {
    expect_emulation<float>(bptt::Method::fused, PassKind::fused, modular);
    expect_emulation<double>(bptt::Method::fused, PassKind::fused, modular);
    expect_emulation<float>(bptt::Method::gemm, PassKind::gemm, modular);
    expect_emulation<double>(bptt::Method::gemm, PassKind::gemm, modular);
  }
}

TEST(RecurrentCudaCalls, ModulesThatABlockCannotHoldAreRefused) {
  EXPECT_EQ(bptt::refuses<float>({}, bptt::Method::fused, {.units = 128, .modular = false}), "");
  EXPECT_EQ(bptt::refuses<double>({}, bptt::Method::gemm, {.units = 400}), "");
  const bptt::Form form = {.units = 400, .batch = 1, .max_heads = 1};
  EXPECT_NE(bptt::refuses<float>({}, bptt::Method::fused, form), "");
  EXPECT_THROW((void)bptt::start_networks<float>({}, bptt::Method::fused, form, {{}}), LogicError);
}

}  // namespace
}  // namespace modsweep::test
