// Measurements of a network at one step.
#pragma once

#include <array>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/network.h"

namespace modsweep {

/// Raw values (without coefficients) of the penalties (math/penalties.h), `double l2 = 0.0` and so on;
/// penalties of activity are means over the training set, of clean activations.
struct RegularizerValues {
#define MODSWEEP_VALUE(name, Penalty) double name = 0.0;
  MODSWEEP_PENALTIES(MODSWEEP_VALUE, MODSWEEP_NOTHING)
#undef MODSWEEP_VALUE

  bool operator==(const RegularizerValues&) const = default;
};

// (Named types, because nvcc puts parentheses around unnamed ones, about which g++ warns.)
using PenaltyCoefficient = double RegularizerSettings::*;
using PenaltyValue = double RegularizerValues::*;

/// A penalty's names and members in settings and results.
struct PenaltyInfo {
  std::string_view name;    ///< of its coefficient in [regularizer]
  std::string_view column;  ///< of its value in results
  std::string_view doc;
  std::int32_t since = 0;  ///< the first store format with the column
  bool of_activity = false;
  bool measured_alone = false;  ///< by a measure of its own
  PenaltyCoefficient coefficient = nullptr;
  PenaltyValue value = nullptr;
};

/// All penalties, in the order of the list.
#define MODSWEEP_INFO(name, Penalty)                                                \
  {#name,                                                                           \
   math::Penalty::column.empty() ? std::string_view(#name) : math::Penalty::column, \
   math::Penalty::doc,                                                              \
   math::Penalty::since,                                                            \
   math::is_of_activity<math::Penalty>,                                             \
   math::Penalty::measured_alone,                                                   \
   &RegularizerSettings::name,                                                      \
   &RegularizerValues::name},
inline constexpr auto penalty_infos =
    std::to_array<PenaltyInfo>({MODSWEEP_PENALTIES(MODSWEEP_INFO, MODSWEEP_NOTHING)});
#undef MODSWEEP_INFO

/// The penalties' contribution to the loss: the sum of coefficient times value.
[[nodiscard]] double weighted_sum(const RegularizerSettings& coefficients, const RegularizerValues& values);

/// The penalties that depend on weights alone; those of activity are 0. `settings`: for penalties with
/// settings other than their coefficient.
[[nodiscard]] RegularizerValues weight_regularizers(const Parameters& network,
                                                    const RegularizerSettings& settings = {});

/// The penalties of activity, from their sums over `count` samples in the order of the list; the others are
/// 0.
[[nodiscard]] RegularizerValues activity_regularizers(std::span<const double, math::activity_penalties> sums,
                                                      double count);

/// Sums value by value: combines the results of weight_regularizers() and activity_regularizers().
[[nodiscard]] RegularizerValues operator+(RegularizerValues a, const RegularizerValues& b);

/// A value of a column: a whole number, a number, a text, or none where nothing was measured. A number that
/// is not finite becomes none in the store. Small, and copies share texts: a run may hold millions.
class MeasuredValue {
 public:
  enum class Kind : std::uint8_t { none, whole, real, text };

  MeasuredValue() = default;
  // Implicit, so that a row is written as a list: {gap, modules, text}.
  // NOLINTBEGIN(google-explicit-constructor)
  MeasuredValue(double number) : kind_(Kind::real), number_{.real = number} {}
  MeasuredValue(std::optional<double> number) {
    if (number) *this = *number;
  }
  template <std::integral Integer>
  MeasuredValue(Integer number) : kind_(Kind::whole), number_{.whole = static_cast<std::int64_t>(number)} {}
  MeasuredValue(std::string text)
      : kind_(Kind::text), text_(std::make_shared<const std::string>(std::move(text))) {}
  // NOLINTEND(google-explicit-constructor)

  [[nodiscard]] Kind kind() const { return kind_; }
  /// The number, whole or not; none for texts.
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::int64_t whole() const { return kind_ == Kind::whole ? number_.whole : 0; }
  [[nodiscard]] double real() const { return kind_ == Kind::real ? number_.real : 0.0; }
  [[nodiscard]] const std::string& text() const;

  [[nodiscard]] bool operator==(const MeasuredValue& other) const { return std::is_eq(*this <=> other); }
  [[nodiscard]] std::partial_ordering operator<=>(const MeasuredValue& other) const;

 private:
  Kind kind_ = Kind::none;
  union {
    std::int64_t whole;
    double real;
  } number_ = {.whole = 0};
  std::shared_ptr<const std::string> text_;
};

/// A row without cell and step: the key columns, then the other columns, in the order of the store.
using MeasuredRow = std::vector<MeasuredValue>;

/// The measurements of one network at one step, as rows of the store's tables.
struct Measurement {
  std::uint64_t step = 0;
  std::vector<std::vector<MeasuredRow>> tables;  ///< [table][row]; tables as in measures/measure_tables.h

  /// The number in a network column; none where it was not measured. This function and the next one throw
  /// LogicError for a column that no measurement declares.
  [[nodiscard]] std::optional<double> number(std::string_view column) const;
  /// The number in a layer column for weight layer `layer`, from 0.
  [[nodiscard]] std::optional<double> number(std::string_view column, std::size_t layer) const;

  bool operator==(const Measurement&) const = default;
};

}  // namespace modsweep
