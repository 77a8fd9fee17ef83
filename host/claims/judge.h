// How a claim is checked against the results: numbers computed from cells, and checks of them.
#pragma once

#include "claims/evidence.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "modsweep/statistics.h"

namespace modsweep::claims {

/// Yes, no, or unknown if a number is missing.
using Truth = std::optional<bool>;
/// a < b; unknown where either is NaN.
[[nodiscard]] Truth less(double a, double b);
/// No if any is no, else unknown if any is unknown.
[[nodiscard]] Truth all(const std::vector<Truth>& truths);

/// A number of the report.
struct Number {
  std::string label;
  std::string statistic;  ///< "median", "share", "transition", ...
  double value = 0.0;     ///< NaN: no cell has it
  std::optional<Interval> interval;
  std::size_t networks = 0;  ///< number of networks whose values it is computed from
};

/// A condition for the claim to hold.
struct Check {
  std::string text;
  std::optional<double> value;  ///< the value that was compared, if it is not among the numbers
  Truth holds;
};

enum class Verdict : std::uint8_t { holds, does_not_hold, cannot_be_judged };
[[nodiscard]] std::string text_of(Verdict verdict);

/// The curve that a cell belongs to along an axis: its training.seed.
[[nodiscard]] std::size_t curve_of(const ResultCell& cell);

/// Collects numbers and checks of one claim.
class Judge {
 public:
  Judge(const Evidence& evidence, const IntervalSettings& intervals);

  [[nodiscard]] const Evidence& evidence() const { return evidence_; }
  [[nodiscard]] const IntervalSettings& intervals() const { return intervals_; }

  using Value = std::function<double(const ResultCell&)>;  ///< NaN: none
  using Property = std::function<bool(const ResultCell&)>;

  /// The median over the cells that fulfil `where`, noted under `label`. NaN: no cell has the value.
  double median(std::string label, const Where& where, const Value& value);
  double median(std::string label, const Where& where, const std::string& column);
  /// The fraction of those cells that have a property. NaN: there are no such cells.
  double share(std::string label, const Where& where, const Property& property);
  /// The fraction of true entries in `cases`, which need not be cells.
  double share(std::string label, const std::vector<bool>& cases);
  void note(Number number) { numbers_.push_back(std::move(number)); }
  void check(std::string text, Truth holds, std::optional<double> value = std::nullopt);

  [[nodiscard]] const std::vector<Number>& numbers() const { return numbers_; }
  [[nodiscard]] const std::vector<Check>& checks() const { return checks_; }
  /// No if a check is no; else "cannot be judged" if a check is unknown or there are no checks; else yes.
  [[nodiscard]] Verdict verdict() const;

 private:
  double median(std::string label, std::vector<double> values);

  const Evidence& evidence_;
  IntervalSettings intervals_;
  std::vector<Number> numbers_;
  std::vector<Check> checks_;
};

}  // namespace modsweep::claims
