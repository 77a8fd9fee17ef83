// modsweep plot STORE balance: a loss and a gap over one axis, and where they balance (figure 2).
#include "figures/joint_keys.h"
#include "figures/kinds.h"
#include "figures/line_figure.h"
#include "figures/transitions.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/fit.h"

namespace modsweep::figures {
namespace {

/// Loss and gap of the networks of a line, as `fit balance` takes them.
std::vector<TradeoffPoint> tradeoff_points(const Plotted& plotted, Place place, const std::string& loss) {
  std::vector<TradeoffPoint> points;
  for (std::size_t x = 0; x < plotted.x.values.size(); ++x) {
    place[3] = x;
    const CellGroup* group = plotted.at(place);
    if (group == nullptr || !plotted.x.values[x].is_number() || !(plotted.x.values[x].get<double>() > 0.0))
      continue;
    std::vector<std::tuple<double, double, std::size_t>> networks;
    for (std::size_t i = 0; i + 1 < group->numbers.size(); i += 2) {
      if (std::isnan(group->numbers[i]) || std::isnan(group->numbers[i + 1])) continue;
      if (!(group->numbers[i] > 0.0))
        throw InputError(
            fmt::format("column '{}' holds {}, which has no logarithm; give another loss as the first --y",
                        loss, group->numbers[i]));
      networks.emplace_back(group->numbers[i], group->numbers[i + 1],
                            group->curves.empty() ? i / 2 : group->curves[i / 2]);
    }
    if (networks.empty()) continue;
    std::ranges::sort(networks);
    TradeoffPoint& point = points.emplace_back(TradeoffPoint{plotted.x.values[x].get<double>(), {}, {}});
    for (const auto& [its_loss, gap, curve] : networks) {
      point.loss.push_back(its_loss);
      point.gap.push_back(gap);
      point.curve.push_back(curve);
    }
  }
  return points;
}

void add_balances(LineFigure& made, const Request& request, const std::string& loss) {
  const Plotted& plotted = made.plotted;
  const std::size_t cols = plotted.col.values.size();
  const std::size_t each = cols * plotted.row.values.size();
  for (std::size_t frame = 0; frame < each; ++frame)
    for (std::size_t hue = 0; hue < plotted.hue.values.size(); ++hue) {
      const auto points = tradeoff_points(plotted, {frame / cols, frame % cols, hue, 0}, loss);
      const BalanceFit fit = fit_balance(points, request.interval);
      const std::string name = plotted.hue.key.empty()
                                   ? ""
                                   : fmt::format("{} = {}: ", plotted.hue.key, value_name(plotted.hue, hue));
      if (!fit.x) {
        made.figure.notes.push_back(name + reason_text("no balance", fit.reason));
        continue;
      }
      VerticalMark mark{*fit.x, none, none, hue};
      std::string interval;
      if (fit.interval) {
        mark.low = fit.interval->low;
        mark.high = fit.interval->high;
        interval = fmt::format(" [{:.3g}, {:.3g}]", mark.low, mark.high);
      }
      for (const std::size_t i : {frame, each + frame}) made.figure.frames[i].marks.push_back(mark);
      made.figure.notes.push_back(fmt::format("{}balance at {:.3g}{}", name, *fit.x, interval));
    }
}

Figure make_balance(const Source& source, const Request& request) {
  Wanted wanted;
  wanted.columns = drawn_columns(source, request, Table::results, 2);
  if (wanted.columns.size() != 2)
    throw InputError(fmt::format(
        "a balance is of two columns, not {}; give a loss and a gap: --y test_loss gap_live_layer1",
        wanted.columns.size()));
  wanted.curves = true;
  LineFigure made = line_figure(source, request, wanted);
  add_balances(made, request, wanted.columns[0]);
  return std::move(made.figure);
}

}  // namespace

extern const Kind balance_plot;
const Kind balance_plot = {"balance", "a loss and a gap over one axis, and where they balance", make_balance};

}  // namespace modsweep::figures
