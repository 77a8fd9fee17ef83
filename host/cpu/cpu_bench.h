// How fast the CPU engine is on this machine: whole training steps and single kernels, each against the
// floating-point peak measured beside it.
#pragma once

#include "cpu/kernels.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "modsweep/settings.h"

namespace modsweep::cpu {

struct BenchOptions {
  std::vector<std::string> settings;  ///< only whole steps of these, no kernels; empty: everything
  bool quick = false;                 ///< few repetitions
  std::vector<std::size_t> threads;   ///< of whole steps; empty: 1 and all
  std::string instruction_set;        ///< as CpuEngineOptions
};

/// One measurement.
struct BenchRow {
  std::string bench;    ///< "train", "groups" (whole steps without and with) or "kernel"
  std::string setting;  ///< "wa2", or the kernel's name
  std::string shape;
  std::uint32_t batch = 0;
  Precision precision = Precision::fp32;
  std::string instruction_set;
  std::size_t threads = 1;
  std::size_t networks = 1;
  std::size_t weights = 0;  ///< of a network; of "groups" only
  double median_us = 0.0;   ///< of a network's step, or of a kernel's call
  double min_us = 0.0;
  double max_us = 0.0;
  double gflops =
      0.0;  ///< at the median; a training step counts 6 operations per weight and sample; 0: not counted
  double peak_gflops =
      0.0;  ///< fused multiply-adds on as many threads: median of measurements between the repetitions
  [[nodiscard]] double share() const { return peak_gflops > 0.0 ? gflops / peak_gflops : 0.0; }
};

/// Floating-point peak of `threads` threads at once, in GFLOP/s: two operations per lane and fused
/// multiply-add.
[[nodiscard]] double measure_peak(Isa isa, Precision precision, std::size_t threads, double seconds);

/// Runs everything; takes about a minute, or ten seconds if quick.
[[nodiscard]] std::vector<BenchRow> run_bench(const BenchOptions& options);

}  // namespace modsweep::cpu
