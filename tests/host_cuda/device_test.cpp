// What engines ask of a device besides kernels: memory, handles, graphs, solvers. On the stand-in for CUDA,
// which counts.
#include "device/resources.h"
#include "fused/fused_engine.h"
#include "gemm/gemm_engine.h"
#include "host_cuda/runtime.h"

#include <numeric>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/bench.h"
#include "modsweep/engine.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

using host_cuda::Counts;
using host_cuda::runtime;
using testing::HasSubstr;

class DeviceTest : public testing::Test {
 protected:
  DeviceTest() : properties_(runtime().properties) { runtime().counts = {}; }
  ~DeviceTest() override { runtime().properties = properties_; }

  [[nodiscard]] static GpuDevice device(int index = 0) {
    GpuDevice device;
    device.index = index;
    device.multiprocessors = 2;
    device.resources = std::make_shared<device::DeviceResources>(index);
    return device;
  }

  [[nodiscard]] static Pack pack(std::size_t networks, std::uint32_t width = 6) {
    Pack pack = bench_pack(bench_settings().front(), {4, width, width, 4}, 20, Precision::fp32, networks);
    for (auto& shuffled : pack.shuffle) shuffled = 1;
    return pack;
  }

  /// Trains and measures a pack in every way.
  static void train_and_measure(Engine& engine, const Pack& pack) {
    const auto training = engine.start(pack);
    std::vector<std::size_t> all(pack.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    training->advance(20);
    (void)training->evaluate(Split::test, {});
    (void)training->spectra(all, ClusterBy::incoming);
    (void)training->leaks(all);
    (void)training->save(0);
  }

  /// A pack of networks without hidden layers, whose weights are n x n.
  [[nodiscard]] static std::unique_ptr<Training> matrices(Engine& engine, std::uint32_t n,
                                                          std::size_t count) {
    return engine.start(bench_pack(bench_settings().front(), {n, n}, 1, Precision::fp32, count));
  }

  /// Their spectra on the device are those of the host.
  static void expect_spectra(Training& training, std::size_t count) {
    std::vector<std::size_t> all(count);
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto spectra = training.spectra(all, ClusterBy::incoming);
    ASSERT_TRUE(spectra.has_value());
    for (const std::size_t p : {std::size_t{0}, count / 2, count - 1}) {
      const Parameters weights = training.weights(p);
      const std::uint32_t n = weights.shape.outputs();
      const auto expected = layer_spectra(weights.dense_weights(0), n, n).all.eigenvalues;
      const auto& got = (*spectra)[p][0].all.eigenvalues;
      ASSERT_EQ(got.size(), expected.size());
      for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 1e-12) << p << ' ' << i;
    }
  }

  host_cuda::Properties properties_;
};

TEST_F(DeviceTest, AllPacksAfterTheFirstWaitForNoMemoryAndNoHandles) {
  const GpuDevice gpu = device();
  for (const auto& engine : {make_gemm_engine(gpu), make_fused_engine(gpu)}) {
    SCOPED_TRACE(engine->name());
    train_and_measure(*engine, pack(16));
    const std::size_t before = runtime().counts.waits();
    EXPECT_LE(before, 40U) << "one for each growth of the pool, and the handles";
    for (int i = 0; i < 3; ++i) train_and_measure(*engine, pack(16));
    EXPECT_EQ(runtime().counts.waits(), before);
  }
}

TEST_F(DeviceTest, MemoryThatIsKeptCountsAsFree) {
  const GpuDevice gpu = device();
  const auto engine = make_gemm_engine(gpu);
  const std::size_t before = engine->memory();
  auto resources = gpu.resources->take();
  {
    const auto array = resources->allocate<float>(std::size_t{1} << 26);
    EXPECT_LT(engine->memory(), before / 10 * 8);
  }
  EXPECT_EQ(engine->memory(), before);
  gpu.resources->give_back(std::move(resources));
}

TEST_F(DeviceTest, MemoryOfIdleStreamsIsFreedForOthers) {
  const GpuDevice gpu = device();
  const auto fused = make_fused_engine(gpu);
  const auto training = fused->start(pack(2));
  const auto spectra = [&] {
    const std::vector<std::size_t> networks = {0, 1};
    return training->spectra(networks, ClusterBy::incoming);
  };
  runtime().properties.memory = 50'000'000;  // for the workspace of cuBLAS of one stream only
  const auto gemm = make_gemm_engine(gpu);
  {
    const auto other = gemm->start(pack(2));
    EXPECT_THROW((void)spectra(), std::bad_alloc);
  }
  EXPECT_TRUE(spectra().has_value());
}

TEST_F(DeviceTest, WithoutPoolsMemoryIsAskedOfTheDriver) {
  runtime().properties.pools = false;
  const GpuDevice gpu = device();
  const auto engine = make_gemm_engine(gpu);
  train_and_measure(*engine, pack(4));
  const std::size_t before = runtime().counts.frees;
  train_and_measure(*engine, pack(4));
  EXPECT_GT(runtime().counts.frees, before);
}

TEST_F(DeviceTest, SolvesStayWithinTheirMemory) {
  constexpr std::size_t count = 6000;  // 64 KB each on the stand-in
  const auto engine = make_gemm_engine(device());
  const auto training = matrices(*engine, 3, count);
  expect_spectra(*training, count);
  EXPECT_GT(runtime().counts.solves, 1U);
  EXPECT_LE(runtime().counts.largest_solver_bytes, std::size_t{256} << 20);
}

TEST_F(DeviceTest, SolvesStayWithinTheirNumber) {
  ::setenv("MODSWEEP_HOST_CUDA_SOLVER_BYTES", "16", 1);
  constexpr std::size_t count = 40000;  // more than cuSOLVER takes
  const auto engine = make_gemm_engine(device());
  const auto training = matrices(*engine, 2, count);
  expect_spectra(*training, count);
  ::unsetenv("MODSWEEP_HOST_CUDA_SOLVER_BYTES");
  EXPECT_LE(runtime().counts.largest_solve, 16384U);
}

TEST_F(DeviceTest, EverySolveBeginsWithAClearWorkspace) {
  const auto engine = make_gemm_engine(device());
  const auto training = matrices(*engine, 5, 7);
  for (int i = 0; i < 3; ++i) expect_spectra(*training, 7);  // the stand-in leaves no zeros behind
}

TEST_F(DeviceTest, DevicesHaveLocksOfTheirOwn) {
  runtime().properties.count = 2;
  runtime().used.resize(2);
  const GpuDevice first = device(0);
  const GpuDevice second = device(1);
  const std::unique_lock held(first.resources->captures());  // a capture of the first
  const auto engine = make_gemm_engine(second);
  train_and_measure(*engine, pack(2));
}

TEST_F(DeviceTest, SolvesOfADeviceShareItsLock) {
  const GpuDevice gpu = device();
  const auto engine = make_gemm_engine(gpu);
  const auto training = matrices(*engine, 3, 4);
  const std::shared_lock held(gpu.resources->captures());  // the solve of another stream
  std::thread([&] { expect_spectra(*training, 4); }).join();
}

TEST_F(DeviceTest, AFailedCaptureIsTriedAgain) {
  const auto engine = make_gemm_engine(device());
  const auto expected = engine->start(pack(3));
  expected->advance(20);
  EXPECT_EQ(expected->note(), "");

  runtime().properties.captures = runtime().counts.captures;
  const auto training = engine->start(pack(3));
  training->advance(20);
  EXPECT_EQ(runtime().counts.captures, 4U) << "two of the first pack, and two attempts";
  EXPECT_THAT(training->note(), HasSubstr("kernels are launched one by one: same results, slower"));
  for (std::size_t p = 0; p < 3; ++p) EXPECT_EQ(training->save(p), expected->save(p));
}

TEST_F(DeviceTest, ShufflesByManyThreadsAreThoseOfOne) {
  const GpuDevice gpu = device();
  const Pack shuffled = pack(3);
  const auto many = make_gemm_engine(gpu)->start(shuffled);
  const auto one = make_fused_engine(gpu)->start(shuffled);
  for (const std::uint64_t steps : {0U, 1U, 60U}) {  // into the next epoch
    many->advance(steps);
    one->advance(steps);
    for (std::size_t p = 0; p < shuffled.size(); ++p) {
      const double expected = one->inspect(p).mse;
      EXPECT_NEAR(many->inspect(p).mse, expected, 1e-4 * expected) << p << " after " << one->step(p);
    }
  }
}

TEST_F(DeviceTest, ProductsAreOfAlignedMatrices) {
  const auto engine = make_gemm_engine(device());
  for (const Precision precision : {Precision::fp32, Precision::fp64}) {
    Pack pack = bench_pack(bench_settings().front(), {3, 7, 6, 5, 3}, 20, precision, 2);
    pack.shape.prelu = true;  // a slope behind each layer's biases
    pack.activation.assign(pack.size(), Activation::prelu);
    const auto training = engine->start(pack);
    training->advance(2);
  }
  EXPECT_GT(runtime().counts.products, 0U);
  EXPECT_EQ(runtime().counts.unaligned_products, 0U);
}

TEST_F(DeviceTest, ClustersAreAsLargeAsTheDeviceHolds) {
  const Shape narrow = pack(1, 32).shape;
  const Shape two = pack(1, 160).shape;    // takes two blocks
  const Shape eight = pack(1, 350).shape;  // takes eight
  for (const auto& [blocks, of_two, of_eight] :
       {std::tuple{8, true, true}, {7, true, false}, {3, true, false}, {1, false, false}}) {
    runtime().properties.cluster_blocks = blocks;
    const auto engine = make_fused_engine(device());
    EXPECT_EQ(engine->refuses(narrow, Precision::fp32), "") << blocks;
    EXPECT_EQ(engine->refuses(two, Precision::fp32).empty(), of_two) << blocks;
    EXPECT_EQ(engine->refuses(eight, Precision::fp32).empty(), of_eight) << blocks;
    if (of_two) engine->start(pack(2, 160))->advance(1);
  }
}

TEST_F(DeviceTest, FullPacksAreWholeRounds) {
  for (const std::size_t multiprocessors : {2U, 20U, 108U, 132U, 170U}) {
    GpuDevice gpu = device();
    gpu.multiprocessors = multiprocessors;
    const std::size_t networks = make_fused_engine(gpu)->preferred_pack(pack(1).shape, 200, Precision::fp32);
    EXPECT_GE(networks, 1024U);
    for (const std::size_t held : {1U, 2U, 3U, 4U}) EXPECT_EQ(networks % (held * multiprocessors), 0U);
  }
}

}  // namespace
}  // namespace modsweep
