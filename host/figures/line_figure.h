// Lines over an axis: of results, of the history, with fitted transitions.
#pragma once

#include "figures/figure.h"
#include "figures/grouping.h"
#include "figures/request.h"

#include <string>
#include <vector>

namespace modsweep::figures {

/// Lines, and where they come from.
struct LineFigure {
  Plotted plotted;
  Figure figure;
};

/// Lines of groups, in frames by column of numbers, row and col.
[[nodiscard]] LineFigure line_figure(const Source& source, const Request& request, const Wanted& wanted);

/// The values of one column of a group by x: nothing, or ascending.
[[nodiscard]] std::vector<double> values_at(const Plotted& plotted, const Place& place, std::size_t column);

/// "task.inputs = 4, noise.exponent = 2": what a frame shows; empty without rows and columns of frames.
[[nodiscard]] std::string frame_title(const Plotted& plotted, std::size_t row, std::size_t col);

}  // namespace modsweep::figures
