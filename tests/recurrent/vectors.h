// The reference vectors of recurrent networks (tests/data/reference/recurrent/README.md): the folder
// recurrent/ of the directory that MODSWEEP_REFERENCE_DIR names, or of tests/data/reference.
#pragma once

#include "recurrent/network.h"
#include "recurrent/network_step.h"
#include "recurrent/sequences.h"
#include "support/reference.h"

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace modsweep::test {

/// A case of one folder: its settings, parsed, and its tensors.
struct RecurrentCase : ReferenceFile {
  nlohmann::json settings;
  TensorFile file;

  [[nodiscard]] const std::vector<double>& values(const std::string& name) const;
  [[nodiscard]] double scalar(const std::string& name) const { return values(name).at(0); }
  [[nodiscard]] bool has(const std::string& name) const { return file.tensors.contains(name); }
  template <typename Value>
  [[nodiscard]] Value get(const std::string& key) const {
    return settings.at(key).get<Value>();
  }
};

/// All cases of a folder of recurrent/, sorted by name. Throws std::runtime_error where there is none.
[[nodiscard]] std::vector<RecurrentCase> recurrent_cases(const std::string& folder);

/// The settings of a step; the network with the tensors prefix + name, with its trained tensors.
[[nodiscard]] recurrent::StepSettings step_settings(const RecurrentCase& from);
[[nodiscard]] recurrent::Form form_of(const RecurrentCase& from);
template <typename T>
[[nodiscard]] recurrent::Network<T> network_of(const RecurrentCase& from);

/// The tensors prefix + name of those that a case has, in TensorLayout's order; 0 elsewhere.
[[nodiscard]] std::vector<double> tensors_of(const RecurrentCase& from, const recurrent::TensorLayout& layout,
                                             const std::string& prefix);

/// The batch of a case of networks/.
template <typename T>
[[nodiscard]] recurrent::GivenSequences<T> sequences_of(const RecurrentCase& from, std::size_t chunk);

}  // namespace modsweep::test
