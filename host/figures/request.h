// What to draw of a store: the options of `plot`.
#pragma once

#include "figures/figure.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "modsweep/names.h"
#include "modsweep/statistics.h"
#include "modsweep/store.h"

namespace modsweep::figures {

/// What is drawn around a group's statistic.
enum class Spread : std::uint8_t {
  interval,            ///< of confidence, as `aggregate` makes it
  quartiles,           ///< from the lower to the upper one
  standard_deviation,  ///< one below to one above
  extremes,            ///< from the smallest to the largest value
  nothing
};

/// A store, and what messages and titles call it.
struct Source {
  const Store& store;
  std::string name = {};
};

/// Columns and settings that are not given are chosen by what the store's axes suggest.
struct Request {
  std::string kind = {};  ///< empty: what the axes suggest
  std::string x = {};
  std::vector<std::string> y = {};
  std::string hue = {};  ///< a line for each of its values
  std::string row = {};  ///< frames below one another
  std::string col = {};  ///< frames side by side
  /// Ids of cells as tables show them; none: all cells.
  std::optional<std::unordered_set<std::string>> cells = std::nullopt;
  Statistic statistic = Statistic::median;
  Spread spread = Spread::interval;
  IntervalSettings interval = {};
  bool points = false;                       ///< single networks beside their statistic
  bool fits = false;                         ///< fitted transitions over the lines
  std::optional<bool> log_x = std::nullopt;  ///< none: where the steps are geometric
  std::optional<bool> log_y = std::nullopt;  ///< none: where the values span much
  std::optional<Interval> x_limits = std::nullopt;
  std::optional<Interval> y_limits = std::nullopt;
  std::string cell = {};  ///< of `network`: an id or its first digits; empty: a typical one
};

}  // namespace modsweep::figures

namespace modsweep {

template <>
struct EnumNames<figures::Spread> {
  static constexpr std::array<std::pair<figures::Spread, std::string_view>, 5> table = {{
      {figures::Spread::interval, "ci"},
      {figures::Spread::quartiles, "iqr"},
      {figures::Spread::standard_deviation, "sd"},
      {figures::Spread::extremes, "minmax"},
      {figures::Spread::nothing, "none"},
  }};
};

}  // namespace modsweep
