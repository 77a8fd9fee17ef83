// connection_cost: sum over all weights of c phi(W) with c = base + length |u_j - u_k|^exponent, where u is
// the position of a unit in its layer and phi the form (science.md section 9): a longer connection costs
// more.
#pragma once

#include "modsweep/math/penalties/base.h"

namespace modsweep::math {

/// phi(w), with w0 the scale: |w| (BIMT), w^2, ln(1 + |w|/w0), w^2 / (w0^2 + w^2).
enum class ConnectionForm : std::uint8_t { abs, square, log, elimination };

struct ConnectionCost : PenaltyOfEnds {
  static constexpr std::string_view doc =
      "coefficient of the sum over W of (base + length * distance of its units ^ exponent) * form";
  static constexpr std::int32_t since = 6;
  static constexpr bool measured_alone = true;
  static constexpr PenaltySetting settings[] = {
      {"connection_form", 0.0, 0.0,
       "connection_cost of a weight w: |w|; w^2; ln(1 + |w|/scale); w^2 / (scale^2 + w^2)"},
      {"connection_base", 0.0, 1e30, "connection_cost: what a connection of length 0 costs"},
      {"connection_length", 0.0, 1e30, "connection_cost: what the length of a connection costs"},
      {"connection_exponent", 0.0, 16.0, "connection_cost: exponent of the distance of units"},
      {"connection_scale", 1e-30, 1e30, "connection_cost: scale of w in the forms log and elimination"}};

  template <typename T>
  struct Rule : PenaltyRule<T> {
    ConnectionForm form = ConnectionForm::abs;
    PowerKind kind = PowerKind::one;
    T base{};
    T length{};
    T exponent{};
    T scale{};
  };
  template <typename T, typename Settings>
  static constexpr void set(Rule<T>& rule, const Settings& settings) {
    rule.form = settings.connection_form;
    rule.kind = power_kind(settings.connection_exponent);
    rule.base = T(settings.connection_base);
    rule.length = T(settings.connection_length);
    rule.exponent = T(settings.connection_exponent);
    rule.scale = T(settings.connection_scale);
  }

  /// c, what a connection costs by where it runs.
  template <typename T>
  MODSWEEP_HD static T factor(const Rule<scalar_of<T>>& rule, const WeightEnds<T>& ends) {
    return T(rule.base) + T(rule.length) * absolute_power(ends.length(), rule.kind, T(rule.exponent));
  }
  template <typename T>
  MODSWEEP_HD static T value(const Rule<scalar_of<T>>& rule, T w, const WeightEnds<T>& ends) {
    const T c = factor(rule, ends);
    const T scale(rule.scale);
    switch (rule.form) {
      case ConnectionForm::abs:
        return c * absolute(w);
      case ConnectionForm::square:
        return c * w * w;
      case ConnectionForm::log:
        return c * logarithm(T(1) + absolute(w) / scale);
      case ConnectionForm::elimination:
        break;
    }
    return c * w * w / (scale * scale + w * w);
  }
  template <typename T>
  MODSWEEP_HD static WeightFactors<T> factors(const Rule<scalar_of<T>>& rule, T w,
                                              const WeightEnds<T>& ends) {
    const T c = T(rule.coefficient) * factor(rule, ends);
    const T scale(rule.scale);
    switch (rule.form) {
      case ConnectionForm::abs:
        return {T(0), c};
      case ConnectionForm::square:
        return {c, T(0)};
      case ConnectionForm::log:
        return {T(0), c / (scale + absolute(w))};
      case ConnectionForm::elimination:
        break;
    }
    // w0^2 / (w0^2 + w^2)^2 without squares of squares, which would leave the range of T.
    const T near = scale / (scale * scale + w * w);
    return {c * near * near, T(0)};
  }
};

}  // namespace modsweep::math
