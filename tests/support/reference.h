// The reference vectors (tests/data/reference/README.md), or those in the folder named by the environment
// variable MODSWEEP_REFERENCE_DIR: every case found there, none skipped silently.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "modsweep/network.h"
#include "modsweep/safetensors.h"
#include "modsweep/settings.h"

namespace modsweep::test {

/// $MODSWEEP_REFERENCE_DIR if it is set and not empty, else tests/data/reference.
[[nodiscard]] std::string reference_dir();

/// A file with reference vectors. Its tensors are read on request.
struct ReferenceFile {
  std::string name;  ///< file name without its extension
  std::string path;
  [[nodiscard]] TensorFile load() const;
};

/// The settings of a case of networks/ or trajectories/.
struct NetworkCase : ReferenceFile {
  std::vector<std::uint32_t> sizes;
  Activation activation = Activation::leaky_relu;
  double leaky_slope = 0.1;
  std::string regularizer;  ///< as in the file: "WA1.5"
  double coef = 0.0;        ///< of that regularizer
  double l2 = 0.0;
  std::optional<double> reg_alpha;    ///< exponent of Act and WA
  double sigma = 0.0;                 ///< 0: no noise
  std::optional<double> noise_alpha;  ///< set exactly if the case has noise
  std::uint32_t batch = 0;
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double adam_eps = 1e-8;
  std::string note;
  std::uint32_t n = 0;      ///< trajectories only: inputs of the task
  std::uint64_t steps = 0;  ///< trajectories only

  [[nodiscard]] std::size_t weight_layers() const { return sizes.size() - 1; }
  [[nodiscard]] Shape shape() const;
  /// The case in the program's own types.
  [[nodiscard]] NoiseSettings noise_settings() const;
  [[nodiscard]] RegularizerSettings regularizer_settings() const;
  /// Task (trajectories), network, noise, regularizer, and Adam with the case's batch size and number of
  /// steps.
  [[nodiscard]] CellSettings cell() const;
};

/// The tensors prefix + "W<l>" + suffix and prefix + "b<l>" + suffix of a case as one network, in
/// ParameterLayout's order. `prefix` "g" gives the gradients.
[[nodiscard]] Parameters parameters_of(const NetworkCase& test_case, const TensorFile& file,
                                       const std::string& prefix, const std::string& suffix);

/// A case of laplacian/.
struct LaplacianCase : ReferenceFile {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::uint32_t n = 0;  ///< modules, for gap_n
};

/// A case of task/: modular_regression_n<n>.
struct TaskCase : ReferenceFile {
  std::uint32_t n = 0;
};

/// All cases of a folder, sorted by name. Each throws std::runtime_error if the folder has no case, if a case
/// has an unknown activation, regularizer or setting, or if the directory holds anything else. Loop over the
/// cases inside a test rather than instantiate tests for them: ctest runs the names that it found at build
/// time, and would silently skip the cases of another directory.
[[nodiscard]] std::vector<NetworkCase> network_cases(const std::string& directory = reference_dir());
[[nodiscard]] std::vector<NetworkCase> trajectory_cases(const std::string& directory = reference_dir());
[[nodiscard]] std::vector<LaplacianCase> laplacian_cases(const std::string& directory = reference_dir());
[[nodiscard]] std::vector<TaskCase> task_cases(const std::string& directory = reference_dir());

/// The tensor of that name; if there is none, throws std::runtime_error with the names of the file and the
/// tensor.
[[nodiscard]] const Tensor& tensor(const TensorFile& file, const ReferenceFile& source,
                                   const std::string& name);
/// The only value of a tensor.
[[nodiscard]] double scalar(const TensorFile& file, const ReferenceFile& source, const std::string& name);

}  // namespace modsweep::test
