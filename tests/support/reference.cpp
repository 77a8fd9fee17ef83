#include "support/reference.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/names.h"

namespace modsweep::test {
namespace {

using nlohmann::json;

/// The folders of this family, and those of other families, which their own tests read.
constexpr std::array<const char*, 6> folders = {"networks", "trajectories", "laplacian",
                                                "task",     "recurrent",    "causes"};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::runtime_error("reference vectors: " + where + ": " + what);
}

/// The files of one folder. A file or folder in the directory that is not a case is an error, so that a wrong
/// name cannot lose a case.
std::vector<ReferenceFile> files_of(const std::string& directory, const std::string& folder) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(directory)) fail(directory, "no such directory");
  for (const auto& entry : fs::directory_iterator(directory))
    if (entry.is_directory() &&
        std::find(folders.begin(), folders.end(), entry.path().filename()) == folders.end())
      fail(entry.path().string(), "unknown kind of case");
  const fs::path place = fs::path(directory) / folder;
  if (!fs::is_directory(place)) fail(place.string(), "no such directory");
  std::vector<ReferenceFile> files;
  for (const auto& entry : fs::directory_iterator(place)) {
    if (entry.path().extension() != ".safetensors") fail(entry.path().string(), "no .safetensors file");
    files.push_back({entry.path().stem().string(), entry.path().string()});
  }
  if (files.empty()) fail(place.string(), "no case");
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return files;
}

/// Settings of a case: JSON texts, each of which must be read.
class Metadata {
 public:
  explicit Metadata(const ReferenceFile& file) : path_(file.path), values_(file.load().metadata) {}

  [[nodiscard]] std::string text(const std::string& key) { return take(key); }
  /// A JSON value of the type T; none if it is absent or null.
  template <typename T>
  [[nodiscard]] std::optional<T> maybe(const std::string& key) {
    if (!values_.contains(key)) return std::nullopt;
    const json value = json::parse(take(key), nullptr, false);
    if (value.is_null()) return std::nullopt;
    try {
      return value.get<T>();
    } catch (const json::exception&) {
      fail(path_, "setting " + key + " has the wrong type");
    }
  }
  template <typename T>
  [[nodiscard]] T get(const std::string& key) {
    const auto value = maybe<T>(key);
    if (!value) fail(path_, "setting " + key + " is missing");
    return *value;
  }
  /// Fails if a setting was not read: its meaning is unknown here.
  void finish() const {
    for (const auto& [key, value] : values_)
      if (!taken_.contains(key)) fail(path_, "unknown setting " + key + " = " + value);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string take(const std::string& key) {
    const auto found = values_.find(key);
    if (found == values_.end()) fail(path_, "setting " + key + " is missing");
    taken_.insert(key);
    return found->second;
  }

  std::string path_;
  std::map<std::string, std::string> values_;
  std::set<std::string> taken_;
};

/// "WA1.5" with prefix "WA" gives 1.5; none if the text has another form.
std::optional<double> exponent_after(const std::string& text, const std::string& prefix) {
  if (!text.starts_with(prefix)) return std::nullopt;
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data() + prefix.size(), end, value);
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

/// Checks the regularizer's name and sets the exponent in it.
void check_regularizer(NetworkCase& found) {
  static const std::set<std::string> plain = {"none", "L2", "L1", "L12", "L21"};
  auto exponent = exponent_after(found.regularizer, "WA");
  if (!exponent) exponent = exponent_after(found.regularizer, "Act");
  if (!exponent && !plain.contains(found.regularizer))
    fail(found.path, "unknown regularizer " + found.regularizer);
  if (found.reg_alpha && exponent != found.reg_alpha)
    fail(found.path, "reg_alpha does not match regularizer " + found.regularizer);
  found.reg_alpha = exponent;
  if (found.regularizer == "none" && found.l2 != 0.0) fail(found.path, "regularizer none with l2 > 0");
}

NetworkCase network_case(const ReferenceFile& file, bool trajectory) {
  Metadata settings(file);
  NetworkCase found;
  static_cast<ReferenceFile&>(found) = file;
  found.sizes = settings.get<std::vector<std::uint32_t>>("sizes");
  if (found.sizes.size() < 2) fail(file.path, "fewer than two sizes");
  const std::string activation = settings.text("activation");
  if (const auto value = value_of<Activation>(activation); value && *value != Activation::prelu)
    found.activation = *value;
  else
    fail(file.path, "unknown activation " + activation);
  found.leaky_slope = settings.get<double>("leaky_slope");
  found.regularizer = settings.text("regularizer");
  found.coef = settings.get<double>("coef");
  found.l2 = settings.get<double>("l2");
  found.reg_alpha = settings.maybe<double>("reg_alpha");
  found.sigma = settings.get<double>("sigma");
  found.noise_alpha = settings.maybe<double>("noise_alpha");
  if (found.noise_alpha.has_value() != (found.sigma > 0.0))
    fail(file.path, "sigma and noise_alpha do not agree");
  found.batch = settings.get<std::uint32_t>("batch");
  found.lr = settings.get<double>("lr");
  found.beta1 = settings.get<double>("beta1");
  found.beta2 = settings.get<double>("beta2");
  found.adam_eps = settings.get<double>("adam_eps");
  found.note = settings.text("note");
  if (settings.text("name") != file.name) fail(file.path, "the file is called otherwise than the case");
  if (trajectory) {
    found.n = settings.get<std::uint32_t>("n");
    found.steps = settings.get<std::uint64_t>("steps");
  }
  settings.finish();
  check_regularizer(found);
  return found;
}

std::vector<NetworkCase> networks_of(const std::string& directory, bool trajectories) {
  std::vector<NetworkCase> cases;
  for (const auto& file : files_of(directory, trajectories ? "trajectories" : "networks"))
    cases.push_back(network_case(file, trajectories));
  return cases;
}

}  // namespace

std::string reference_dir() {
  const char* chosen = std::getenv("MODSWEEP_REFERENCE_DIR");
  if (chosen != nullptr && *chosen != '\0') return chosen;
  return MODSWEEP_TEST_DATA "/reference";
}

TensorFile ReferenceFile::load() const {
  return read_safetensors(path);
}

Shape NetworkCase::shape() const {
  Shape shape;
  shape.sizes = sizes;
  shape.groups.assign(weight_layers(), 1);
  return shape;
}

NoiseSettings NetworkCase::noise_settings() const {
  NoiseSettings noise;
  noise.strength = sigma;
  if (noise_alpha) noise.exponent = *noise_alpha;
  return noise;
}

RegularizerSettings NetworkCase::regularizer_settings() const {
  RegularizerSettings settings;
  settings.l2 = l2;
  if (regularizer == "L1") settings.l1 = coef;
  if (regularizer == "L12") settings.l12 = coef;
  if (regularizer == "L21") settings.l21 = coef;
  if (regularizer.starts_with("Act")) {
    settings.activity = coef;
    settings.activity_exponent = *reg_alpha;
  }
  if (regularizer.starts_with("WA")) {
    settings.weighted_activity = coef;
    settings.weighted_activity_exponent = *reg_alpha;
  }
  return settings;
}

CellSettings NetworkCase::cell() const {
  CellSettings cell;
  cell.task.inputs = sizes.front();
  cell.network.hidden.assign(sizes.begin() + 1, sizes.end() - 1);
  cell.network.activation = activation;
  cell.network.leaky_slope = leaky_slope;
  cell.noise = noise_settings();
  cell.regularizer = regularizer_settings();
  cell.training.learning_rate = lr;
  cell.training.beta1 = beta1;
  cell.training.beta2 = beta2;
  cell.training.epsilon = adam_eps;
  cell.training.batch_size = batch;
  cell.training.steps = steps;
  return cell;
}

Parameters parameters_of(const NetworkCase& test_case, const TensorFile& file, const std::string& prefix,
                         const std::string& suffix) {
  Parameters network;
  network.shape = test_case.shape();
  for (std::size_t l = 0; l < test_case.weight_layers(); ++l) {
    for (const char* kind : {"W", "b"}) {
      const auto& values = tensor(file, test_case, fmt::format("{}{}{}{}", prefix, kind, l, suffix)).values;
      network.values.insert(network.values.end(), values.begin(), values.end());
    }
  }
  return network;
}

std::vector<NetworkCase> network_cases(const std::string& directory) {
  return networks_of(directory, false);
}

std::vector<NetworkCase> trajectory_cases(const std::string& directory) {
  return networks_of(directory, true);
}

std::vector<LaplacianCase> laplacian_cases(const std::string& directory) {
  std::vector<LaplacianCase> cases;
  for (const auto& file : files_of(directory, "laplacian")) {
    Metadata settings(file);
    LaplacianCase found;
    static_cast<ReferenceFile&>(found) = file;
    const auto shape = settings.get<std::vector<std::size_t>>("shape");
    if (shape.size() != 2) fail(file.path, "shape has not two entries");
    found.rows = shape[0];
    found.columns = shape[1];
    found.n = settings.get<std::uint32_t>("n");
    if (settings.text("name") != file.name) fail(file.path, "the file is called otherwise than the case");
    static_cast<void>(settings.text("note"));
    settings.finish();
    cases.push_back(found);
  }
  return cases;
}

std::vector<TaskCase> task_cases(const std::string& directory) {
  std::vector<TaskCase> cases;
  for (const auto& file : files_of(directory, "task")) {
    const auto n = exponent_after(file.name, "modular_regression_n");
    if (!n || *n < 1 || *n != static_cast<double>(static_cast<std::uint32_t>(*n)))
      fail(file.path, "unknown task; known is modular_regression_n<n>");
    TaskCase found;
    static_cast<ReferenceFile&>(found) = file;
    found.n = static_cast<std::uint32_t>(*n);
    cases.push_back(found);
  }
  return cases;
}

const Tensor& tensor(const TensorFile& file, const ReferenceFile& source, const std::string& name) {
  const auto found = file.tensors.find(name);
  if (found == file.tensors.end()) fail(source.path, "no tensor " + name);
  return found->second;
}

double scalar(const TensorFile& file, const ReferenceFile& source, const std::string& name) {
  const auto& values = tensor(file, source, name).values;
  if (values.size() != 1)
    fail(source.path, fmt::format("tensor {} has {} values, not one", name, values.size()));
  return values.front();
}

}  // namespace modsweep::test
