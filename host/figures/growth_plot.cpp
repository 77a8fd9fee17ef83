// modsweep plot STORE growth: how far networks learn parity, over epochs (second paper, figures 2a and 6).
#include "figures/kinds.h"
#include "figures/line_figure.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

Figure make_growth(const Source& source, const Request& request) {
  const std::vector<std::string> columns = source.store.columns(Table::history);
  if (std::ranges::find(columns, "epoch") == columns.end())
    throw InputError(fmt::format("{}: has no recurrent networks, which grow; draw a history", source.name));
  Wanted wanted;
  wanted.table = Table::history;
  wanted.x = "epoch";
  wanted.columns = {"n_solved"};
  if (!request.y.empty()) wanted.columns = drawn_columns(source, request, Table::history, 2);
  return line_figure(source, request, wanted).figure;
}

}  // namespace

extern const Kind growth_plot;
const Kind growth_plot = {"growth", "of recurrent networks: the largest solved N over epochs", make_growth};

}  // namespace modsweep::figures
