// modsweep bench: how fast the engines are on this machine.
#include "modsweep/bench.h"

#include "cli/bench_prediction.h"
#include "cli/command.h"
#include "cli/gpu_bench.h"
#include "cli/json_output.h"
#include "cli/number_options.h"
#include "cli/output.h"
#include "cli/run_table.h"
#include "core/formats.h"
#include "cpu/cpu_bench.h"
#include "engines/registry.h"

#include <filesystem>
#include <fstream>
#include <optional>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include "modsweep/names.h"
#include "modsweep/version.h"

namespace modsweep::cli {
namespace {

struct BenchArguments : cpu::BenchOptions {
  std::string engine = "auto";
  std::string json_path;
  std::string format = "table";
  std::string precision;
  std::string counts_path;  ///< of --predict; empty: measure
  GpuBenchRequest gpu;
};

/// The processor's name for the records, as the kernel reports it: "AMD EPYC 9B14".
std::string machine_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

void print_rows(const std::vector<cpu::BenchRow>& rows, std::ostream& out) {
  std::vector<std::vector<std::string>> table = {{"bench", "setting", "shape", "batch", "precision",
                                                  "kernels", "threads", "networks", "us", "min", "max",
                                                  "GFLOP/s", "of peak"}};
  for (const cpu::BenchRow& row : rows) {
    const bool counted = row.gflops > 0.0;
    table.push_back({row.bench, row.setting, row.shape, std::to_string(row.batch),
                     std::string(name_of(row.precision)), row.instruction_set, std::to_string(row.threads),
                     std::to_string(row.networks), fmt::format("{:.2f}", row.median_us),
                     fmt::format("{:.2f}", row.min_us), fmt::format("{:.2f}", row.max_us),
                     counted ? fmt::format("{:.1f}", row.gflops) : "-",
                     counted ? fmt::format("{:.0f} %", 100.0 * row.share()) : "-"});
  }
  print_table(out, table, 3);
  fmt::print(
      out,
      "(us: median time of one step of one network, or of one call of a kernel; peak: fused multiply-adds of "
      "as many threads, measured in between)\n");
}

/// Time of a network with groups as a fraction of the time of the dense one, beside its fraction of the
/// weights.
void print_groups(const std::vector<cpu::BenchRow>& rows, std::ostream& out) {
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const cpu::BenchRow& dense = rows[i];
    const cpu::BenchRow& grouped = rows[i + 1];
    if (dense.bench != "groups" || grouped.bench != "groups" || grouped.weights >= dense.weights) continue;
    fmt::print(out, "{} takes {:.3f} of the time of {} ({}), with {:.3f} of its weights\n", grouped.shape,
               grouped.median_us / dense.median_us, dense.shape,
               format_plural(static_cast<double>(dense.threads), "thread"),
               static_cast<double>(grouped.weights) / static_cast<double>(dense.weights));
  }
}

nlohmann::ordered_json to_json(const cpu::BenchRow& row, const std::string& machine) {
  return {{"engine", "cpu"},
          {"machine", machine},
          {"version", program_version()},
          {"bench", row.bench},
          {"setting", row.setting},
          {"shape", row.shape},
          {"batch", row.batch},
          {"precision", name_of(row.precision)},
          {"instruction_set", row.instruction_set},
          {"threads", row.threads},
          {"networks", row.networks},
          {"weights", row.weights},
          {"median_us", row.median_us},
          {"min_us", row.min_us},
          {"max_us", row.max_us},
          {"gflops", row.gflops},
          {"peak_gflops", row.peak_gflops},
          {"share_of_peak", row.share()}};
}

nlohmann::ordered_json bench_cpu(const BenchArguments& options, std::ostream& out) {
  if (!options.gpu.empty() || !options.precision.empty())
    throw InputError(
        "--networks, --shape, --batch, --precision and --spectra are of GPU engines; leave them out or give "
        "--engine gemm, fused or fused_3xtf32");
  const std::string machine = machine_name();
  fmt::print(out, "{}\n", machine);
  out.flush();
  const std::vector<cpu::BenchRow> rows = cpu::run_bench(options);
  print_rows(rows, out);
  print_groups(rows, out);
  auto list = nlohmann::ordered_json::array();
  for (const cpu::BenchRow& row : rows) list.push_back(to_json(row, machine));
  return list;
}

GpuBenchRequest gpu_request(const BenchArguments& options, std::string_view engine) {
  if (!options.threads.empty() || !options.instruction_set.empty())
    throw InputError(
        "--threads and --instruction-set are of the CPU engine; leave them out or give --engine cpu");
  GpuBenchRequest request = options.gpu;
  request.engine = engine;
  request.precision = value_of<Precision>(options.precision).value_or(Precision::fp32);
  request.settings = options.settings;
  request.quick = options.quick;
  return request;
}

/// The rows so far in the file of --json, where it can be replaced: what is measured in an hour should
/// outlive what comes after it.
void keep_rows(const nlohmann::ordered_json& rows, const std::string& path) {
  if (path.empty() || (std::filesystem::exists(path) && !std::filesystem::is_regular_file(path))) return;
  AtomicOutput json(path, {});
  write_json(rows, json.stream());
  json.commit();
}

GpuBenchResult times_of(const BenchArguments& options, std::ostream& out) {
  if (!options.counts_path.empty())
    return {.rows = predict_bench(options.counts_path, options.gpu.networks, out), .failures = {}};
  const EngineChoice choice = choose_engine(options.engine, 1);
  if (choice.name() == "cpu") return {.rows = bench_cpu(options, out), .failures = {}};
  return bench_gpu(gpu_request(options, choice.name()), out,
                   [&](const nlohmann::ordered_json& rows) { keep_rows(rows, options.json_path); });
}

ExitCode bench(const BenchArguments& options, Console& console) {
  std::optional<AtomicOutput> json;
  if (!options.json_path.empty()) {
    json.emplace(options.json_path,
                 std::vector<std::string>{});  // before the work, so that a wrong path fails at once
    console.out.outlive_failure();
  }
  const bool as_json = options.format == "json";
  std::ostream nowhere(nullptr);
  std::ostream& text = as_json ? nowhere : console.out;
  const GpuBenchResult result = times_of(options, text);
  if (as_json) write_json(result.rows, console.out);
  if (json) {
    write_json(result.rows, json->stream());
    json->commit();
  }
  for (const std::string& failure : result.failures) fmt::print(console.err, "not timed: {}\n", failure);
  return result.failures.empty() ? ExitCode::done : ExitCode::io_failure;
}

std::vector<std::string> setting_names() {
  std::vector<std::string> names;
  for (const BenchSetting& setting : bench_settings()) names.emplace_back(setting.name);
  return names;
}

}  // namespace

void add_bench(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<BenchArguments>();
  CLI::App* command = app.add_subcommand(
      "bench", "Time whole training steps and single kernels, with the share of the measured peak");
  command->add_option("--engine", options->engine, "What to time [auto]")
      ->check(CLI::IsMember(engine_names()))
      ->type_name("NAME");
  whole_number(command->add_option("--threads", options->threads,
                                   "Threads of whole steps; may be given many times [1 and all]"),
               1, 4096)
      ->type_name("N")
      ->allow_extra_args(false);
  command
      ->add_option("--setting", options->settings,
                   "Only whole steps of this setting; may be given many times [all, and kernels]")
      ->check(CLI::IsMember(setting_names()))
      ->type_name("NAME")
      ->allow_extra_args(false);
  command
      ->add_option("--instruction-set", options->instruction_set,
                   "avx512, avx2 or x86-64 [the best one here]")
      ->type_name("NAME");
  whole_number(command->add_option("--networks", options->gpu.networks,
                                   "Networks of a pack on a GPU; may be given many times [1 to 16384]"),
               1, 1U << 20U)
      ->type_name("N")
      ->allow_extra_args(false);
  command
      ->add_option("--shape", options->gpu.shapes,
                   "Layer sizes on a GPU; may be given many times [4-32-32-32-4 and others]")
      ->type_name("4-32-4")
      ->allow_extra_args(false);
  whole_number(command->add_option("--batch", options->gpu.batches,
                                   "Samples of a batch on a GPU; may be given many times [200]"),
               1, 1000)
      ->type_name("B")
      ->allow_extra_args(false);
  command->add_option("--precision", options->precision, "Of whole steps and kernels on a GPU [fp32]")
      ->check(CLI::IsMember(names_of<Precision>()))
      ->type_name("NAME");
  command->add_flag("--spectra", options->gpu.spectra, "Only spectra on a GPU");
  command
      ->add_option(
          "--predict", options->counts_path,
          "Measure nothing: what counts of machine code (bench/fused_counts.json) predict for fused on "
          "an H100, of --networks")
      ->type_name("FILE");
  add_format_option(*command, options->format);
  command->add_option("--json", options->json_path, "Also write the results here, as JSON")
      ->type_name("FILE");
  command->add_flag("--quick", options->quick, "Seconds instead of a minute, less exact");
  command->footer(
      "Examples:\n  modsweep bench --quick\n  modsweep bench --json bench.json\n  modsweep bench --engine "
      "gemm --setting wa2 --networks 1024");
  on_chosen(command, chosen, options, bench);
}

}  // namespace modsweep::cli
