// The engines that the conformance tests of this folder run on. A new engine needs one line in
// engines_under_test.cpp.
#pragma once

#include "engines/gpu_module.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "modsweep/engine.h"

namespace modsweep::test {

struct EngineUnderTest {
  std::string name;                 ///< part of test names: letters, digits, underscores
  std::function<bool()> available;  ///< whether this machine can run it
  std::function<std::unique_ptr<Engine>(std::size_t)> make;  ///< takes the number of threads
  std::vector<Precision> precisions;
  /// Whether a network's result is bit-identical in packs of any size. If not, it is equal up to rounding:
  /// cuBLAS, for example, chooses its kernel by the size of a batch.
  bool exact_in_any_pack = true;
};

[[nodiscard]] const std::vector<EngineUnderTest>& engines_under_test();

/// The engines that run on a GPU, except fused_3xtf32, which is for wide layers.
[[nodiscard]] std::vector<EngineUnderTest> gpu_engines_of_any_shape();

/// The GPU module of this build, or the one named by the environment variable MODSWEEP_TEST_GPU_MODULE.
[[nodiscard]] GpuAccess open_gpu_under_test();

/// The engines that compute in this precision.
[[nodiscard]] std::vector<EngineUnderTest> engines_with(Precision precision);

/// One engine in one precision: the parameter of most tests.
struct EngineCase {
  EngineUnderTest engine;
  Precision precision = Precision::fp64;
};

/// Lists a test's parameter by name.
inline void PrintTo(const EngineUnderTest& engine, std::ostream* out) {
  *out << engine.name;
}

[[nodiscard]] std::vector<EngineCase> engine_cases();
[[nodiscard]] std::string engine_case_name(const EngineCase& test_case);
inline void PrintTo(const EngineCase& test_case, std::ostream* out) {
  *out << engine_case_name(test_case);
}

/// The largest |a - b| divided by the largest |b|; infinite if the sizes differ or a value is not finite.
[[nodiscard]] double relative_distance(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace modsweep::test
