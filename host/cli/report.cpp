// modsweep report: one page of any sweep, for a browser.
#include "cli/command.h"
#include "cli/interrupt.h"
#include "cli/number_options.h"
#include "cli/report_page.h"
#include "cli/stores.h"
#include "core/text.h"
#include "page/sweep_page.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

#include "modsweep/error.h"

namespace modsweep::cli {
namespace {

struct ReportArguments {
  std::vector<std::string> store_paths;
  std::string output_path;
  double watch_seconds = 0.0;  ///< 0: once
  /// From `run`, which knows that it trains: the page loads itself again after so many seconds; 0: the
  /// training has ended.
  std::optional<double> reload_seconds;
};

std::string now_text() {
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())));
}

bool any_writer(const std::vector<std::string>& files) {
  return std::ranges::any_of(files, [](const std::string& file) {
    return Store(file, Store::Access::read_only).status().writer.has_value();
  });
}

bool all_finished(const Store& store) {
  const StoreStatus status = store.status();
  return !status.sweeps.empty() &&
         std::ranges::all_of(status.sweeps, [](const auto& sweep) { return sweep.left() == 0; });
}

/// Writes the page. `reload`: seconds, while not everything is finished. Returns whether it is.
bool write_report(const ReportArguments& options, double reload) {
  const ReadStores stores(options.store_paths);
  const bool finished = all_finished(stores.store());
  page::SweepPageOptions page{.name = stores.name(), .files = options.store_paths, .made = now_text()};
  if (options.reload_seconds) {
    page.training = *options.reload_seconds > 0.0;
    page.reload_seconds = *options.reload_seconds;
  } else {
    page.training = !finished && any_writer(stores.files());
    page.reload_seconds = finished ? 0.0 : reload;
  }
  write_page(page::sweep_page(stores.store(), page), options.output_path, stores.files());
  return finished;
}

/// Waits; false: a signal asks to end.
bool wait(double seconds, const InterruptGuard& interrupt) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (std::chrono::steady_clock::now() < until && !interrupt.requested())
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return !interrupt.requested();
}

ExitCode watch(const ReportArguments& options, Console& console) {
  InterruptGuard interrupt;
  interrupt.saved();
  fmt::print(console.err, "{} is written every {:g} s until everything is finished; Ctrl-C ends\n",
             one_line(options.output_path, 1000), options.watch_seconds);
  while (!write_report(options, options.watch_seconds))
    if (!wait(options.watch_seconds, interrupt)) {
      (void)write_report(options, 0.0);
      return ExitCode::interrupted;
    }
  return ExitCode::done;
}

ExitCode report(const ReportArguments& options, Console& console) {
  if (options.reload_seconds)  // beside the training: it must not take time from it
    ::setpriority(PRIO_PROCESS, 0, 10);
  if (options.watch_seconds > 0.0) return watch(options, console);
  (void)write_report(options, 0.0);
  return ExitCode::done;
}

}  // namespace

void add_report(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ReportArguments>();
  CLI::App* command =
      app.add_subcommand("report", "A page of a sweep for a browser: numbers, pictures, warnings");
  add_store_paths(command, options->store_paths);
  command->add_option("-o,--output", options->output_path, "Write the page here, whole or not at all")
      ->required()
      ->type_name("FILE.html");
  finite_number(command->add_option("--watch", options->watch_seconds,
                                    "Write it again so often until everything is finished; the open page "
                                    "follows [once]"),
                1.0, 86400.0)
      ->type_name("SECONDS");
  finite_number(command->add_option("--reload", options->reload_seconds), 0.0, 86400.0)->group("");
  command->footer(
      "The page is one file, needs no network and no scripts, and tells of any sweep: what is done, which "
      "axes\n"
      "matter, the numbers of all groups, pictures, warnings, every setting, and how to get it again. "
      "Pictures\n"
      "take gnuplot (Debian: gnuplot-nox); without it, the page says so in their place.\n"
      "Examples:\n"
      "  modsweep report quickstart.db -o quickstart.html\n"
      "  modsweep report quickstart.db -o page.html --watch 60");
  on_chosen(command, chosen, options, report);
}

}  // namespace modsweep::cli
