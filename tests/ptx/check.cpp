// Carries out the PTX of kernels.cu: what it does must be free of faults and equal a loop in double.
//   ptx_check PTX: all cases below. Exit code 1 where one fails.
//   ptx_check PTX plain|noisy STEPS LINES [BREAK]: one network of the standard shape; counts on standard
//   output, and in
//     LINES for counts.py.
#include "engine/naive_network.h"
#include "fused/tile_network.h"
#include "ptx/interpreter.h"
#include "ptx/naive_step.h"
#include "ptx/report.h"
#include "support/host_backend.h"
#include "training/pack_memory.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

namespace modsweep::test {
namespace {

/// Remembers what it allocated, as the interpreter asks for it.
class TrackedBackend : public HostBackend {
 public:
  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    Array<U> array = HostBackend::allocate<U>(count);
    const auto begin = reinterpret_cast<std::uint64_t>(array.data());
    allocations_.push_back({begin, begin + count * sizeof(U)});
    return array;
  }
  [[nodiscard]] ptx::Allocation with(std::uint64_t address) const {
    for (const ptx::Allocation& a : allocations_)
      if (address >= a.begin && address < a.end) return a;
    return {};
  }

 private:
  std::vector<ptx::Allocation> allocations_;
};

struct Case {
  const char* name;
  std::uint32_t depth = 3, inputs = 4, outputs = 4, batch = 200, samples = 1000, networks = 1, steps = 3;
  double noise = 0.0, l2 = 1e-4, wa = 1e-2, slope = 0.1;
  bool shuffle = false, adamw = false, backwards = false;
  int approximate = 0;
};

/// Data of any number of outputs: those of the task, over and over.
std::shared_ptr<const Dataset> data_of(const Case& c) {
  CellSettings cell;
  cell.task.inputs = c.inputs;
  cell.task.train_samples = c.samples;
  cell.task.test_samples = 1;
  DatasetCache cache;
  Dataset data = *cache.get(cell.task);
  for (Samples* s : {&data.train, &data.test}) {
    std::vector<double> y;
    for (std::uint32_t row = 0; row < s->count; ++row)
      for (std::uint32_t o = 0; o < c.outputs; ++o)
        y.push_back(s->y[std::size_t{row} * s->outputs + o % s->outputs]);
    s->y = std::move(y);
    s->outputs = c.outputs;
    for (std::vector<double>* values : {&s->x, &s->y})  // the kernel's data are floats
      for (double& value : *values) value = static_cast<double>(static_cast<float>(value));
  }
  return std::make_shared<const Dataset>(std::move(data));
}

CellSettings cell_of(const Case& c, std::uint32_t seed) {
  CellSettings cell;
  cell.task.inputs = c.inputs;
  cell.task.train_samples = c.samples;
  cell.network.hidden.assign(c.depth, fused::tile_width);
  cell.network.leaky_slope = c.slope;
  cell.noise = {.strength = c.noise, .exponent = 2.0};
  cell.regularizer = {.l2 = c.l2, .weighted_activity = c.wa};
  cell.training.batch_size = c.batch;
  cell.training.shuffle = c.shuffle;
  cell.training.steps = c.steps + seed;  // each network its own number
  cell.training.seed = seed;
  cell.training.precision = Precision::fp32;
  if (!c.adamw) return cell;
  cell.training.optimizer = Optimizer::adamw;
  cell.training.weight_decay = 0.1;
  cell.training.schedule = Schedule::cosine;
  cell.training.warmup_steps = 1;
  return cell;
}

/// What an optimizer makes of naive_gradient(), from the float parameters that a pack begins with.
std::vector<double> naive_weights(const CellSettings& cell, const Pack& pack, std::size_t p) {
  std::vector<double> parameters = pack.initial_parameters(p);
  for (double& value : parameters) value = static_cast<double>(static_cast<float>(value));
  const Samples& data = pack.dataset[p]->train;
  const std::uint32_t batches = (data.count + cell.training.batch_size - 1) / cell.training.batch_size;
  NaiveOptimizer optimizer(cell);
  for (std::uint32_t step = 0; step < pack.steps[p]; ++step) {
    std::vector<std::uint32_t> order(data.count);
    for (std::uint32_t i = 0; i < data.count; ++i) order[i] = i;
    if (cell.training.shuffle)
      math::shuffle_rows(cell.training.seed, step / batches, data.count, order.data());
    const std::uint32_t first = step % batches * cell.training.batch_size;
    const std::uint32_t last = std::min(first + cell.training.batch_size, data.count);
    optimizer.step(parameters, naive_gradient(cell, pack.shape, parameters, data,
                                              {order.begin() + first, order.begin() + last}, step + 1));
  }
  return parameters;
}

double distance(const std::vector<float>& got, std::size_t at, const std::vector<double>& want) {
  double most = 0.0;
  double difference = 0.0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    most = std::max(most, std::abs(want[i]));
    const double d = std::abs(static_cast<double>(got[at + i]) - want[i]);
    difference = d <= difference ? difference : d;  // not a number stays
  }
  return difference / most;
}

class Checker {
 public:
  explicit Checker(const char* ptx) : module_(ptx) {}

  [[nodiscard]] ptx::Record& record() { return record_; }
  [[nodiscard]] static std::string kernel(bool noisy) {
    return std::string("_ZN8modsweep5fused13work_on_tilesINS0_10TrainTilesILb") + (noisy ? "1" : "0") +
           "EEEEEvT_";
  }

  /// Trains; returns the largest distance from the loop, relative to the largest weight.
  double run(const Case& c, bool compare, ptx::Trace* trace = nullptr) {
    Pack pack;
    const auto data = data_of(c);
    std::vector<CellSettings> cells;
    for (std::uint32_t p = 0; p < c.networks; ++p) {
      cells.push_back(cell_of(c, p));
      pack.add(cells.back(), data);
      pack.steps[p] = c.steps + p;
    }
    if (!fused::fits_tiles(pack.shape, c.batch, limits)) throw std::logic_error("not for tiles");
    TrackedBackend backend;
    pack::PackMemory<TrackedBackend, float> memory(backend, pack, pack::Workspace::block);
    std::vector<pack::Progress> progress(pack.size());
    std::vector<std::uint32_t> members;
    for (std::uint32_t p = 0; p < pack.size(); ++p) {
      progress[p].target = pack.steps[p];
      members.push_back(p);
    }
    backend.upload(memory.progress, progress.data(), progress.size());
    auto list = backend.allocate<std::uint32_t>(members.size());
    backend.upload(list, members.data(), members.size());
    const bool noisy = fused::tile_kind(pack, 0) == fused::TileKind::noisy;
    const fused::TileJob job{memory.view(), fused::tile_plan(pack.shape, c.batch), list.data()};
    if (noisy)
      launch(c, fused::TrainTiles<true>{job}, backend, trace);
    else
      launch(c, fused::TrainTiles<false>{job}, backend, trace);
    std::vector<float> weights(memory.parameters.size());
    backend.download(weights.data(), memory.parameters, weights.size());
    double farthest = 0.0;
    for (std::size_t p = 0; compare && p < pack.size(); ++p) {
      const double d =
          distance(weights, p * memory.view().parameter_stride, naive_weights(cells[p], pack, p));
      farthest = d <= farthest ? farthest : d;
    }
    return farthest;
  }

 private:
  static constexpr fused::BlockLimits limits = {.block = 232448, .multiprocessor = 233472, .reserved = 1024};

  template <typename F>
  void launch(const Case& c, const F& f, const TrackedBackend& backend, ptx::Trace* trace) {
    constexpr bool noisy = std::is_same_v<F, fused::TrainTiles<true>>;
    const auto program = module_.program(kernel(noisy));
    if (program == nullptr) throw std::logic_error("no kernel " + kernel(noisy));
    if (program->parameters.size() != 1 || program->parameters[0].bytes != sizeof(f))
      throw std::logic_error("the PTX is of other sources");
    ptx::Launch launch;
    launch.grid.x = c.networks;
    launch.threads = fused::tile_threads;
    launch.dynamic_shared = f.job.plan.bytes;
    launch.parameters.resize(sizeof(f));
    std::memcpy(launch.parameters.data(), &f, sizeof(f));
    ptx::Settings settings;
    settings.backwards = c.backwards;
    settings.approximate = c.approximate;
    settings.allocation = [&](std::uint64_t address) { return backend.with(address); };
    ptx::run(launch, module_, program, settings, record_, trace);
    if (trace != nullptr) ptx::report_trace(stdout, *trace, module_, *program, launch);
  }

  ptx::Module module_;
  ptx::Record record_;
};

/// Sizes around each tile: samples of a warp and of a block, layers, inputs and outputs.
const Case cases[] = {
    {.name = "standard"},
    {.name = "standard, warps and blocks backwards", .networks = 2, .backwards = true},
    {.name = "noise", .noise = 0.1},
    {.name = "noise, other errors of approximations", .noise = 0.14, .approximate = 1},
    {.name = "one hidden layer", .depth = 1, .noise = 0.1},
    {.name = "two hidden layers", .depth = 2},
    {.name = "four hidden layers", .depth = 4, .noise = 0.1},
    {.name = "one input and output", .inputs = 1, .outputs = 1},
    {.name = "three inputs, two outputs, ReLU", .inputs = 3, .outputs = 2, .noise = 0.1, .slope = 0.0},
    {.name = "the smallest batch", .batch = 32, .samples = 63, .networks = 3},
    {.name = "a last batch of one sample, shuffled",
     .batch = 51,
     .samples = 103,
     .networks = 2,
     .steps = 4,
     .shuffle = true},
    {.name = "207 samples", .batch = 207, .samples = 300},
    {.name = "208 samples", .batch = 208, .samples = 300, .noise = 0.1},
    {.name = "two parts", .batch = 209, .samples = 300, .networks = 2},
    {.name = "a last batch of one part", .batch = 417, .samples = 500, .noise = 0.1, .wa = 0.0},
    {.name = "AdamW with a schedule, no penalties", .steps = 4, .l2 = 0.0, .wa = 0.0, .adamw = true},
};

/// The rounding of as many additions as a batch has samples.
double allowed(const Case& c) {
  return static_cast<double>(std::numeric_limits<float>::epsilon()) * std::min(c.batch, c.samples);
}

int check(const char* ptx) {
  Checker checker(ptx);
  int failures = 0;
  for (const Case& c : cases) {
    const double distance = checker.run(c, true);
    const bool good = distance <= allowed(c);
    std::printf("%s %s: %.1e of the weights from the loop in double, %.1e allowed\n", good ? "ok  " : "FAIL",
                c.name, distance, allowed(c));
    failures += good ? 0 : 1;
  }
  for (const auto& [key, fault] : checker.record().faults) {
    std::printf("FAULT %s, %llu times: PTX line %u: %s\n  %s\n  %s\n", name_of(fault.kind),
                static_cast<unsigned long long>(fault.times), fault.line, fault.instruction.c_str(),
                fault.source.c_str(), fault.detail.c_str());
    ++failures;
  }
  std::printf("%zu cases, %d failures\n", std::size(cases), failures);
  return failures == 0 ? 0 : 1;
}

int count(const char* ptx, const std::string& kind, std::uint32_t steps, const char* lines) {
  Checker checker(ptx);
  ptx::Trace trace;
  Case standard{.name = "standard"};
  standard.steps = steps;
  standard.noise = kind == "noisy" ? 0.1 : 0.0;
  checker.run(standard, false, &trace);
  ptx::report(stdout, checker.record());
  std::FILE* file = std::fopen(lines, "w");
  if (file == nullptr) return 2;
  ptx::report_lines(file, checker.record(), Checker::kernel(kind == "noisy"));
  return std::fclose(file) == 0 ? 0 : 2;
}

}  // namespace
}  // namespace modsweep::test

int main(int count, char** arguments) {
  try {
    if (count == 2) return modsweep::test::check(arguments[1]);
    if (count == 5)
      return modsweep::test::count(arguments[1], arguments[2],
                                   static_cast<std::uint32_t>(std::atoi(arguments[3])), arguments[4]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: ptx_check PTX [plain|noisy STEPS LINES]\n");
  return 2;
}
