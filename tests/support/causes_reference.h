// The vectors of causes of modularity: the folder causes/ of reference_dir() (its README.md), found by kind.
#pragma once

#include "support/reference.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep::test {

/// A case of causes/, read whole.
struct CauseCase : ReferenceFile {
  TensorFile file;  ///< metadata: JSON texts

  [[nodiscard]] const std::string& text(const std::string& key) const;
  [[nodiscard]] double number(const std::string& key) const;
  [[nodiscard]] const std::vector<double>& values(const std::string& tensor_name) const;
  /// The only value of a tensor.
  [[nodiscard]] double value(const std::string& tensor_name) const;
  [[nodiscard]] std::vector<std::uint32_t> wholes(const std::string& tensor_name) const;
  [[nodiscard]] std::vector<std::uint32_t> sizes() const;
  /// W<l>, for every layer.
  [[nodiscard]] std::vector<std::vector<double>> weights() const;
};

/// All cases of that kind, sorted by name. Throws std::runtime_error where the folder is missing or has no
/// such case.
[[nodiscard]] std::vector<CauseCase> cause_cases(std::string_view kind,
                                                 const std::string& directory = reference_dir());

}  // namespace modsweep::test
