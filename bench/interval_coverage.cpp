// How often the intervals of `aggregate` and `fit` contain the truth, for made-up seeds: a table of
// percentages. `bench_interval_coverage [SETS] [CONFIDENCE]`: SETS sets for each standard interval of a
// statistic, a tenth of them for each bootstrap interval, transition and balance, a fortieth for each law.
#include "analysis/made_up_seeds.h"

#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace modsweep {
namespace {

constexpr std::array<std::size_t, 4> seeds_shown = {3, 5, 10, 30};
constexpr std::array statistics_shown = {Statistic::mean, Statistic::median, Statistic::trimmed_mean};
constexpr std::array<std::pair<Spread, const char*>, 3> spreads_shown = {
    {{Spread::normal, "normal"}, {Spread::skewed, "skewed"}, {Spread::two_peaks, "two peaks"}}};

/// "94.9", with the fraction of the sets that have no interval, if any.
std::string text_of(const Coverage& coverage) {
  if (coverage.without == coverage.sets) return "none";
  const std::string share = fmt::format("{:.1f}", 100.0 * coverage.share());
  if (coverage.without == 0) return share;
  return fmt::format("{} ({:.1f} none)", share,
                     100.0 * static_cast<double>(coverage.without) / static_cast<double>(coverage.sets));
}

void print_head(const char* what) {
  fmt::print("\n| {} | values | interval |", what);
  for (const std::size_t count : seeds_shown) fmt::print(" {} seeds |", count);
  fmt::print("\n| --- | --- | --- | --- | --- | --- | --- |\n");
}

void print_statistics(std::size_t sets, IntervalSettings settings) {
  print_head("statistic");
  for (const Statistic statistic : statistics_shown)
    for (const auto& [spread, name] : spreads_shown)
      for (const auto method : {IntervalMethod::standard, IntervalMethod::bootstrap}) {
        settings.method = method;
        settings.resamples = 1000;
        fmt::print("| {} | {} | {} |", name_of(statistic), name, name_of(method));
        for (const std::size_t count : seeds_shown) {
          const std::size_t some = method == IntervalMethod::bootstrap ? sets / 10 : sets;
          fmt::print(" {} |", text_of(coverage_of(statistic, spread, count, some, settings, count)));
        }
        fmt::print("\n");
      }
}

struct Curves {
  const char* name;
  MadeUpCurves curves;
};
const std::array curves_shown = {
    Curves{"log x* normal, sd 0.3", {}},
    Curves{"the same, steeper than the axis", {.steepness = 20.0}},
    Curves{"log x* normal, sd 0.8, steeper than the axis", {.deviation = 0.8, .steepness = 20.0}},
    Curves{"log x* normal, sd 0.1, steep", {.deviation = 0.1, .steepness = 5.0}},
    Curves{"the same, 7 points", {.deviation = 0.1, .steepness = 2.0, .points = 7}},
    Curves{"x* normal, sd 15 %", {.deviation = 0.15, .logarithmic = false}},
    Curves{"no spread, noise of networks 0.1", {.deviation = 0.0, .noise = 0.1}},
    Curves{"log x* skewed, sd 0.3", {.spread = Spread::skewed}},
    Curves{"log x* of two peaks, sd 0.3", {.spread = Spread::two_peaks}}};

void print_fits(std::size_t sets, const IntervalSettings& settings) {
  print_head("fit");
  for (const auto& [name, shown] : curves_shown) {
    std::array<std::string, 4> rows;
    for (const std::size_t count : seeds_shown) {
      MadeUpCurves curves = shown;
      curves.seeds = count;
      const auto law = coverage_of_law(curves, sets / 4, settings, count);
      rows[0] += fmt::format(" {} |", text_of(coverage_of_transition(curves, sets, settings, count)));
      rows[1] += fmt::format(" {} |", text_of(law[0]));
      rows[2] += fmt::format(" {} |", text_of(law[1]));
      rows[3] += fmt::format(" {} |", text_of(coverage_of_balance(curves, sets, settings, count)));
    }
    for (std::size_t i = 0; i < rows.size(); ++i)
      fmt::print("| {} | {} | {} |{}\n", (std::array{"transition", "law, a", "law, b", "balance"})[i], name,
                 name_of(settings.method), rows[i]);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace modsweep

int main(int count, char** arguments) {
  const std::size_t sets = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 20'000;
  modsweep::IntervalSettings settings;
  if (count > 2) settings.confidence = std::strtod(arguments[2], nullptr);
  fmt::print("Intervals of {:g} %: how often they hold the truth, in percent.\n",
             100.0 * settings.confidence);
  modsweep::print_statistics(sets, settings);
  modsweep::print_fits(sets / 10, settings);
}
