// The weight matrices in a file of tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "modsweep/safetensors.h"
#include "modsweep/settings.h"

namespace modsweep::cli {

/// A weight matrix: a tensor [out, in], or that of one network in a stack [P, out, in].
struct WeightMatrix {
  std::string tensor;
  std::optional<std::uint64_t> network;  ///< of a stack: index from 0
  std::string dtype;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;
  bool named = false;  ///< asked for by itself

  /// "0.weight[3]", on one line.
  [[nodiscard]] std::string label() const;
};

/// What has no spectrum, by reason.
class LeftOut {
 public:
  /// `label` is on one line.
  void add(const std::string& reason, const std::string& label);
  /// A line for each reason.
  void print(const std::string& path, std::ostream& err) const;

 private:
  struct Tensors {
    std::size_t count = 0;
    std::vector<std::string> first;
  };
  std::map<std::string, Tensors> by_reason_;
};

/// The entries of a matrix; none where one is not finite.
[[nodiscard]] std::optional<std::vector<double>> read_finite(TensorReader& file, const WeightMatrix& matrix);

/// The matrices in the tensors with these names (NAME[I] is a network of a stack), or in all tensors that
/// look like weights; `left_out` receives the others. `by`: the units that are clustered, of which there must
/// not be more than 4096. Throws InputError for a name that is not in the file or has no matrix.
[[nodiscard]] std::vector<WeightMatrix> select_matrices(const TensorHeader& header, const std::string& path,
                                                        const std::vector<std::string>& names, ClusterBy by,
                                                        LeftOut& left_out);

}  // namespace modsweep::cli
