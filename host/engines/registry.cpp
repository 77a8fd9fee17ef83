#include "engines/registry.h"

#include "engines/speed_table.h"
#include "recurrent/device_training.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/cpu_engine.h"
#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/version.h"

namespace modsweep {
namespace {

std::string always(GpuOpener&) {
  return {};
}

std::vector<std::unique_ptr<Engine>> make_cpu(GpuOpener&, std::size_t threads) {
  std::vector<std::unique_ptr<Engine>> engines;
  engines.push_back(make_cpu_engine({.threads = threads, .instruction_set = {}}));
  return engines;
}

std::vector<std::unique_ptr<Engine>> make_recurrent_cpu(GpuOpener&, std::size_t threads) {
  std::vector<std::unique_ptr<Engine>> engines;
  engines.push_back(make_recurrent_cpu_engine({.threads = threads, .instruction_set = {}}));
  return engines;
}

std::string no_gpu(GpuOpener& gpu) {
  return gpu().reason;
}

template <auto make>
std::vector<std::unique_ptr<Engine>> make_gpu(GpuOpener& gpu, std::size_t) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (const GpuDevice& device : gpu().devices) engines.push_back((gpu().module->*make)(device));
  return engines;
}

template <bptt::Method method>
std::vector<std::unique_ptr<Engine>> make_recurrent_gpu(GpuOpener& gpu, std::size_t) {
  std::vector<std::unique_ptr<Engine>> engines;
  for (const GpuDevice& device : gpu().devices)
    engines.push_back(gpu().module->make_recurrent_engine(device, method, start_on_device));
  return engines;
}

/// A warning where the machine has an NVIDIA driver, or devices, that `auto` cannot use.
std::string idle_gpu(const GpuAccess& gpu) {
  if (!gpu.driver_idle) return {};
  if (gpu.module == nullptr)
    return fmt::format("this machine has an NVIDIA driver, but no GPU is used: {}", gpu.reason);
  return fmt::format("not every GPU of this machine is used: {}", fmt::join(gpu.skipped, "; "));
}

/// Why `auto` had no choice.
std::string only_one(const GpuAccess& gpu) {
  constexpr const char* why = "the only one of this machine";
  return gpu.driver_idle ? fmt::format("{} (GPU not used: {})", why, gpu.reason) : why;
}

std::string note_of(const EngineChoice& choice) {
  return choice.why.empty() ? "" : "; auto: " + choice.why;
}

}  // namespace

const std::vector<EngineEntry>& engine_entries() {
  static const std::vector<EngineEntry> entries = {
      {"cpu", Family::feedforward, "vectorized, many networks over all cores", always, make_cpu},
      {"gemm", Family::feedforward,
       "batched matrix products and fused kernels on every NVIDIA GPU of this machine", no_gpu,
       make_gpu<&GpuModule::make_gemm_engine>},
      {"fused", Family::feedforward,
       "a thread block, or a cluster, for each small network on every NVIDIA GPU of this machine", no_gpu,
       make_gpu<&GpuModule::make_fused_engine>},
      {"fused_3xtf32", Family::feedforward,
       "fused, with tensor cores for the products of wide layers, in fp32", no_gpu,
       make_gpu<&GpuModule::make_fused_3xtf32_engine>},
      {"cpu", Family::recurrent, "recurrent networks, vectorized over samples, many over all cores", always,
       make_recurrent_cpu},
      {"gemm", Family::recurrent,
       "recurrent networks, a batched product for each time step, on every NVIDIA GPU of this machine",
       no_gpu, make_recurrent_gpu<bptt::Method::gemm>},
      {"fused", Family::recurrent,
       "recurrent networks, a thread block for 64 samples of one, on every NVIDIA GPU of this machine",
       no_gpu, make_recurrent_gpu<bptt::Method::fused>},
  };
  return entries;
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names = {"auto"};
  for (const EngineEntry& entry : engine_entries())
    if (std::ranges::find(names, entry.name) == names.end()) names.emplace_back(entry.name);
  return names;
}

std::string EngineChoice::text() const {
  std::vector<std::string> devices;
  for (const auto& engine : engines) devices.push_back(engine->device());
  return fmt::format("{}{}", fmt::join(devices, ", "), note_of(*this));
}

std::vector<Worker> EngineChoice::workers() const {
  return make_workers(engines, note_of(*this));
}

EngineChoice choose_engine(std::string_view name, std::size_t threads, Family family) {
  GpuOpener gpu;
  for (const EngineEntry& entry : engine_entries()) {
    if (entry.family != family || (name != "auto" && name != entry.name)) continue;
    const std::string reason = entry.unavailable(gpu);
    if (reason.empty()) return {entry.make(gpu, threads), {}};
    throw InputError(fmt::format("engine {} cannot be used here: {}; use --engine auto", entry.name, reason));
  }
  if (std::ranges::find(engine_entries(), name, &EngineEntry::name) != engine_entries().end())
    throw InputError(
        fmt::format("engine {} does not train {} networks; use --engine auto", name, name_of(family)));
  throw InputError(
      fmt::format("there is no engine '{}'; choose one of {}", name, fmt::join(engine_names(), ", ")));
}

EngineChoice choose_engine(std::string_view name, std::size_t threads, const TrialWork& work) {
  const Family family = work.sweep.base.network.family;
  if (name != "auto") return choose_engine(name, threads, family);
  GpuOpener gpu;
  std::vector<Contender> contenders;
  for (const EngineEntry& entry : engine_entries())
    if (entry.family == family && entry.unavailable(gpu).empty())
      contenders.push_back({std::string(entry.name), entry.make(gpu, threads)});
  if (contenders.size() == 1)
    return {std::move(contenders.front().engines), only_one(gpu()), idle_gpu(gpu())};
  SpeedTable table(SpeedTable::usual_path());
  TrialResult trial = try_engines(work, contenders, kept_timing(table, work, program_version()));
  return {std::move(contenders[trial.fastest].engines), std::move(trial.why), idle_gpu(gpu())};
}

}  // namespace modsweep
