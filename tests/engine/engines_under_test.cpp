#include "engine/engines_under_test.h"

#include "cpu/isa_names.h"
#include "engine/emulated_fused.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include <dlfcn.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/names.h"

namespace modsweep::test {

namespace {

EngineUnderTest cpu_engine(std::string name, std::string instruction_set) {
  return {std::move(name),
          [instruction_set] {
            for (const auto isa : {cpu::Isa::avx512, cpu::Isa::avx2, cpu::Isa::baseline})
              if (cpu::isa_name(isa) == instruction_set) return cpu::has_isa(isa);
            return false;
          },
          [instruction_set](std::size_t threads) {
            return make_cpu_engine({.threads = threads, .instruction_set = instruction_set});
          },
          {Precision::fp32, Precision::fp64}};
}

EngineUnderTest gpu_engine(std::string name, std::unique_ptr<Engine> (*GpuModule::*make)(const GpuDevice&),
                           bool exact_in_any_pack,
                           std::vector<Precision> precisions = {Precision::fp32, Precision::fp64}) {
  return {.name = std::move(name),
          .available = [] { return open_gpu_under_test().module != nullptr; },
          .make =
              [make](std::size_t) {
                const GpuAccess gpu = open_gpu_under_test();
                return (gpu.module->*make)(gpu.devices.front());
              },
          .precisions = std::move(precisions),
          .exact_in_any_pack = exact_in_any_pack};
}

}  // namespace

GpuAccess open_gpu_under_test() {
  const char* other = std::getenv("MODSWEEP_TEST_GPU_MODULE");
  if (other == nullptr) return open_gpu(MODSWEEP_GPU_MODULE);
  // The driver lies beside the module; open_gpu then finds it by its name.
  (void)::dlopen((std::filesystem::path(other).parent_path() / "libcuda.so.1").c_str(), RTLD_LAZY);
  return open_gpu(other);
}

const std::vector<EngineUnderTest>& engines_under_test() {
  static const std::vector<EngineUnderTest> engines = {
      cpu_engine("cpu_avx512", "avx512"),
      cpu_engine("cpu_avx2", "avx2"),
      cpu_engine("cpu_x86_64", "x86-64"),
#ifdef MODSWEEP_EMULATED_ENGINE
      {"fused_clusters_emulated",
       [] { return true; },
       [](std::size_t) { return make_emulated_fused_engine({.fewest_ranks = 2}); },
       {Precision::fp64}},  // fp32 and other clusters: fused_test.cpp, and the wide networks of all tests
#endif
      gpu_engine("gemm", &GpuModule::make_gemm_engine, false),
      gpu_engine("fused", &GpuModule::make_fused_engine, true),
      gpu_engine("fused_3xtf32", &GpuModule::make_fused_3xtf32_engine, true, {Precision::fp32}),
  };
  return engines;
}

std::vector<EngineUnderTest> gpu_engines_of_any_shape() {
  return {gpu_engine("gemm", &GpuModule::make_gemm_engine, false),
          gpu_engine("fused", &GpuModule::make_fused_engine, true)};
}

std::vector<EngineUnderTest> engines_with(Precision precision) {
  std::vector<EngineUnderTest> engines;
  for (const auto& engine : engines_under_test())
    if (std::ranges::count(engine.precisions, precision) > 0) engines.push_back(engine);
  return engines;
}

std::vector<EngineCase> engine_cases() {
  std::vector<EngineCase> cases;
  for (const auto& engine : engines_under_test())
    for (const Precision precision : engine.precisions) cases.push_back({engine, precision});
  return cases;
}

std::string engine_case_name(const EngineCase& test_case) {
  return test_case.engine.name + "_" + std::string(name_of(test_case.precision));
}

double relative_distance(const std::vector<double>& a, const std::vector<double>& b) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  if (a.size() != b.size()) return infinite;
  double difference = 0.0;
  double scale = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i]) || !std::isfinite(b[i])) return infinite;
    difference = std::max(difference, std::abs(a[i] - b[i]));
    scale = std::max(scale, std::abs(b[i]));
  }
  if (difference == 0.0) return 0.0;
  return scale == 0.0 ? infinite : difference / scale;
}

}  // namespace modsweep::test
