#include "cli/gpu_bench.h"

#include "engines/gpu_module.h"

#include <charconv>
#include <new>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "modsweep/error.h"
#include "modsweep/names.h"
#include "modsweep/version.h"

namespace modsweep::cli {
namespace {

using Sizes = std::vector<std::uint32_t>;

/// "4-32-4" as layer sizes.
Sizes parse_shape(const std::string& text) {
  Sizes sizes;
  const char* next = text.data();
  const char* const end = next + text.size();
  while (true) {
    std::uint32_t size = 0;
    const auto [after, error] = std::from_chars(next, end, size);
    if (error != std::errc() || size == 0 || (after != end && *after != '-'))
      throw InputError(fmt::format("--shape {}: not a list of layer sizes; write it as 4-32-32-32-4", text));
    sizes.push_back(size);
    if (after == end) break;
    next = after + 1;
  }
  if (sizes.size() < 3 || sizes.front() != sizes.back())
    throw InputError(fmt::format(
        "--shape {}: needs inputs, at least one hidden layer, and as many outputs as inputs; write it as "
        "4-32-32-32-4",
        text));
  return sizes;
}

Sizes standard_shape(std::uint32_t width, std::size_t depth) {
  Sizes sizes = {4};
  sizes.insert(sizes.end(), depth, width);
  sizes.push_back(4);
  return sizes;
}

/// The cases that are timed if the user names none: one parameter varied at a time around the paper's
/// network.
std::vector<GpuBenchOptions> whole_tour(const GpuBenchRequest& request) {
  const GpuBenchOptions base{
      .settings = request.settings.empty() ? std::vector<std::string>{"wa2"} : request.settings,
      .shapes = {standard_shape(32, 3)},
      .batches = {200},
      .networks = {1024},
      .precision = request.precision,
      .orders = {},
      .train = true,
      .kernels = true,
      .spectra = false,
      .quick = request.quick};
  GpuBenchOptions packs = base;
  packs.kernels = false;
  packs.networks = {1, 16, 64, 256, 4096, 16384};
  GpuBenchOptions settings = base;
  settings.settings = request.settings;
  settings.kernels = false;
  GpuBenchOptions widths = base;
  widths.shapes.clear();
  for (const std::uint32_t width : {8U, 16U, 64U, 128U, 256U, 1024U})
    widths.shapes.push_back(standard_shape(width, 3));
  GpuBenchOptions depths = base;
  depths.kernels = false;
  depths.shapes.clear();
  for (const std::size_t depth : {1U, 2U, 5U, 8U}) depths.shapes.push_back(standard_shape(32, depth));
  GpuBenchOptions batches = base;
  batches.kernels = false;
  batches.batches = {32, 64, 1000};
  if (request.quick) return {base, settings};
  return {base, settings, packs, widths, depths, batches};
}

std::vector<GpuBenchOptions> options_of(const GpuBenchRequest& request) {
  const bool gemm = request.engine == "gemm";
  if (!gemm && request.spectra)
    throw InputError("--spectra: the fused engines have them from gemm's kernels; give --engine gemm");
  if (!gemm && request.precision == Precision::tf32)
    throw InputError("--precision tf32: the fused engine computes in fp32 and fp64; give --engine gemm");
  if (request.engine == "fused_3xtf32" && request.precision != Precision::fp32)
    throw InputError("--precision fp64: fused_3xtf32 computes in fp32; give --engine fused");
  std::vector<GpuBenchOptions> list;
  if (!request.spectra && request.empty()) list = whole_tour(request);
  if (!request.spectra && !request.empty()) {
    GpuBenchOptions chosen{.settings = request.settings,
                           .shapes = {},
                           .batches = request.batches,
                           .networks = request.networks,
                           .precision = request.precision,
                           .orders = {},
                           .train = true,
                           .kernels = false,
                           .spectra = false,
                           .quick = request.quick};
    for (const std::string& text : request.shapes) chosen.shapes.push_back(parse_shape(text));
    if (chosen.shapes.empty()) chosen.shapes = {standard_shape(32, 3)};
    if (chosen.batches.empty()) chosen.batches = {200};
    if (chosen.networks.empty()) chosen.networks = {1024};
    list.push_back(std::move(chosen));
  }
  for (GpuBenchOptions& options : list) {
    options.engine = request.engine;
    if (!gemm) options.kernels = false;
  }
  if (gemm && (request.spectra || request.empty()))
    list.push_back({.settings = {},
                    .shapes = {},
                    .batches = {},
                    .networks = {},
                    .precision = request.precision,
                    .orders = {8, 16, 32, 64, 128, 256, 512},
                    .train = false,
                    .kernels = false,
                    .spectra = true,
                    .quick = request.quick});
  return list;
}

std::string share(double value, double peak) {
  return value > 0.0 && peak > 0.0 ? fmt::format("{:.0f} %", 100.0 * value / peak) : "-";
}

/// A line of the table, which is printed row by row: every width is fixed.
void print_line(std::ostream& out, const std::vector<std::string>& texts) {
  constexpr std::size_t widths[] = {7, 26, 16, 5, 9, 8, 9, 9, 9, 8, 7, 6, 7};
  constexpr std::size_t names = 3;  // flush left
  std::string line;
  for (std::size_t i = 0; i < texts.size(); ++i)
    line +=
        i < names ? fmt::format("{:<{}} ", texts[i], widths[i]) : fmt::format("{:>{}} ", texts[i], widths[i]);
  line.erase(line.find_last_not_of(' ') + 1);
  fmt::print(out, "{}\n", line);
  out.flush();
}

void print_header(std::ostream& out) {
  print_line(out, {"bench", "setting", "shape", "batch", "precision", "networks", "us", "min", "max",
                   "GFLOP/s", "of peak", "GB/s", "of peak"});
}

void print_row(std::ostream& out, const GpuBenchRow& row) {
  print_line(
      out, {row.bench, row.setting, row.shape, std::to_string(row.batch), std::string(name_of(row.precision)),
            std::to_string(row.networks), fmt::format("{:.4g}", row.median_us),
            fmt::format("{:.4g}", row.min_us), fmt::format("{:.4g}", row.max_us),
            row.gflops > 0.0 ? fmt::format("{:.0f}", row.gflops) : "-", share(row.gflops, row.peak_gflops),
            row.gbytes > 0.0 ? fmt::format("{:.0f}", row.gbytes) : "-", share(row.gbytes, row.peak_gbytes)});
}

nlohmann::ordered_json to_json(const GpuBenchRow& row, std::string_view engine, const GpuDevice& device) {
  return {{"engine", engine},
          {"device", device.name},
          {"architecture", device.architecture},
          {"driver", device.driver},
          {"version", program_version()},
          {"bench", row.bench},
          {"setting", row.setting},
          {"shape", row.shape},
          {"batch", row.batch},
          {"precision", name_of(row.precision)},
          {"networks", row.networks},
          {"n", row.n},
          {"median_us", row.median_us},
          {"min_us", row.min_us},
          {"max_us", row.max_us},
          {"gflops", row.gflops},
          {"gbytes", row.gbytes},
          {"peak_gflops", row.peak_gflops},
          {"peak_gbytes", row.peak_gbytes}};
}

}  // namespace

GpuBenchResult bench_gpu(const GpuBenchRequest& request, std::ostream& out,
                         const std::function<void(const nlohmann::ordered_json&)>& keep) {
  const std::vector<GpuBenchOptions> list =
      options_of(request);  // before any work: a wrong shape fails at once
  const GpuAccess gpu = open_gpu();
  if (gpu.module == nullptr)
    throw InputError(fmt::format("there is no GPU to time: {}; use --engine cpu", gpu.reason));
  const GpuDevice& device = gpu.devices.front();
  fmt::print(out, "{}, {}, driver {}\n", device.name, device.architecture, device.driver);
  out.flush();
  print_header(out);
  GpuBenchResult result;
  result.rows = nlohmann::ordered_json::array();
  const GpuBenchWatcher watcher{.row =
                                    [&](const GpuBenchRow& row) {
                                      print_row(out, row);
                                      result.rows.push_back(to_json(row, request.engine, device));
                                      if (keep) keep(result.rows);
                                    },
                                .failed =
                                    [&](const std::string& what, const std::string& why) {
                                      result.failures.push_back(fmt::format("{}: {}", what, why));
                                      fmt::print(out, "{}\n", result.failures.back());
                                    }};
  for (const GpuBenchOptions& options : list) {
    try {
      gpu.module->bench(device, options, watcher);
    } catch (const IoError& error) {
      watcher.failed("peaks of the device", error.what());
    } catch (const std::bad_alloc&) {
      watcher.failed("peaks of the device", "out of memory");
    }
  }
  fmt::print(
      out,
      "(us: median time of one step of one network, of one launch of a kernel, or of the spectrum of one "
      "matrix; peaks: fused multiply-adds and a copy, measured in the same run)\n");
  return result;
}

}  // namespace modsweep::cli
