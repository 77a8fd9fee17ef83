// The engines that the conformance tests of this folder run on. A new engine is one line in
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
  std::string name;                 ///< as a test's name: letters, digits, underscores
  std::function<bool()> available;  ///< whether this machine can run it
  std::function<std::unique_ptr<Engine>(std::size_t)> make;  ///< with so many threads
  std::vector<Precision> precisions;
  /// Whether a network has the same bits in packs of any size. Else, as with cuBLAS, which chooses its kernel
  /// by the size of a batch, it is the same up to rounding.
  bool exact_in_any_pack = true;
};

[[nodiscard]] const std::vector<EngineUnderTest>& engines_under_test();

/// Those that run on a GPU, but fused_3xtf32, which is for wide layers.
[[nodiscard]] std::vector<EngineUnderTest> gpu_engines_of_any_shape();

/// The GPU module of this build, or the one that the environment's MODSWEEP_TEST_GPU_MODULE names.
[[nodiscard]] GpuAccess open_gpu_under_test();

/// Those that compute in this precision.
[[nodiscard]] std::vector<EngineUnderTest> engines_with(Precision precision);

/// One engine in one precision: the parameter of most tests.
struct EngineCase {
  EngineUnderTest engine;
  Precision precision = Precision::fp64;
};

/// So that a test's parameter is listed by name.
inline void PrintTo(const EngineUnderTest& engine, std::ostream* out) {
  *out << engine.name;
}

[[nodiscard]] std::vector<EngineCase> engine_cases();
[[nodiscard]] std::string engine_case_name(const EngineCase& test_case);
inline void PrintTo(const EngineCase& test_case, std::ostream* out) {
  *out << engine_case_name(test_case);
}

/// Largest |a - b| over the largest |b|; infinite where the sizes differ or anything is not finite.
[[nodiscard]] double relative_distance(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace modsweep::test
