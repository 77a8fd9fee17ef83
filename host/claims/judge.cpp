#include "claims/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace modsweep::claims {

Truth less(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::nullopt;
  return a < b;
}

Truth all(const std::vector<Truth>& truths) {
  if (std::ranges::find(truths, Truth(false)) != truths.end()) return false;
  if (std::ranges::find(truths, Truth()) != truths.end()) return std::nullopt;
  return true;
}

std::string text_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::does_not_hold:
      return "does not hold";
    case Verdict::cannot_be_judged:
      break;
  }
  return "cannot be judged";
}

std::size_t curve_of(const ResultCell& cell) {
  return cell.settings.value("training.seed", std::size_t{0});
}

Judge::Judge(const Evidence& evidence, const IntervalSettings& intervals)
    : evidence_(evidence), intervals_(intervals) {}

double Judge::median(std::string label, std::vector<double> values) {
  Number number{std::move(label), "median", std::numeric_limits<double>::quiet_NaN(), std::nullopt,
                values.size()};
  std::ranges::sort(values);  // the result must not depend on the order of the cells
  number.interval = IntervalMaker(intervals_).of(values, Statistic::median).interval;
  if (!values.empty()) number.value = statistic_of(Statistic::median, values);
  numbers_.push_back(std::move(number));
  return numbers_.back().value;
}

double Judge::median(std::string label, const Where& where, const Value& value) {
  std::vector<double> values;
  for (const ResultCell* cell : evidence_.where(where))
    if (const double number = value(*cell); !std::isnan(number)) values.push_back(number);
  return median(std::move(label), std::move(values));
}

double Judge::median(std::string label, const Where& where, const std::string& column) {
  return median(std::move(label), where, [&](const ResultCell& cell) { return cell.number(column); });
}

double Judge::share(std::string label, const Where& where, const Property& property) {
  std::vector<bool> cases;
  for (const ResultCell* cell : evidence_.where(where)) cases.push_back(property(*cell));
  return share(std::move(label), cases);
}

double Judge::share(std::string label, const std::vector<bool>& cases) {
  std::vector<double> values(cases.begin(), cases.end());
  const auto hits = static_cast<std::size_t>(std::ranges::count(cases, true));
  Number number{std::move(label), "share", std::numeric_limits<double>::quiet_NaN(), std::nullopt,
                cases.size()};
  if (!cases.empty()) number.value = mean(values);
  std::ranges::sort(values);
  number.interval = intervals_.method == IntervalMethod::bootstrap
                        ? bootstrap_interval(values, Statistic::mean, intervals_)
                        : proportion_interval(hits, cases.size(), intervals_.confidence);
  numbers_.push_back(std::move(number));
  return numbers_.back().value;
}

void Judge::check(std::string text, Truth holds, std::optional<double> value) {
  if (value && std::isnan(*value)) value.reset();
  checks_.push_back({std::move(text), value, holds});
}

Verdict Judge::verdict() const {
  std::vector<Truth> truths;
  for (const Check& check : checks_) truths.push_back(check.holds);
  const Truth together = checks_.empty() ? std::nullopt : all(truths);
  if (!together) return Verdict::cannot_be_judged;
  return *together ? Verdict::holds : Verdict::does_not_hold;
}

}  // namespace modsweep::claims
