#include "engines/trials.h"

#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

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

/// The largest distance that rounding explains where it is not amplified: engines add in different orders.
double usual_distance(Precision precision) {
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

/// One rounding of this precision, in roundings of fp32.
double rounding(Precision precision) {
  switch (precision) {
    case Precision::fp64:
      return 0x1p-29;
    case Precision::fp32:
      return 1.0;
    case Precision::tf32:
      return 0x1p13;
  }
  return 0.0;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Networks of a trial: the cell's own and further ones that differ in their seeds.
constexpr std::size_t trial_networks = 5;

/// Steps before which losses and gradients are compared.
constexpr std::uint64_t compared_steps[] = {0, 3};

/// Of the next step of each network, [time of comparison][network].
using Inspections = std::vector<std::vector<StepInspection>>;

Inspections inspect_first_steps(Engine& engine, const Pack& pack) {
  const auto training = engine.start(pack);
  Inspections all;
  std::uint64_t taken = 0;
  for (const std::uint64_t steps : compared_steps) {
    training->advance(steps - std::exchange(taken, steps));
    auto& inspections = all.emplace_back();
    for (std::size_t p = 0; p < pack.size(); ++p) inspections.push_back(training->inspect(p));
  }
  return all;
}

/// Medians over networks, since any of them may have a unit next to a pole of its gradient.
struct Distances {
  double loss = 0.0;
  double gradient = 0.0;
};

Distances distances(const std::vector<StepInspection>& a, const std::vector<StepInspection>& b) {
  std::vector<double> losses;
  std::vector<double> gradients;
  for (std::size_t p = 0; p < b.size(); ++p) {
    losses.push_back(distance({a[p].total}, {b[p].total}));
    gradients.push_back(distance(a[p].gradient, b[p].gradient));
  }
  return {median(std::move(losses)), median(std::move(gradients))};
}

/// What the first steps of networks like one cell should be. Noise with an exponent below 2 has poles of its
/// gradient that amplify any rounding. So engines are compared with the reference in double precision, and
/// the reference's own distance in single precision says what rounding does to these networks.
class Expectation {
 public:
  Expectation(const TrialWork& work, std::uint64_t cell_index, Engine& reference)
      : cell_(work.sweep.cell(cell_index)), reference_(reference.name()) {
    CellSettings settings = cell_.settings;
    for (std::size_t p = 0; p < trial_networks; ++p, ++settings.training.seed)
      pack_.add(settings, work.datasets.get(settings.task));
    exact_ = inspect_first_steps(reference, with(Precision::fp64));
    single_ = inspect_first_steps(reference, with(Precision::fp32));
  }

  /// How `engine` differs; empty if it does not.
  [[nodiscard]] std::string disagreement(Engine& engine) const {
    const Inspections got = inspect_first_steps(engine, pack_);
    for (std::size_t i = 0; i < exact_.size(); ++i) {
      const Distances off = distances(got[i], exact_[i]);
      const Distances own = distances(single_[i], exact_[i]);
      if (off.loss > allowed(own.loss)) return text(off.loss, "loss", compared_steps[i]);
      if (off.gradient > allowed(own.gradient)) return text(off.gradient, "gradient", compared_steps[i]);
    }
    return {};
  }

 private:
  [[nodiscard]] Pack with(Precision precision) const {
    Pack pack = pack_;
    pack.precision = precision;
    return pack;
  }
  [[nodiscard]] double allowed(double of_rounding) const {
    constexpr double other_orders = 10.0;  // of sums, and other functions: roundings of another size
    return std::max(usual_distance(pack_.precision), other_orders * of_rounding * rounding(pack_.precision));
  }
  [[nodiscard]] std::string text(double distance, std::string_view what, std::uint64_t steps) const {
    return fmt::format("differs from {} by {:.1g} of the {} in step {} of networks like cell {}", reference_,
                       distance, what, steps + 1, shown_id(cell_.id));
  }

  Cell cell_;
  std::string reference_;
  Pack pack_;
  Inspections exact_;
  Inspections single_;
};

/// Expectations by the index of their cell, computed at first need.
using Expectations = std::map<std::uint64_t, Expectation>;

struct Trial {
  std::string failed = {};
  double seconds = 0.0;
};

Trial try_contender(const TrialWork& work, const Contender& contender, Engine& reference,
                    Expectations& expectations, const Timing& timing) {
  Engine& engine = *contender.engines.front();
  try {
    const std::vector<Worker> workers = make_workers(contender.engines);
    const PlanSummary plan =
        summarize(work.sweep, work.finished, workers, work.max_pack, work.threads, work.shard);
    const ShapePlan* shape = plan.most_work();
    if (shape == nullptr) return {};
    if (&engine != &reference) {
      const std::uint64_t index = shape->first_index;
      const auto expected = expectations.try_emplace(index, work, index, reference).first;
      if (std::string how = expected->second.disagreement(engine); !how.empty()) return {.failed = how};
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
  Expectations expectations;
  std::optional<double> best;
  TrialResult result;
  std::vector<std::string> outcomes;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Trial trial = try_contender(work, contenders[i], reference, expectations, timing);
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
