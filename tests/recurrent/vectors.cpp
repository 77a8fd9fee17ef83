#include "recurrent/vectors.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace modsweep::test {

namespace {

using nlohmann::json;

/// A setting is a JSON text; those that are names are plain.
json parsed(const std::string& text) {
  json value = json::parse(text, nullptr, false);
  return value.is_discarded() ? json(text) : value;
}

}  // namespace

const std::vector<double>& RecurrentCase::values(const std::string& tensor_name) const {
  return tensor(file, *this, tensor_name).values;
}

std::vector<RecurrentCase> recurrent_cases(const std::string& folder) {
  namespace fs = std::filesystem;
  const fs::path place = fs::path(reference_dir()) / "recurrent" / folder;
  if (!fs::is_directory(place))
    throw std::runtime_error("reference vectors: " + place.string() + ": no such directory");
  std::vector<RecurrentCase> cases;
  for (const auto& entry : fs::directory_iterator(place)) {
    if (entry.path().extension() != ".safetensors")
      throw std::runtime_error("reference vectors: " + entry.path().string() + ": no .safetensors file");
    RecurrentCase found;
    found.name = entry.path().stem();
    found.path = entry.path();
    found.file = found.load();
    for (const auto& [key, text] : found.file.metadata) found.settings[key] = parsed(text);
    cases.push_back(std::move(found));
  }
  if (cases.empty()) throw std::runtime_error("reference vectors: " + place.string() + ": no case");
  std::ranges::sort(cases, {}, &RecurrentCase::name);
  return cases;
}

recurrent::StepSettings step_settings(const RecurrentCase& from) {
  return {.slope = from.get<double>("negative_slope"),
          .site = from.get<std::string>("activation_site") == "state" ? math::ActivationSite::state
                                                                      : math::ActivationSite::drive,
          .learning_rate = from.get<double>("learning_rate"),
          .momentum = from.get<double>("momentum"),
          .nesterov = from.get<bool>("nesterov"),
          .clip_norm = from.get<double>("clip_norm")};
}

recurrent::Form form_of(const RecurrentCase& from) {
  return {.units = from.get<std::uint32_t>("units"),
          .modular = from.settings.value("family", "modular") == "modular",
          .one_bias = from.settings.value("biases", "per_matrix") == "one"};
}

std::vector<double> tensors_of(const RecurrentCase& from, const recurrent::TensorLayout& layout,
                               const std::string& prefix) {
  std::vector<double> out(layout.size(), 0.0);
  for (const auto& one : layout.tensors()) {
    if (!from.has(prefix + one.name)) continue;
    const auto& values = from.values(prefix + one.name);
    if (values.size() != one.size()) throw std::runtime_error(from.path + ": another size of " + one.name);
    std::ranges::copy(values, out.begin() + static_cast<std::ptrdiff_t>(one.offset));
  }
  return out;
}

template <typename T>
recurrent::Network<T> network_of(const RecurrentCase& from) {
  recurrent::Network<T> out;
  out.form = form_of(from);
  out.modules = from.get<std::uint32_t>("modules");
  out.heads = from.settings.value("heads", out.modules);
  const auto layout = out.layout();
  const auto values = tensors_of(from, layout, "p.");
  out.values.assign(values.begin(), values.end());
  out.velocity.assign(values.size(), T(0));
  for (std::uint32_t head = 0; head < out.heads; ++head) out.tasks.push_back(head + 2);
  if (from.settings.contains("task_of_head"))
    out.tasks = from.get<std::vector<std::uint32_t>>("task_of_head");
  const auto trained = from.settings.contains("trained_names")
                           ? from.get<std::vector<std::string>>("trained_names")
                           : std::vector<std::string>();
  for (const auto& one : layout.tensors()) {
    if (!from.has("p." + one.name)) throw std::runtime_error(from.path + ": no tensor p." + one.name);
    out.rates.push_back(std::ranges::count(trained, one.name) > 0 ? 1.0 : 0.0);
  }
  return out;
}

template <typename T>
recurrent::GivenSequences<T> sequences_of(const RecurrentCase& from, std::size_t chunk) {
  const auto& shape = tensor(from.file, from, "bits").shape;
  recurrent::GivenSequences<T> out;
  out.chunk_size = chunk;
  out.units = from.get<std::uint32_t>("units");
  out.longest = static_cast<std::uint32_t>(shape.at(0));
  out.count = static_cast<std::uint32_t>(shape.at(1));
  out.bit = from.values("bits");
  out.state = from.values("r0");
  if (from.get<bool>("ragged"))
    for (const double length : from.values("lengths"))
      out.sample_lengths.push_back(static_cast<std::uint32_t>(length));
  return out;
}

template recurrent::Network<float> network_of<float>(const RecurrentCase&);
template recurrent::Network<double> network_of<double>(const RecurrentCase&);
template recurrent::GivenSequences<float> sequences_of<float>(const RecurrentCase&, std::size_t);
template recurrent::GivenSequences<double> sequences_of<double>(const RecurrentCase&, std::size_t);

}  // namespace modsweep::test
