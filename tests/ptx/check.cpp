// Carries out the PTX of kernels.cu: what it does must be free of faults and equal a loop in double.
//   ptx_check PTX [CASE]: the cases of tile_cases.h, or one of them. Exit code 1 where one fails.
//   ptx_check PTX plain|noisy|3xtf32|3xtf32_noisy|plain_64|plain_128 STEPS LINES: one network of the standard
//   shape, or with that many units in each hidden layer; counts on standard output, and by line of the PTX in
//   LINES, for counts.py.
#include "engine/tile_cases.h"
#include "fused/tile_network.h"
#include "ptx/report.h"
#include "ptx/tracked_backend.h"
#include "training/pack_memory.h"

#include <cstdio>
#include <cstring>

namespace modsweep::test {
namespace {

using fused::Multiplier;

class Checker {
 public:
  explicit Checker(const char* ptx) : module_(ptx) {}

  [[nodiscard]] ptx::Record& record() { return record_; }
  [[nodiscard]] static std::string kernel(bool noisy, Multiplier multiplier, std::uint32_t width) {
    return std::string("_ZN8modsweep5fused13work_on_tilesINS0_10TrainTilesILb") + (noisy ? "1" : "0") +
           "ELNS0_10MultiplierE" + (multiplier == Multiplier::tensor_cores ? "1" : "0") + "ELj" +
           std::to_string(width) + "EEEEEvT_";
  }

  /// Trains; returns the largest distance from the loop.
  double run(const TileCase& c, bool compare, ptx::Trace* trace = nullptr) {
    const TilePack cells(c);
    const Pack& pack = cells.pack;
    if (!fused::fits_tiles(pack.shape, c.batch, limits, c.multiplier))
      throw std::logic_error("not for tiles");
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
    const fused::TileJob job{memory.view(), fused::tile_plan(pack.shape, c.batch, c.multiplier), list.data()};
    if (c.multiplier == Multiplier::tensor_cores)
      launch_kind<Multiplier::tensor_cores>(c, pack, job, backend, trace);
    else
      launch_kind<Multiplier::threads>(c, pack, job, backend, trace);
    std::vector<float> weights(memory.parameters.size());
    std::vector<float> moment1(memory.moment1.size());
    backend.download(weights.data(), memory.parameters, weights.size());
    backend.download(moment1.data(), memory.moment1, moment1.size());
    double farthest = 0.0;
    for (std::size_t p = 0; compare && p < pack.size(); ++p) {
      const double d = distance_from_loop(c, naive_training(cells.cells[p], pack, p),
                                          p * memory.view().parameter_stride, weights, moment1);
      farthest = d <= farthest ? farthest : d;
    }
    return farthest;
  }

 private:
  static constexpr fused::BlockLimits limits = {.block = 232448, .multiprocessor = 233472, .reserved = 1024};

  template <Multiplier multiplier>
  void launch_kind(const TileCase& c, const Pack& pack, const fused::TileJob& job,
                   const TrackedBackend& backend, ptx::Trace* trace) {
    const bool noisy = fused::tile_kind(pack, 0) == fused::TileKind::noisy;
    const std::string name = kernel(noisy, multiplier, job.plan.width);
    fused::with_tile_width<multiplier>(job.plan, [&](auto width) {
      if (noisy)
        launch(c, name, fused::TrainTiles<true, multiplier, width>{job}, backend, trace);
      else
        launch(c, name, fused::TrainTiles<false, multiplier, width>{job}, backend, trace);
    });
  }

  template <typename F>
  void launch(const TileCase& c, const std::string& name, const F& f, const TrackedBackend& backend,
              ptx::Trace* trace) {
    const auto program = module_.program(name);
    if (program == nullptr) throw std::logic_error("no kernel " + name);
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

std::string label(const TileCase& c) {
  return (c.multiplier == Multiplier::threads ? "" : "3xtf32: ") + std::string(c.name);
}

int check(const char* ptx, const char* only) {
  Checker checker(ptx);
  int failures = 0;
  int cases = 0;
  for (const TileCase& c : tile_cases()) {
    if (only != nullptr && label(c) != only) continue;
    ++cases;
    const double distance = checker.run(c, true);
    const bool good = distance <= allowed_distance(c);
    std::printf("%s %s: %.1e from the loop in double, %.1e allowed\n", good ? "ok  " : "FAIL",
                label(c).c_str(), distance, allowed_distance(c));
    failures += good ? 0 : 1;
  }
  for (const auto& [key, fault] : checker.record().faults) {
    std::printf("FAULT %s, %llu times: PTX line %u: %s\n  %s\n  %s\n", name_of(fault.kind),
                static_cast<unsigned long long>(fault.times), fault.line, fault.instruction.c_str(),
                fault.source.c_str(), fault.detail.c_str());
    ++failures;
  }
  std::printf("%d cases, %d failures\n", cases, failures);
  return failures == 0 && cases > 0 ? 0 : 1;
}

int count(const char* ptx, const std::string& kind, std::uint32_t steps, const char* lines) {
  Checker checker(ptx);
  ptx::Trace trace;
  TileCase standard{.name = "standard"};
  standard.steps = steps;
  const bool noisy = kind.find("noisy") != std::string::npos;
  const bool tensor = kind.find("3xtf32") != std::string::npos;
  standard.noise = noisy ? 0.1 : 0.0;
  standard.multiplier = tensor ? Multiplier::tensor_cores : Multiplier::threads;
  if (kind == "plain_64") standard.width = 64;
  if (kind == "plain_128") standard.width = 128;
  checker.run(standard, false, &trace);
  ptx::report(stdout, checker.record());
  std::FILE* file = std::fopen(lines, "w");
  if (file == nullptr) return 2;
  ptx::report_lines(file, checker.record(), Checker::kernel(noisy, standard.multiplier, standard.width));
  return std::fclose(file) == 0 ? 0 : 2;
}

}  // namespace
}  // namespace modsweep::test

int main(int count, char** arguments) {
  try {
    if (count == 2 || count == 3)
      return modsweep::test::check(arguments[1], count == 3 ? arguments[2] : nullptr);
    if (count == 5)
      return modsweep::test::count(arguments[1], arguments[2],
                                   static_cast<std::uint32_t>(std::atoi(arguments[3])), arguments[4]);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(
      stderr,
      "usage: ptx_check PTX [CASE | plain|noisy|3xtf32|3xtf32_noisy|plain_64|plain_128 STEPS LINES]\n");
  return 2;
}
