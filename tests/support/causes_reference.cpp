#include "support/causes_reference.h"

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace modsweep::test {

const std::string& CauseCase::text(const std::string& key) const {
  const auto found = file.metadata.find(key);
  if (found == file.metadata.end())
    throw std::runtime_error(fmt::format("reference vectors: {}: no setting {}", path, key));
  return found->second;
}

double CauseCase::number(const std::string& key) const {
  return nlohmann::json::parse(text(key)).get<double>();
}

const std::vector<double>& CauseCase::values(const std::string& tensor_name) const {
  return tensor(file, *this, tensor_name).values;
}

double CauseCase::value(const std::string& tensor_name) const {
  return scalar(file, *this, tensor_name);
}

std::vector<std::uint32_t> CauseCase::wholes(const std::string& tensor_name) const {
  std::vector<std::uint32_t> result;
  for (const double v : values(tensor_name)) result.push_back(static_cast<std::uint32_t>(v));
  return result;
}

std::vector<std::uint32_t> CauseCase::sizes() const {
  return nlohmann::json::parse(text("sizes")).get<std::vector<std::uint32_t>>();
}

std::vector<std::vector<double>> CauseCase::weights() const {
  std::vector<std::vector<double>> result;
  for (std::size_t l = 0; l + 1 < sizes().size(); ++l) result.push_back(values(fmt::format("W{}", l)));
  return result;
}

std::vector<CauseCase> cause_cases(std::string_view kind, const std::string& directory) {
  namespace fs = std::filesystem;
  const fs::path place = fs::path(directory) / "causes";
  if (!fs::is_directory(place))
    throw std::runtime_error(fmt::format("reference vectors: {}: no such directory", place.string()));
  std::vector<CauseCase> cases;
  for (const auto& entry : fs::directory_iterator(place)) {
    if (entry.path().extension() != ".safetensors") continue;
    CauseCase found;
    found.name = entry.path().stem().string();
    found.path = entry.path().string();
    found.file = found.load();
    if (found.text("kind") == kind) cases.push_back(std::move(found));
  }
  if (cases.empty())
    throw std::runtime_error(fmt::format("reference vectors: {}: no case of {}", place.string(), kind));
  std::sort(cases.begin(), cases.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return cases;
}

}  // namespace modsweep::test
