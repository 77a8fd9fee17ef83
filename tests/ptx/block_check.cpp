// Trains and measures packs with the general kernel of the fused engine, whose code is the PTX of
// block_kernels.cu: one block for each network or a cluster of them, threads or tensor cores. Free of faults,
// weights and losses as those of a loop in double.
//   ptx_block_check PTX float|double [long]: exit code 1 where a case fails; `long`: more cases.
#include "engine/tile_cases.h"
#include "fused/fused_training.h"
#include "ptx/distances.h"
#include "ptx/tracked_backend.h"

#include <cstdio>
#include <cstring>
#include <typeinfo>

namespace modsweep::test {
namespace {

class PtxBlockBackend : public TrackedBackend {
 public:
  PtxBlockBackend(ptx::Module& module, ptx::Record& record, const fused::BlockLimits& limits, bool backwards)
      : module_(module), record_(record), limits_(limits), backwards_(backwards) {}

  [[nodiscard]] const fused::BlockLimits& limits() const { return limits_; }
  [[nodiscard]] static std::uint32_t multiprocessors() { return 1U << 20U; }  // nothing to choose
  template <typename F>
  [[nodiscard]] static std::uint32_t blocks_of_multiprocessor(std::uint32_t, std::size_t, std::uint32_t) {
    return 1;
  }
  template <typename Launch>
  [[nodiscard]] static double milliseconds(const Launch&) {
    return 1.0;
  }
  template <typename F>
  static void for_each_tile_block(std::uint32_t, std::size_t, const F&) {
    throw std::logic_error("a case for tiles");
  }

  template <typename F>
  void for_each_block(std::uint32_t networks, std::uint32_t ranks, std::uint32_t threads, std::size_t bytes,
                      const F& f, std::uint32_t = fused::max_registers) {
    const std::string name = kernel_name(typeid(F).name(), ranks > 1);
    const auto program = module_.program(name);
    if (program == nullptr) throw std::logic_error("no kernel " + name);
    if (program->parameters[0].bytes != sizeof(F)) throw std::logic_error("the PTX is of other sources");
    ptx::Launch launch;
    launch.grid = {networks * ranks, 1};
    launch.threads = threads;
    launch.ranks = ranks;
    launch.dynamic_shared = bytes;
    const void* const values[] = {&f, &networks, &ranks};
    const std::vector<ptx::Parameter>& parameters = program->parameters;
    launch.parameters.resize(parameters.back().offset + parameters.back().bytes);
    for (std::size_t k = 0; k < parameters.size(); ++k)
      std::memcpy(launch.parameters.data() + parameters[k].offset, values[k], parameters[k].bytes);
    ptx::Settings settings;
    settings.backwards = backwards_;
    settings.allocation = [this](std::uint64_t address) { return with(address); };
    ptx::run(launch, module_, program, settings, record_);
  }

 private:
  /// "N8modsweep5fused12TrainNetworkI...EE": the kernel that runs it.
  static std::string kernel_name(const std::string& type, bool cluster) {
    const std::string own = type.substr(std::strlen("N8modsweep5fused"));
    return cluster ? "_ZN8modsweep5fused16work_in_clustersINS0_" + own + "EEvT_jj"
                   : "_ZN8modsweep5fused4workINS0_" + own + "Lj168EEEvT_j";
  }

  ptx::Module& module_;
  ptx::Record& record_;
  fused::BlockLimits limits_;
  bool backwards_;
};

struct BlockCase {
  const char* name;
  std::uint32_t ranks;  ///< blocks that share a network
  bool tensor_cores;
  bool only_long;
  std::vector<std::uint32_t> hidden;
  TileCase rest;
};

/// Around quads, warps, tiles of 16 x 16 of the tensor cores, and parts of a batch.
const BlockCase block_cases[] = {
    {"a block, odd widths",
     1,
     false,
     false,
     {9, 6},
     {.name = "", .batch = 9, .samples = 19, .networks = 3, .noise = 0.1}},
    {"a block, two parts, shuffled",
     1,
     false,
     false,
     {17},
     {.name = "",
      .inputs = 3,
      .outputs = 5,
      .batch = 65,
      .samples = 70,
      .networks = 2,
      .steps = 3,
      .shuffle = true,
      .backwards = true}},
    {"one unit of each",
     1,
     false,
     false,
     {1},
     {.name = "", .inputs = 1, .outputs = 1, .batch = 1, .samples = 3}},
    {"two blocks",
     2,
     false,
     false,
     {9, 12},
     {.name = "", .batch = 17, .samples = 20, .networks = 2, .noise = 0.1}},
    {"tensor cores, odd widths",
     1,
     true,
     false,
     {17, 15},
     {.name = "", .batch = 17, .samples = 20, .noise = 0.1}},
    {"eight blocks, shuffled",
     8,
     false,
     true,
     {33, 31},
     {.name = "", .batch = 33, .samples = 40, .steps = 3, .shuffle = true}},
    {"tensor cores, whole tiles", 1, true, true, {32, 32}, {.name = "", .batch = 64, .samples = 65}},
    {"AdamW",
     1,
     false,
     true,
     {31, 33},
     {.name = "", .batch = 33, .samples = 40, .steps = 4, .l2 = 0.0, .wa = 0.0, .adamw = true}}};

template <typename T>
class BlockChecker {
 public:
  explicit BlockChecker(const char* ptx) : module_(ptx) {}

  int check_all(bool all) {
    int failures = 0;
    for (const BlockCase& c : block_cases) {
      if ((c.only_long && !all) || (c.tensor_cores && !single)) continue;
      failures += check(c) ? 0 : 1;
      std::fflush(stdout);
    }
    for (const auto& [key, fault] : record_.faults) {
      std::printf("FAULT %s, %llu times: %s\n  %s\n  %s\n", name_of(fault.kind),
                  static_cast<unsigned long long>(fault.times), fault.instruction.c_str(),
                  fault.source.c_str(), fault.detail.c_str());
      ++failures;
    }
    return failures;
  }

 private:
  static constexpr bool single = std::is_same_v<T, float>;

  bool check(const BlockCase& c) {
    const auto data = tile_data(c.rest);
    std::vector<CellSettings> cells;
    Pack pack;
    for (std::uint32_t p = 0; p < c.rest.networks; ++p) {
      cells.push_back(tile_cell(c.rest, p));
      cells.back().network.hidden = c.hidden;
      cells.back().training.precision = single ? Precision::fp32 : Precision::fp64;
      pack.add(cells.back(), data);
      pack.steps[p] = c.rest.steps + p;
    }
    const fused::BlockLimits limits = {
        .block = 232448, .multiprocessor = 233472, .reserved = 1024, .max_ranks = 8, .fewest_ranks = c.ranks};
    auto backend = std::make_unique<PtxBlockBackend>(module_, record_, limits, c.rest.backwards);
    auto choices = std::make_shared<fused::RegisterChoices>();
    std::unique_ptr<Training> training;
    if constexpr (single)
      if (c.tensor_cores)
        training =
            std::make_unique<fused::FusedTraining<PtxBlockBackend, float, fused::Multiplier::tensor_cores>>(
                std::move(backend), pack, choices);
    if (!training)
      training =
          std::make_unique<fused::FusedTraining<PtxBlockBackend, T>>(std::move(backend), pack, choices);
    training->advance(1);
    training->advance(100);
    const std::vector<Evaluation> tests = training->evaluate(Split::test, {});
    // The rounding of as many additions as a batch has samples.
    const double allowed = static_cast<double>(std::numeric_limits<T>::epsilon()) * 64;
    double weights = 0.0;
    double losses = 0.0;
    for (std::size_t p = 0; p < pack.size(); ++p) {
      const Parameters got = training->weights(p);
      weights = worse(weights, farthest(got.values, naive_training(cells[p], pack, p).weights));
      CellSettings quiet = cells[p];
      quiet.noise = {};
      const double mse = naive_loss(quiet, got, data->test, 1).mse;
      losses = worse(losses, std::abs(tests[p].mse - mse) / mse);
    }
    const bool good = weights <= allowed && losses <= allowed;
    std::printf("%s %s: %.1e of the weights and %.1e of the losses from loops in double, %.1e allowed\n",
                good ? "ok  " : "FAIL", c.name, weights, losses, allowed);
    return good;
  }

  ptx::Module module_;
  ptx::Record record_;
};

}  // namespace
}  // namespace modsweep::test

int main(int count, char** arguments) {
  try {
    const bool all = count == 4 && std::strcmp(arguments[3], "long") == 0;
    if ((count == 3 || all) && std::strcmp(arguments[2], "float") == 0)
      return modsweep::test::BlockChecker<float>(arguments[1]).check_all(all) == 0 ? 0 : 1;
    if ((count == 3 || all) && std::strcmp(arguments[2], "double") == 0)
      return modsweep::test::BlockChecker<double>(arguments[1]).check_all(all) == 0 ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: ptx_block_check PTX float|double [long]\n");
  return 2;
}
