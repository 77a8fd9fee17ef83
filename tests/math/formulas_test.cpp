// The formulas of modsweep/math: derivatives against finite differences, special cases against the general
// one.
#include "support/causes_reference.h"

#include <cmath>

#include <gtest/gtest.h>

#include "modsweep/math/learning_rate.h"
#include "modsweep/math/optimizer.h"
#include "modsweep/math/penalties.h"
#include "modsweep/math/unit.h"
#include "modsweep/measurement.h"
#include "modsweep/names.h"

namespace modsweep::math {
namespace {

constexpr double h = 1e-6;

double central(double above, double below) {
  return (above - below) / (2.0 * h);
}

TEST(Activation, DerivativesOfEveryKind) {
  for (const auto& [kind, name] : EnumNames<Activation>::table)
    for (const double z : {-3.0, -0.4, -1e-3, 1e-3, 0.7, 2.5}) {
      const double a = activate(kind, z, 0.1);
      const double expected = central(activate(kind, z + h, 0.1), activate(kind, z - h, 0.1));
      EXPECT_NEAR(activation_derivative(kind, z, a, 0.1), expected, 1e-8) << name << " at " << z;
    }
}

TEST(Activation, DerivativesOfValuesAreDerivatives) {
  for (const auto& [kind, name] : EnumNames<Activation>::table)
    for (const double slope : {-0.3, 0.0, 0.1})
      for (const double z : {-3.0, -0.4, 0.7, 2.5}) {
        const double a = activate(kind, z, slope);
        if (!derivative_of_value(kind, slope)) continue;
        EXPECT_EQ(activation_derivative(kind, a, slope), activation_derivative(kind, z, a, slope)) << name;
      }
  EXPECT_FALSE(derivative_of_value(Activation::leaky_relu, -0.3));
  EXPECT_FALSE(derivative_of_value(Activation::prelu, 0.1));
}

TEST(Activation, OnlyPreluTrainsItsSlope) {
  for (const auto& [kind, name] : EnumNames<Activation>::table)
    EXPECT_EQ(trains_slope(kind), kind == Activation::prelu) << name;
}

TEST(Activation, ValuesOfEveryKind) {
  EXPECT_DOUBLE_EQ(activate(Activation::leaky_relu, -2.0, 0.1), -0.2);
  EXPECT_DOUBLE_EQ(activate(Activation::leaky_relu, 2.0, 0.1), 2.0);
  EXPECT_DOUBLE_EQ(activate(Activation::prelu, -2.0, 0.25), -0.5);
  EXPECT_DOUBLE_EQ(activate(Activation::linear, -2.0, 0.1), -2.0);
  EXPECT_DOUBLE_EQ(activate(Activation::tanh, 0.5, 0.1), std::tanh(0.5));
  EXPECT_DOUBLE_EQ(activate(Activation::sigmoid, 0.5, 0.1), 1.0 / (1.0 + std::exp(-0.5)));
}

TEST(Activation, TheKinkTakesTheNegativeSide) {
  EXPECT_EQ(activation_derivative(Activation::leaky_relu, 0.0, 0.0, 0.1), 0.1);
  EXPECT_EQ(activation_slope_derivative(0.0), 0.0);
  EXPECT_EQ(activation_slope_derivative(-2.0), -2.0);
  EXPECT_EQ(activation_slope_derivative(2.0), 0.0);
}

TEST(Power, SpecialCasesEqualTheGeneralOne) {
  for (const double q : {0.5, 1.0, 2.0})
    for (const double x : {-2.0, -0.3, 0.4, 5.0}) {
      const auto special = power_kind(q);
      ASSERT_NE(special, PowerKind::general);
      EXPECT_NEAR(absolute_power(x, special, q), std::pow(std::abs(x), q), 1e-14);
      EXPECT_NEAR(absolute_power(x, PowerKind::general, q), std::pow(std::abs(x), q), 1e-13);
      EXPECT_NEAR(absolute_power_derivative(x, special, q),
                  absolute_power_derivative(x, PowerKind::general, q), 1e-13);
    }
  EXPECT_EQ(power_kind(0.0), PowerKind::zero);
  EXPECT_EQ(power_kind(0.35), PowerKind::general);
}

TEST(Power, DerivativesAndKinks) {
  for (const double q : {0.0, 0.35, 0.5, 1.0, 1.5, 2.0, 3.0}) {
    const auto kind = power_kind(q);
    for (const double x : {-1.7, -0.2, 0.3, 2.0})
      EXPECT_NEAR(absolute_power_derivative(x, kind, q),
                  central(absolute_power(x + h, kind, q), absolute_power(x - h, kind, q)), 1e-7)
          << q << " at " << x;
    EXPECT_EQ(absolute_power_derivative(0.0, kind, q), 0.0) << q;
    EXPECT_EQ(absolute_power(0.0, kind, q), q == 0.0 ? 1.0 : 0.0) << q;
  }
  EXPECT_EQ(absolute_power_derivative(1e-13, PowerKind::half, 0.5), 0.0);
  EXPECT_EQ(absolute_power_derivative(1e-13, PowerKind::general, 0.35), 0.0);
  EXPECT_EQ(absolute_power_derivative(1e-13, PowerKind::one, 1.0), 1.0);
}

TEST(Noise, DerivativeHoldsEpsFixed) {
  for (const double alpha : {0.0, 0.7, 1.0, 2.0, 3.0})
    for (const double v : {-1.3, -0.1, 0.2, 2.0})
      for (const double eps : {-0.4, 0.3}) {
        const auto kind = power_kind(alpha / 2);
        const auto at = [&](double x) { return add_noise(x, eps, kind, alpha / 2, false); };
        EXPECT_NEAR(at(v).derivative, central(at(v + h).value, at(v - h).value), 1e-7)
            << alpha << " at " << v;
        EXPECT_EQ(add_noise(v, eps, kind, alpha / 2, true).derivative, 1.0);
        EXPECT_EQ(add_noise(v, eps, kind, alpha / 2, true).value, at(v).value);
      }
}

TEST(Noise, NoGradientAndNoNanAtZero) {
  for (const double alpha : {0.0, 0.7, 1.0, 2.0}) {
    const auto noisy = add_noise(0.0, 0.5, power_kind(alpha / 2), alpha / 2, false);
    EXPECT_EQ(noisy.derivative, 1.0) << alpha;
    EXPECT_EQ(noisy.value, alpha == 0.0 ? 0.5 : 0.0) << alpha;
    const auto single = add_noise(0.0F, 0.5F, power_kind(alpha / 2), static_cast<float>(alpha / 2), false);
    EXPECT_EQ(single.derivative, 1.0F) << alpha;
  }
}

TEST(Dropout, KeepsTheMean) {
  EXPECT_EQ(dropout_scale(0.04, 0.05), 0.0);
  EXPECT_DOUBLE_EQ(dropout_scale(0.06, 0.05), 1.0 / 0.95);
}

TEST(Unit, DerivativesOfEveryRule) {
  for (const auto& [kind, name] : EnumNames<Activation>::table)
    for (const NoiseSite site : {NoiseSite::post, NoiseSite::pre})
      for (const double alpha : {0.0, 0.7, 1.0, 2.0})
        for (const double keep : {0.0, 1.0, 1.25})
          for (const double z : {-1.1, -0.3, 0.4, 1.6}) {
            UnitHyperparameters<double> hyper{kind, site, power_kind(alpha / 2), false, 0.2, alpha / 2};
            const auto at = [&](double x, double slope) {
              UnitHyperparameters<double> r = hyper;
              r.slope = slope;
              return forward_noisy_unit(r, x, 0.15, keep);
            };
            const auto u = at(z, 0.2);
            EXPECT_NEAR(u.clean_by_z, central(at(z + h, 0.2).clean, at(z - h, 0.2).clean), 1e-7) << name;
            if (keep > 0.0) {  // at keep = 0 the noise term is at its kink
              EXPECT_NEAR(u.out_by_z, central(at(z + h, 0.2).out, at(z - h, 0.2).out), 1e-7) << name << alpha;
            }
            if (trains_slope(kind) && keep > 0.0) {
              EXPECT_NEAR(u.out_by_slope, central(at(z, 0.2 + h).out, at(z, 0.2 - h).out), 1e-7);
              EXPECT_NEAR(u.clean_by_slope, central(at(z, 0.2 + h).clean, at(z, 0.2 - h).clean), 1e-7);
            }
          }
}

/// Rules of all penalties, each with a coefficient of its own.
PenaltyRules<double> all_penalties() {
  RegularizerSettings settings;
  double next = 0.5;
  for (const PenaltyInfo& penalty : penalty_infos) settings.*penalty.coefficient = next += 0.25;
  return penalty_rules<double>(settings);
}

/// The value of all penalties of sums and activities for one unit.
template <typename... P>
double value_of_unit(const PenaltySet<P...>&, const PenaltyRules<double>& rules, const UnitSums<double>& unit,
                     const double (&means)[activity_penalties]) {
  const auto value = [&]<typename One>(const One*) {
    const double c = rules.of<One>().coefficient;
    if constexpr (is_of_sums<One>) return c * One::value(unit);
    if constexpr (is_of_activity<One>) return c * One::unit_weight(unit) * means[Penalties::number<One>];
    return 0.0;
  };
  return (value(static_cast<const P*>(nullptr)) + ...);
}

TEST(Penalties, DerivativesBySums) {
  const auto rules = all_penalties();
  const UnitSums<double> unit{1.5, 0.75, 2.25, 1.25};
  double means[activity_penalties];
  for (std::size_t i = 0; i < activity_penalties; ++i) means[i] = 0.5 + static_cast<double>(i);
  const UnitSums<double> by = rules.unit_gradient(unit, means);
  const auto difference = [&](double UnitSums<double>::*sum) {
    UnitSums<double> above = unit;
    UnitSums<double> below = unit;
    above.*sum += h;
    below.*sum -= h;
    return central(value_of_unit(Penalties(), rules, above, means),
                   value_of_unit(Penalties(), rules, below, means));
  };
  EXPECT_NEAR(by.in_absolute, difference(&UnitSums<double>::in_absolute), 1e-8);
  EXPECT_NEAR(by.in_square, difference(&UnitSums<double>::in_square), 1e-8);
  EXPECT_NEAR(by.out_absolute, difference(&UnitSums<double>::out_absolute), 1e-8);
  EXPECT_NEAR(by.out_square, difference(&UnitSums<double>::out_square), 1e-8);
}

/// Every penalty requests the sums that its value depends on, and no others.
template <typename... P>
void expect_wanted_sums(const PenaltySet<P...>&) {
  const auto expect = [&]<typename One>(const One*) {
    const auto value = [](const UnitSums<double>& unit) {
      if constexpr (is_of_sums<One>) return One::value(unit);
      if constexpr (is_of_activity<One>) return One::unit_weight(unit);
      return 0.0;
    };
    const UnitSums<double> unit{1.5, 0.75, 2.25, 1.25};
    const auto depends = [&](double UnitSums<double>::*sum) {
      UnitSums<double> other = unit;
      other.*sum += 1.0;
      return value(other) != value(unit);
    };
    EXPECT_EQ(One::sums.in_absolute, depends(&UnitSums<double>::in_absolute)) << One::doc;
    EXPECT_EQ(One::sums.in_square, depends(&UnitSums<double>::in_square)) << One::doc;
    EXPECT_EQ(One::sums.out_absolute, depends(&UnitSums<double>::out_absolute)) << One::doc;
    EXPECT_EQ(One::sums.out_square, depends(&UnitSums<double>::out_square)) << One::doc;
  };
  (expect(static_cast<const P*>(nullptr)), ...);
}

TEST(Penalties, WantTheSumsThatTheyDependOn) {
  expect_wanted_sums(Penalties());
}

/// For every penalty of weights, and of their ends: its factors of 2w and sign(w) give the derivative of its
/// value.
template <typename... P>
void expect_weight_factors(const PenaltySet<P...>&, const PenaltyRules<double>& rules) {
  const auto expect = [&]<typename One>(const One*, double w) {
    const auto& rule = rules.of<One>();
    const WeightEnds<double> ends{.layer = 1, .from = 2.0, .to = 0.0, .from_units = 4.0, .to_units = 3.0};
    const auto value = [&]([[maybe_unused]] double v) {
      if constexpr (is_of_weights<One>)
        return rule.coefficient * One::value(WeightNorms<double>{std::abs(v), v * v});
      if constexpr (is_of_ends<One>) return rule.coefficient * One::value(rule, v, ends);
      return 0.0;
    };
    WeightFactors<double> factors;
    if constexpr (is_of_weights<One>) One::add_factors(rule.coefficient, factors);
    if constexpr (is_of_ends<One>) factors = One::factors(rule, w, ends);
    EXPECT_NEAR(weight_gradient(w, factors.quadratic, factors.absolute), central(value(w + h), value(w - h)),
                1e-8)
        << One::doc << " at " << w;
  };
  for (const double w : {-1.3, -0.2, 0.4, 2.0}) (expect(static_cast<const P*>(nullptr), w), ...);
}

TEST(Penalties, DerivativesByAWeight) {
  expect_weight_factors(Penalties(), all_penalties());
  EXPECT_EQ(weight_gradient(0.0, 3.0, 2.0), 0.0);  // and 0 at 0
}

TEST(ConnectionCost, DerivativesOfEveryForm) {
  for (const auto& [form, name] : EnumNames<ConnectionForm>::table)
    for (const double exponent : {0.0, 0.5, 1.0, 2.0, 1.7})
      for (const double w : {-1.3, -0.2, 0.4, 2.0}) {
        RegularizerSettings settings;
        settings.connection_cost = 0.7;
        settings.connection_form = form;
        settings.connection_exponent = exponent;
        settings.connection_scale = 0.3;
        const auto rules = penalty_rules<double>(settings);
        const auto& rule = rules.of<ConnectionCost>();
        const WeightEnds<double> ends{.layer = 1, .from = 2.0, .to = 0.0, .from_units = 4.0, .to_units = 3.0};
        const auto value = [&](double v) { return 0.7 * ConnectionCost::value(rule, v, ends); };
        const auto factors = ConnectionCost::factors(rule, w, ends);
        EXPECT_NEAR(weight_gradient(w, factors.quadratic, factors.absolute),
                    central(value(w + h), value(w - h)), 1e-8)
            << name << " " << exponent << " at " << w;
        EXPECT_EQ(ConnectionCost::value(rule, 0.0, ends), 0.0);
        const auto at_0 = ConnectionCost::factors(rule, 0.0, ends);
        EXPECT_EQ(weight_gradient(0.0, at_0.quadratic, at_0.absolute), 0.0);
        // A connection between units at one place costs its base, whatever the exponent above 0.
        const WeightEnds<double> none{.layer = 0, .from = 1.0, .to = 1.0, .from_units = 3.0, .to_units = 3.0};
        EXPECT_NEAR(ConnectionCost::factor(rule, none), exponent > 0.0 ? 0.1 : 1.1, 1e-15);
      }
}

/// Cost and gradient of every vector, at its slots, which may be permuted.
TEST(CausesReferenceConnectionCost, ValuesAndGradients) {
  for (const test::CauseCase& reference : test::cause_cases("connection_cost")) {
    SCOPED_TRACE(reference.name);
    RegularizerSettings settings;
    settings.connection_cost = 1.0;
    settings.connection_form = value_of<ConnectionForm>(reference.text("form")).value();
    settings.connection_base = reference.number("base");
    settings.connection_length = reference.number("length");
    settings.connection_exponent = reference.number("exponent");
    settings.connection_scale = reference.number("scale");
    const auto rules = penalty_rules<double>(settings);
    const auto& rule = rules.of<ConnectionCost>();
    const auto sizes = reference.sizes();
    double cost = 0.0;
    for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
      const auto from = reference.values("place" + std::to_string(l));
      const auto to = reference.values("place" + std::to_string(l + 1));
      for (std::size_t j = 0; j < sizes[l + 1]; ++j)
        for (std::size_t k = 0; k < sizes[l]; ++k) {
          const std::size_t at = j * sizes[l] + k;
          const double w = reference.values("W" + std::to_string(l))[at];
          const WeightEnds<double> ends{.layer = static_cast<std::uint32_t>(l),
                                        .from = from[k],
                                        .to = to[j],
                                        .from_units = static_cast<double>(sizes[l]),
                                        .to_units = static_cast<double>(sizes[l + 1])};
          EXPECT_NEAR(ConnectionCost::factor(rule, ends), reference.values("factor" + std::to_string(l))[at],
                      1e-14);
          cost += ConnectionCost::value(rule, w, ends);
          const auto factors = ConnectionCost::factors(rule, w, ends);
          const double gradient = reference.values("gC" + std::to_string(l))[at];
          EXPECT_NEAR(weight_gradient(w, factors.quadratic, factors.absolute), gradient,
                      1e-13 * (1.0 + std::abs(gradient)));
        }
    }
    EXPECT_NEAR(cost, reference.value("cost"), 1e-12 * cost);
  }
}

TEST(Penalties, OnesThatAreOffWantNothing) {
  EXPECT_FALSE(penalty_rules<double>({}).sums_wanted().any());
  EXPECT_FALSE(penalty_rules<double>({}).any_activity());
  EXPECT_FALSE(penalty_rules<double>({.l1 = 1.0, .l2 = 1.0, .activity = 1.0}).sums_wanted().any());
  EXPECT_TRUE(penalty_rules<double>({.weighted_activity = 1.0}).sums_wanted().out_square);
  EXPECT_FALSE(penalty_rules<double>({.weighted_activity = 1.0}).sums_wanted().in());
  EXPECT_TRUE(penalty_rules<double>({.l21 = 1.0}).sums_wanted().in_square);
}

TEST(Penalties, ValuesMakeTheLoss) {
  RegularizerValues values;
  RegularizerSettings settings;
  double expected = 0.0;
  double next = 1.0;
  for (const PenaltyInfo& penalty : penalty_infos) {
    values.*penalty.value = next;
    settings.*penalty.coefficient = 1.0 / next;
    next *= 2.0;
    expected += 1.0;
  }
  EXPECT_EQ(weighted_sum(settings, values), expected);
}

TEST(Weights, LengthIsTheDistanceOfPositions) {
  const WeightEnds<double> ends{.layer = 0, .from = 0.0, .to = 7.0, .from_units = 4.0, .to_units = 8.0};
  EXPECT_DOUBLE_EQ(ends.from_position(), 0.125);
  EXPECT_DOUBLE_EQ(ends.to_position(), 0.9375);
  EXPECT_DOUBLE_EQ(ends.length(), 0.8125);
}

TEST(Optimizer, AdamAndAdamWAsPyTorchWritesThem) {
  for (const bool decoupled : {false, true}) {
    double p = 0.5, m = 0.0, v = 0.0;
    double q = 0.5, a = 0.0, b = 0.0;
    for (std::uint64_t t = 1; t <= 20; ++t) {
      double g = std::sin(static_cast<double>(t)) + 0.01 * p;
      const auto step = adam_step<double>(1e-2, 0.9, 0.99, 1e-8, 0.02, decoupled, t);
      p = update_adam(step, decoupled ? decayed(step, p) : p, g, m, v);
      if (decoupled)
        q *= 1 - 1e-2 * 0.02;
      else
        g += 0.02 * q;
      a = 0.9 * a + 0.1 * g;
      b = 0.99 * b + 0.01 * g * g;
      const double corrected1 = a / (1 - std::pow(0.9, t));
      const double corrected2 = b / (1 - std::pow(0.99, t));
      q -= 1e-2 * corrected1 / (std::sqrt(corrected2) + 1e-8);
      EXPECT_NEAR(p, q, 1e-14);
    }
  }
}

// The recursions by which PyTorch's LinearLR, CosineAnnealingLR and StepLR go from one step to the next.
TEST(LearningRate, AsPyTorchsSchedulersGoOn) {
  constexpr std::uint32_t warmup = 10, period = 30;
  constexpr double pi = std::numbers::pi, base = 0.02, start = 0.25, minimum = 0.003, factor = 0.6;
  LearningRate rate{.base = base, .minimum = minimum, .factor = factor, .start = start, .warmup = warmup};
  rate.schedule = Schedule::cosine;
  rate.period = period;
  LearningRate steps = rate;
  steps.schedule = Schedule::step;
  steps.period = 7;
  double linear = base * start, annealed = base, decayed = base;
  for (std::uint32_t s = 0; s < warmup; ++s) {
    EXPECT_NEAR(rate.after(s), linear, 1e-15) << s;
    EXPECT_EQ(rate.after(s), steps.after(s)) << s;
    linear *= 1 + (1 - start) / (warmup * start + s * (1 - start));
  }
  EXPECT_NEAR(linear, base, 1e-15);
  for (std::uint32_t s = 0; s < period; ++s) {
    if (s > 0) {
      annealed =
          (1 + std::cos(pi * s / period)) / (1 + std::cos(pi * (s - 1) / period)) * (annealed - minimum) +
          minimum;
      if (s % 7 == 0) decayed *= factor;
    }
    EXPECT_NEAR(rate.after(warmup + s), annealed, 1e-15) << s;
    EXPECT_NEAR(steps.after(warmup + s), decayed, 1e-15) << s;
  }
  EXPECT_EQ(rate.after(warmup), base);
  EXPECT_EQ(rate.after(warmup + period), minimum);
}

TEST(LearningRate, IsExactlyTheSettingWithoutSchedule) {
  const LearningRate rate{.base = 0.1};
  for (const std::uint64_t step : {0ULL, 1ULL, 1ULL << 31U}) EXPECT_EQ(rate.after(step), 0.1);
}

TEST(Optimizer, SgdWithMomentumAndNesterov) {
  for (const bool nesterov : {false, true}) {
    double p = 1.0, velocity = 0.0;
    double q = 1.0, buffer = 0.0;
    for (int t = 0; t < 5; ++t) {
      const double g = 0.3 * q + 0.1 * t;
      p = update_sgd(SgdStep<double>{0.1, 0.9, 0.01, nesterov}, p, g, velocity);
      const double decayed = g + 0.01 * q;
      buffer = t == 0 ? decayed : 0.9 * buffer + decayed;  // PyTorch's first step
      q -= 0.1 * (nesterov ? decayed + 0.9 * buffer : buffer);
      EXPECT_NEAR(p, q, 1e-14);
    }
  }
}

TEST(Names, RoundTrip) {
  const auto round_trip = []<typename Enum>(Enum) {
    for (const auto& [value, name] : EnumNames<Enum>::table) {
      EXPECT_EQ(name_of(value), name);
      EXPECT_EQ(value_of<Enum>(name), value);
    }
    EXPECT_FALSE(value_of<Enum>("no such name"));
  };
  round_trip(Activation{});
  round_trip(NoiseSite{});
  round_trip(NoiseGradient{});
  round_trip(Optimizer{});
  round_trip(Schedule{});
  round_trip(Keep{});
  round_trip(Precision{});
  round_trip(ClusterBy{});
}

}  // namespace
}  // namespace modsweep::math
