#include "cli/interval_options.h"

#include "cli/number_options.h"

#include <string>

#include <fmt/format.h>

#include "modsweep/names.h"

namespace modsweep::cli {

void add_interval_options(CLI::App* command, IntervalSettings& settings) {
  command
      ->add_option_function<std::string>(
          "--interval",
          [&settings](const std::string& name) { settings.method = value_of<IntervalMethod>(name).value(); },
          "standard: covers as often as it says on normal values; bootstrap: percentiles of resamples, too "
          "narrow for ten values or fewer [standard]")
      ->check(CLI::IsMember({"standard", "bootstrap"}))
      ->type_name("NAME");
  finite_number(command->add_option("--confidence", settings.confidence, "Of the interval [0.95]"), 0.01,
                0.9999)
      ->type_name("SHARE");
  whole_number(command->add_option("--resamples", settings.resamples,
                                   fmt::format("Of --interval bootstrap [{}]", settings.resamples)),
               100, 1'000'000)
      ->type_name("COUNT");
  whole_number(command->add_option("--seed", settings.seed,
                                   "Of --interval bootstrap: the same seed, the same interval [0]"))
      ->type_name("NUMBER");
}

}  // namespace modsweep::cli
