// Carries out the PTX of recurrent.cu: networks that it trains must be free of faults and be the CPU's in
// double.
//   recurrent_check PTX: the cases. Exit code 1 where one fails.
//   recurrent_check PTX count UNITS HEADS: counts of one training step of a modular network with a batch of
//   32, on
//     standard output.
#include "ptx/interpreter.h"
#include "ptx/report.h"
#include "recurrent/fused_pass.h"
#include "recurrent/network_step.h"
#include "recurrent/trainer.h"
#include "support/host_backend.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>

namespace modsweep::test {
namespace {

/// Memory and loops of the host; blocks by the interpreter.
class PtxBackend : public HostBackend {
 public:
  PtxBackend(ptx::Module& module, ptx::Record& record, bool backwards)
      : HostBackend(backwards), module_(module), record_(record), backwards_(backwards) {}

  [[nodiscard]] static fused::BlockLimits limits() {
    return {.block = 232448, .multiprocessor = 233472, .reserved = 1024};
  }

  template <typename U>
  [[nodiscard]] Array<U> allocate(std::size_t count) {
    Array<U> array = HostBackend::allocate<U>(count);
    const auto begin = reinterpret_cast<std::uint64_t>(array.data());
    allocations_[begin] = begin + count * sizeof(U);
    return array;
  }

  template <typename F>
  void for_each_tile_block(std::uint32_t items, std::size_t bytes, const F& f) {
    const auto program = module_.program(name_of(f));
    if (program == nullptr) throw std::logic_error("no kernel " + name_of(f));
    if (program->parameters.size() != 1 || program->parameters[0].bytes != sizeof(f))
      throw std::logic_error("the PTX is of other sources");
    ptx::Launch launch;
    launch.grid.x = items;
    launch.threads = fused::tile_threads;
    launch.dynamic_shared = bytes;
    launch.parameters.resize(sizeof(f));
    std::memcpy(launch.parameters.data(), &f, sizeof(f));
    ptx::Settings settings;
    settings.backwards = backwards_;
    settings.allocation = [this](std::uint64_t address) { return with(address); };
    ptx::run(launch, module_, program, settings, record_);
  }

 private:
  template <std::uint32_t rows>
  static std::string name_of(const bptt::RunPass<float, rows>&) {
    return "_ZN8modsweep5fused13work_on_tilesINS_4bptt7RunPassIfLj" + std::to_string(rows) + "EEEEEvT_";
  }
  static std::string name_of(const bptt::UpdateNetwork<float>&) {
    return "_ZN8modsweep5fused13work_on_tilesINS_4bptt13UpdateNetworkIfEEEEvT_";
  }
  [[nodiscard]] ptx::Allocation with(std::uint64_t address) const {
    auto found = allocations_.upper_bound(address);
    if (found == allocations_.begin()) return {};
    --found;
    return address < found->second ? ptx::Allocation{found->first, found->second} : ptx::Allocation{};
  }

  ptx::Module& module_;
  ptx::Record& record_;
  bool backwards_;
  std::map<std::uint64_t, std::uint64_t> allocations_;  ///< an address is used again for later ones
};

using Networks = bptt::Trainer<PtxBackend, float, bptt::FusedPass>;

struct PtxCase {
  const char* name = "";
  recurrent::Form form;
  std::uint32_t heads = 1;
  double old_rate = 0.0;
  std::uint32_t batch = 65;
  bool backwards = false;
  std::uint64_t steps = 2;
};

// Units for tiles of ten (fused_plan.h).
const std::vector<PtxCase> ptx_cases = {
    {.name = "modular", .form = {.units = 10}, .heads = 7},
    {.name = "all modules learn",
     .form = {.units = 9},
     .heads = 6,
     .old_rate = 0.5,
     .batch = 5,
     .backwards = true},
    {.name = "flat", .form = {.units = 20, .modular = false}, .heads = 2, .batch = 64},
};

recurrent::Network<double> network_of(const PtxCase& test_case) {
  const recurrent::DrawnValues fresh(9, test_case.form);
  auto network = recurrent::first_network<double>(test_case.form, fresh);
  while (network.heads < test_case.heads) recurrent::grow(network, {.old_rate = test_case.old_rate}, fresh);
  return network;
}

bptt::NetworkState<float> state_of(const recurrent::Network<double>& network) {
  return {.modules = network.modules,
          .heads = network.heads,
          .tasks = network.tasks,
          .values = {network.values.begin(), network.values.end()},
          .velocity = std::vector<float>(network.values.size()),
          .rates = network.rates};
}

/// The largest distance of a value from the CPU's, in double, after all steps.
double distance(const PtxCase& test_case, ptx::Module& module, ptx::Record& record) {
  auto network = network_of(test_case);
  const bptt::Form form = {.units = test_case.form.units,
                           .modular = test_case.form.modular,
                           .batch = test_case.batch,
                           .max_heads = test_case.heads};
  Networks device(std::make_unique<PtxBackend>(module, record, test_case.backwards), form,
                  {{.settings = {.seed = 9}, .growth = {}}});
  device.set_state(0, state_of(network));
  device.train({test_case.steps});
  const auto& kernels = recurrent::kernels_for<double>(cpu::best_isa());
  recurrent::NetworkStep<double> step(kernels);
  for (std::uint64_t s = 0; s < test_case.steps; ++s) {
    const recurrent::DrawnSequences<double> sequences(
        kernels, cpu::kernels_for<double>(cpu::best_isa()), {}, 9, math::SequencePurpose::training,
        static_cast<std::uint32_t>(s), network.tasks.back(), form.units, form.batch);
    step.train(network, {}, sequences, recurrent::learning_heads(network));
  }
  double out = device.progress(0).step == test_case.steps ? 0.0 : HUGE_VAL;
  const auto got = device.state(0).values;
  for (std::size_t i = 0; i < got.size(); ++i)
    out = std::max(out, std::abs(static_cast<double>(got[i]) - network.values[i]));
  return out;
}

int print_faults(const ptx::Record& record) {
  for (const auto& [key, fault] : record.faults)
    std::printf("FAULT %s, %llu times: PTX line %u: %s\n  %s\n  %s\n", ptx::name_of(fault.kind),
                static_cast<unsigned long long>(fault.times), fault.line, fault.instruction.c_str(),
                fault.source.c_str(), fault.detail.c_str());
  return static_cast<int>(record.faults.size());
}

int check(const char* path) {
  ptx::Module module(path);
  ptx::Record record;
  int failures = 0;
  // Values are of order 1; float rounds each of the thousand additions of a sum by 6e-8 at most.
  constexpr double allowed = 1e-5;
  for (const PtxCase& test_case : ptx_cases) {
    const double farthest = distance(test_case, module, record);
    const bool good = farthest <= allowed;
    std::printf("%s %s: %.1e from the CPU in double, %.1e allowed\n", good ? "ok  " : "FAIL", test_case.name,
                farthest, allowed);
    failures += good ? 0 : 1;
  }
  failures += print_faults(record);
  std::printf("%zu cases, %d failures\n", ptx_cases.size(), failures);
  return failures == 0 ? 0 : 1;
}

int count(const char* path, std::uint32_t units, std::uint32_t heads) {
  ptx::Module module(path);
  ptx::Record record;
  const PtxCase one{
      .name = "counted", .form = {.units = units}, .heads = heads, .batch = bptt::chunk_samples, .steps = 1};
  const double farthest = distance(one, module, record);
  std::printf("%.1e from the CPU in double\n", farthest);
  ptx::report(stdout, record);
  return record.faults.empty() ? 0 : 1;
}

}  // namespace
}  // namespace modsweep::test

int main(int count, char** arguments) {
  try {
    if (count == 2) return modsweep::test::check(arguments[1]);
    if (count == 5 && std::strcmp(arguments[2], "count") == 0)
      return modsweep::test::count(arguments[1], static_cast<std::uint32_t>(std::atoi(arguments[3])),
                                   static_cast<std::uint32_t>(std::atoi(arguments[4])));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
  std::fprintf(stderr, "usage: recurrent_check PTX [count UNITS HEADS]\n");
  return 2;
}
