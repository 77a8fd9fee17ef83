// What is recorded of a network at one step.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/network.h"

namespace modsweep {

/// Raw values (without coefficients) of the terms of science.md section 3; activity terms over the training
/// set, clean activations. `l2` is the sum of W^2.
struct RegularizerValues {
  double l1 = 0.0;
  double l2 = 0.0;
  double weighted_activity = 0.0;
  double activity = 0.0;
  double l12 = 0.0;
  double l21 = 0.0;

  bool operator==(const RegularizerValues&) const = default;
};

/// The regularizers' share of the loss: the sum of coefficient times value.
[[nodiscard]] double weighted_sum(const RegularizerSettings& coefficients, const RegularizerValues& values);

/// The terms that depend on weights alone (l1, l2, l12, l21); the activity terms are 0.
[[nodiscard]] RegularizerValues weight_regularizers(const Parameters& network);

/// A value of a column: a whole number, a number, a text, or none where nothing was measured. A number that
/// is not finite becomes none in the store. (Not a variant: GCC 12 takes copies of one for uninitialized.)
struct MeasuredValue {
  enum class Kind : std::uint8_t { none, whole, real, text };

  Kind kind = Kind::none;
  std::int64_t whole = 0;
  double real = 0.0;
  std::string text = {};

  MeasuredValue() = default;
  // Implicit, so that a row is written as a list: {gap, modules, text}.
  // NOLINTBEGIN(google-explicit-constructor)
  MeasuredValue(double number) : kind(Kind::real), real(number) {}
  MeasuredValue(std::optional<double> number)
      : kind(number ? Kind::real : Kind::none), real(number.value_or(0.0)) {}
  template <std::integral Integer>
  MeasuredValue(Integer number) : kind(Kind::whole), whole(static_cast<std::int64_t>(number)) {}
  MeasuredValue(std::string words) : kind(Kind::text), text(std::move(words)) {}
  // NOLINTEND(google-explicit-constructor)

  /// The number, whole or not; none for texts.
  [[nodiscard]] std::optional<double> number() const;
  auto operator<=>(const MeasuredValue&) const = default;
};

/// The key columns of a row, cell and step aside, then its other columns, in the order of the store.
using MeasuredRow = std::vector<MeasuredValue>;

/// What was measured of one network at one step: rows of the store's tables.
struct Measurement {
  std::uint64_t step = 0;
  std::vector<std::vector<MeasuredRow>> tables;  ///< [table][row]; tables as in measures/tables.h

  /// The number in a column of the network; none where there is none. Throws LogicError for a column that no
  /// measurement declares, as the next one does.
  [[nodiscard]] std::optional<double> number(std::string_view column) const;
  /// The same of weight layer `layer`, from 0.
  [[nodiscard]] std::optional<double> number(std::string_view column, std::size_t layer) const;

  bool operator==(const Measurement&) const = default;
};

}  // namespace modsweep
