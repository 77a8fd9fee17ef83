// The fused engine's plan for a shape, computed, not measured: blocks per network, samples at once, shared
// memory, and resident blocks per multiprocessor. `bench_fused_plan [BATCH] [REGISTERS]`: batch size 200 and
// 168 registers per thread unless given.
#include "fused/block_plan.h"

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <vector>

#include <fmt/format.h>

namespace {

using namespace modsweep;

/// From the CUDA C++ programming guide, technical specifications by compute capability.
struct Architecture {
  const char* name;
  fused::BlockLimits limits;
};
constexpr std::size_t warps_of_multiprocessor = 64;
constexpr std::size_t blocks_of_multiprocessor = 32;
constexpr Architecture architectures[] = {
    {"sm_80", {.block = 166912, .multiprocessor = 167936, .reserved = 1024, .max_ranks = 1}},
    {"sm_90", {.block = 232448, .multiprocessor = 233472, .reserved = 1024, .max_ranks = 8}}};

Shape shape_with(std::uint32_t width, std::size_t hidden_layers) {
  CellSettings cell;
  cell.network.hidden.assign(hidden_layers, width);
  return shape_of(cell, 4);
}

template <typename T>
void print_plan(const Architecture& architecture, const Shape& shape, std::uint32_t batch,
                std::size_t registers, fused::Multiplier multiplier = fused::Multiplier::threads) {
  const char* type = multiplier == fused::Multiplier::tensor_cores ? "3xTF32"
                     : sizeof(T) == 4                              ? "float"
                                                                   : "double";
  fmt::print("{:<6} {:<16} {:<6}", architecture.name, shape.text(), type);
  if (!fused::refuses_shape<T>(shape, architecture.limits, multiplier).empty()) {
    fmt::print(" refused\n");
    return;
  }
  const fused::BlockPlan plan = fused::block_plan<T>(shape, batch, architecture.limits, multiplier);
  const std::size_t by_memory =
      architecture.limits.multiprocessor / (plan.bytes + architecture.limits.reserved);
  const std::size_t by_registers = fused::registers_of_multiprocessor / (registers * plan.threads);
  const std::size_t blocks = std::min({by_memory, by_registers, blocks_of_multiprocessor});
  const std::size_t warps = blocks * plan.threads / 32;
  fmt::print(" {:>6} {:>7} {:>4} {:>7} {:>6} {:>5} {:>4} %\n", plan.ranks, plan.threads, plan.rows,
             plan.bytes, blocks, warps, 100 * warps / warps_of_multiprocessor);
}

template <typename T>
std::uint32_t widest(const fused::BlockLimits& limits, std::size_t hidden_layers) {
  std::uint32_t width = 0;
  while (fused::refuses_shape<T>(shape_with(width + 1, hidden_layers), limits).empty()) ++width;
  return width;
}

void print_widths(const Architecture& architecture) {
  for (std::size_t depth = 1; depth <= fused::max_layers - 1; ++depth) {
    fmt::print("{:<6} {:>5}", architecture.name, depth);
    for (std::uint32_t ranks = 1; ranks <= 8; ranks *= 2) {
      fused::BlockLimits limits = architecture.limits;
      limits.max_ranks = std::min(limits.max_ranks, ranks);
      if (limits.max_ranks < ranks)
        fmt::print("  {:>10}", "-");
      else
        fmt::print("  {:>4} /{:>4}", widest<float>(limits, depth), widest<double>(limits, depth));
    }
    fmt::print("\n");
  }
}

void print_all(std::uint32_t batch, std::size_t registers) {
  fmt::print("batch {}, {} registers a thread; nothing here is measured\n\n", batch, registers);
  fmt::print("{:<6} {:<16} {:<6} {:>6} {:>7} {:>4} {:>7} {:>6} {:>5} {:>6}\n", "", "shape", "", "ranks",
             "threads", "rows", "bytes", "blocks", "warps", "of 64");
  for (const Architecture& architecture : architectures)
    for (const std::uint32_t width : {32U, 40U, 64U, 96U, 128U, 192U}) {
      print_plan<float>(architecture, shape_with(width, 3), batch, registers);
      print_plan<float>(architecture, shape_with(width, 3), batch, registers,
                        fused::Multiplier::tensor_cores);
      print_plan<double>(architecture, shape_with(width, 3), batch, registers);
    }
  fmt::print("\nwidest hidden layers, float / double, by hidden layers and blocks of a cluster\n");
  fmt::print("{:<6} {:>5}  {:>10}  {:>10}  {:>10}  {:>10}\n", "", "depth", 1, 2, 4, 8);
  for (const Architecture& architecture : architectures) print_widths(architecture);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto number = [&](int i, std::uint32_t otherwise) {
      return argc > i ? static_cast<std::uint32_t>(std::stoul(argv[i])) : otherwise;
    };
    print_all(number(1, 200), number(2, 168));
  } catch (const std::exception& error) {
    fmt::print(stderr, "bench_fused_plan: {}\n", error.what());
    return EXIT_FAILURE;
  }
}
