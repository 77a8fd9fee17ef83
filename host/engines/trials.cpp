#include "engines/trials.h"

#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

/// Largest |a - b| over the largest |b|; 1 where the sizes differ or only one is finite.
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return 1.0;
  double difference = 0.0;
  double scale = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(a[i]) != std::isfinite(b[i])) return 1.0;
    if (!std::isfinite(b[i])) continue;
    difference = std::max(difference, std::abs(a[i] - b[i]));
    scale = std::max(scale, std::abs(b[i]));
  }
  return difference == 0.0 ? 0.0 : std::min(1.0, difference / scale);
}

/// The largest distance that rounding can explain: engines add in different orders.
double allowed_distance(Precision precision) {
  switch (precision) {
    case Precision::fp64:
      return 1e-8;
    case Precision::fp32:
      return 1e-3;
    case Precision::tf32:
      return 5e-2;  // ten bits, of every factor
  }
  return 0.0;
}

/// How `engine` differs from `reference` in the first steps of one cell; empty if it does not.
std::string disagreement(const TrialWork& work, const ShapePlan& shape, Engine& engine, Engine& reference) {
  const Cell cell = work.sweep.cell(shape.first_index);
  Pack pack;
  pack.add(cell.settings, work.datasets.get(cell.settings.task));
  Pack same = pack;
  if (!reference.refuses(same.shape, same.precision).empty()) same.precision = Precision::fp32;
  const auto training = engine.start(pack);
  const auto expected = reference.start(same);
  for (const std::uint64_t steps : {0U, 3U}) {
    training->advance(steps);
    expected->advance(steps);
    const StepInspection got = training->inspect(0);
    const StepInspection want = expected->inspect(0);
    const double off = std::max(distance({got.total}, {want.total}), distance(got.gradient, want.gradient));
    if (off > allowed_distance(pack.precision))
      return fmt::format("differs from {} by {:.1g} of the gradient in step {} of cell {}", reference.name(),
                         off, steps + 1, shown_id(cell.id));
  }
  return {};
}

struct Trial {
  std::string failed = {};
  double seconds = 0.0;
};

Trial try_contender(const TrialWork& work, const Contender& contender, Engine& reference,
                    const Timing& timing) {
  Engine& engine = *contender.engines.front();
  try {
    const std::vector<Worker> workers = make_workers(contender.engines);
    const PlanSummary plan =
        summarize(work.sweep, work.finished, workers, work.max_pack, work.threads, work.shard);
    const ShapePlan* shape = plan.most_work();
    if (shape == nullptr) return {};
    if (&engine != &reference) {
      if (std::string how = disagreement(work, *shape, engine, reference); !how.empty())
        return {.failed = how};
    }
    return {.seconds = timing(plan, engine).on(contender.engines.size(), plan).seconds(plan)};
  } catch (const Error& error) {
    return {.failed = error.what()};
  } catch (const std::bad_alloc&) {
    return {.failed = "out of memory"};
  }
}

}  // namespace

TrialResult try_engines(const TrialWork& work, std::span<const Contender> contenders, const Timing& timing) {
  Engine& reference = *contenders.front().engines.front();
  std::optional<double> best;
  TrialResult result;
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Trial trial = try_contender(work, contenders[i], reference, timing);
    if (!trial.failed.empty()) {
      outcomes.push_back(fmt::format("{} cannot be used: {}", contenders[i].name, trial.failed));
      continue;
    }
    outcomes.push_back(fmt::format("{} {}", contenders[i].name, format_duration(trial.seconds)));
    if (best && *best <= trial.seconds) continue;
    best = trial.seconds;
    result.fastest = i;
  }
  result.why = fmt::format("tried, {}", fmt::join(outcomes, "; "));
  return result;
}

}  // namespace modsweep
