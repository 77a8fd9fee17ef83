// What a step of the gemm engine asks of a device, counted on the stand-in for CUDA: launches, and the bytes
// that kernels and products read and write by their arguments. bench/gemm_traffic.md has the same numbers.
#include "device/kernel_timer.h"
#include "gemm/gemm_engine.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "modsweep/bench.h"

namespace modsweep {
namespace {

struct Traffic {
  std::size_t launches = 0;
  std::size_t products = 0;  ///< of them, of cuBLAS
  double bytes = 0.0;        ///< of a network

  bool operator==(const Traffic&) const = default;
};
void PrintTo(const Traffic& t, std::ostream* out) {
  *out << t.launches << " launches, " << t.products << " products, " << std::fixed << t.bytes << " bytes";
}

/// Of a step of a network of these sizes, batch 200, float, L2.
Traffic traffic_of_step(const std::vector<std::uint32_t>& sizes) {
  constexpr std::size_t networks = 2;
  device::KernelTimer timer(0);
  const Pack pack = bench_pack(bench_settings().front(), sizes, 200, Precision::fp32, networks);
  const auto training = start_timed_gemm(GpuDevice{}, pack, timer);
  training->advance(1);
  Traffic traffic;
  for (const auto& [kernel, times] : timer.times()) {
    traffic.launches += times.microseconds.size();
    if (kernel.starts_with("gemm ")) traffic.products += times.microseconds.size();
    traffic.bytes += times.all_bytes / networks;
  }
  return traffic;
}

std::vector<std::string> cells_of(const std::string& row) {
  std::vector<std::string> cells;
  std::istringstream in(row);
  for (std::string cell; std::getline(in, cell, '|');) {
    std::erase_if(cell, [](char c) { return c == ' ' || c == ','; });
    if (!cell.empty()) cells.push_back(cell);
  }
  return cells;
}

/// The table's columns: sizes, launches, products and bytes before, the same now.
TEST(GemmTraffic, IsThatOfTheTable) {
  std::ifstream file(MODSWEEP_SOURCE_DIR "/bench/gemm_traffic.md");
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> cells = cells_of(line);
    if (cells.size() != 7 || line[0] != '|' || cells[0].find('-') == std::string::npos || cells[0][0] == '-')
      continue;
    SCOPED_TRACE(line);
    std::vector<std::uint32_t> sizes;
    std::istringstream in(cells[0]);
    for (std::string size; std::getline(in, size, '-');)
      sizes.push_back(static_cast<std::uint32_t>(std::stoul(size)));
    const Traffic now = traffic_of_step(sizes);
    EXPECT_EQ(now, (Traffic{std::stoul(cells[4]), std::stoul(cells[5]), std::stod(cells[6])}));
    EXPECT_LE(now.launches, std::stoul(cells[1]));
    EXPECT_LE(now.bytes, std::stod(cells[3]));
    ++rows;
  }
  EXPECT_EQ(rows, 5U);
}

}  // namespace
}  // namespace modsweep
