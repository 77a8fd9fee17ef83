// Trains and measures packs with the gemm engine, whose kernels are the PTX of gemm_kernels.cu: free of
// faults, weights and losses as those of a loop in double, spectra as those of the host.
//   ptx_gemm_check PTX float|double: exit code 1 where a case fails.
#include "device/apply_grid.h"
#include "engine/tile_cases.h"
#include "gemm/gemm_training.h"
#include "ptx/distances.h"
#include "ptx/tracked_backend.h"

#include <cstdio>
#include <cstring>
#include <numeric>
#include <typeinfo>

#include "modsweep/spectrum.h"

namespace modsweep::test {
namespace {

class PtxBackend : public TrackedBackend {
 public:
  using Graph = std::function<void()>;

  /// `backwards`: warps and blocks run in the opposite order.
  PtxBackend(ptx::Module& module, ptx::Record& record, bool backwards)
      : module_(module), record_(record), backwards_(backwards) {}

  template <typename F>
  void for_each(std::uint32_t networks, std::uint32_t items, const F& f) {
    if (networks == 0 || items == 0) return;
    const std::string name = kernel_name(typeid(F).name());
    const auto program = module_.program(name);
    if (program == nullptr) throw std::logic_error("no kernel " + name);
    if (program->parameters.size() != 3 || program->parameters[0].bytes != sizeof(F))
      throw std::logic_error("the PTX is of other sources: " + name);
    const device::ApplyGrid grid = device::apply_grid(networks, items);
    ptx::Launch launch;
    launch.grid = {grid.x, grid.y};
    launch.threads = grid.threads;
    launch.parameters.resize(program->parameters[2].offset + program->parameters[2].bytes);
    const void* const values[] = {&f, &networks, &items};
    for (std::size_t k = 0; k < 3; ++k)
      std::memcpy(launch.parameters.data() + program->parameters[k].offset, values[k],
                  program->parameters[k].bytes);
    ptx::Settings settings;
    settings.backwards = backwards_;
    settings.allocation = [this](std::uint64_t address) { return with(address); };
    ptx::run(launch, module_, program, settings, record_);
  }

  void use_tf32(bool) {}
  template <typename Work>
  [[nodiscard]] Graph capture(const Work& work) {
    work();
    return work;
  }
  void launch(const Graph& graph, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) graph();
  }

 private:
  /// "N8modsweep4pack7SumLossIfEE": the name of apply() of it.
  static std::string kernel_name(const std::string& type) {
    return "_ZN8modsweep6device5applyINS_" + type.substr(std::strlen("N8modsweep")) + "EEvT_jj";
  }

  ptx::Module& module_;
  ptx::Record& record_;
  bool backwards_;
};

struct GemmCase {
  const char* name;
  std::uint32_t inputs, outputs;
  std::vector<std::uint32_t> hidden;
  TileCase rest;
};

/// Around each limit: of narrow layers (8 units), quads, chunks of 8 samples, warps; f' from g, or z kept.
const GemmCase gemm_cases[] = {
    {"narrow ends", 4, 4, {9, 6}, {.name = "", .batch = 9, .samples = 19, .networks = 3, .noise = 0.1}},
    {"one hidden layer, no noise", 8, 8, {7}, {.name = "", .batch = 8, .samples = 16, .networks = 2}},
    {"wide ends", 9, 9, {5, 33}, {.name = "", .batch = 7, .samples = 20}},
    {"wide ends, noise", 9, 10, {6}, {.name = "", .batch = 17, .samples = 17, .noise = 0.1}},
    {"a wide and a narrow end, shuffled",
     5,
     12,
     {8, 4},
     {.name = "", .batch = 10, .samples = 21, .networks = 2, .steps = 4, .shuffle = true, .backwards = true}},
    {"one unit of each", 1, 1, {1}, {.name = "", .batch = 1, .samples = 3}},
    {"AdamW, no penalties",
     3,
     2,
     {31},
     {.name = "", .batch = 33, .samples = 40, .steps = 4, .l2 = 0.0, .wa = 0.0, .adamw = true}}};

template <typename T>
class GemmChecker {
 public:
  explicit GemmChecker(const char* ptx) : module_(ptx) {}

  int check_all() {
    int failures = 0;
    for (const GemmCase& c : gemm_cases) failures += check(c) ? 0 : 1;
    for (const auto& [key, fault] : record_.faults) {
      std::printf("FAULT %s, %llu times: %s\n  %s\n  %s\n", name_of(fault.kind),
                  static_cast<unsigned long long>(fault.times), fault.instruction.c_str(),
                  fault.source.c_str(), fault.detail.c_str());
      ++failures;
    }
    return failures;
  }

 private:
  bool check(const GemmCase& c) {
    TileCase rest = c.rest;
    rest.inputs = c.inputs;
    rest.outputs = c.outputs;
    const auto data = tile_data(rest);
    std::vector<CellSettings> cells;
    Pack pack;
    for (std::uint32_t p = 0; p < rest.networks; ++p) {
      cells.push_back(tile_cell(rest, p));
      cells.back().network.hidden = c.hidden;
      cells.back().training.precision = std::is_same_v<T, float> ? Precision::fp32 : Precision::fp64;
      pack.add(cells.back(), data);
      pack.steps[p] = rest.steps + p;
    }
    pack::GemmTraining<PtxBackend, T> training(std::make_unique<PtxBackend>(module_, record_, rest.backwards),
                                               pack);
    training.advance(1);
    training.advance(100);
    const std::vector<Evaluation> tests = training.evaluate(Split::test, {});
    // The rounding of as many additions as a batch has samples or a layer has weights.
    const double allowed = static_cast<double>(std::numeric_limits<T>::epsilon()) * 64;
    double weights = 0.0;
    double losses = 0.0;
    for (std::size_t p = 0; p < pack.size(); ++p) {
      const Parameters got = training.weights(p);
      weights = worse(weights, farthest(got.values, naive_training(cells[p], pack, p).weights));
      CellSettings quiet = cells[p];
      quiet.noise = {};
      const double mse = naive_loss(quiet, got, data->test, 1).mse;
      losses = worse(losses, std::abs(tests[p].mse - mse) / mse);
    }
    const double spectra = distance_of_spectra(training, pack.size());
    const bool good = weights <= allowed && losses <= allowed && spectra <= 1e-12;
    std::printf(
        "%s %s: %.1e of the weights and %.1e of the losses from loops in double, %.1e allowed; "
        "eigenvalues %.1e\n",
        good ? "ok  " : "FAIL", c.name, weights, losses, allowed, spectra);
    return good;
  }

  static double distance_of_spectra(Training& training, std::size_t networks) {
    std::vector<std::size_t> all(networks);
    std::iota(all.begin(), all.end(), std::size_t{0});
    const auto spectra = training.spectra(all, ClusterBy::incoming);
    double most = spectra.has_value() ? 0.0 : 1.0;
    for (std::size_t p = 0; spectra && p < networks; ++p) {
      const Parameters weights = training.weights(p);
      for (std::size_t l = 0; l < weights.shape.weight_layers(); ++l) {
        const LayerSlice layer = ParameterLayout(weights.shape).layers()[l];
        const auto want =
            layer_spectra(weights.dense_weights(l), layer.outputs, layer.inputs).all.eigenvalues;
        const auto& got = (*spectra)[p][l].all.eigenvalues;
        if (got.size() != want.size()) return 1.0;
        for (std::size_t i = 0; i < got.size(); ++i) most = worse(most, std::abs(got[i] - want[i]));
      }
    }
    return most;
  }

  ptx::Module module_;
  ptx::Record record_;
};

}  // namespace
}  // namespace modsweep::test

int main(int count, char** arguments) {
  try {
    if (count == 3 && std::strcmp(arguments[2], "float") == 0)
      return modsweep::test::GemmChecker<float>(arguments[1]).check_all() == 0 ? 0 : 1;
    if (count == 3 && std::strcmp(arguments[2], "double") == 0)
      return modsweep::test::GemmChecker<double>(arguments[1]).check_all() == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: ptx_gemm_check PTX float|double\n");
  return 2;
}
