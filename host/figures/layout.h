// Where the frames of a figure stand: sizes in points (1/72 inch), from letters' sizes.
#pragma once

#include "figures/figure.h"
#include "figures/theme.h"
#include "figures/ticks.h"

#include <cstddef>
#include <string>
#include <vector>

namespace modsweep::figures {

/// A frame's axes within the picture: parts of its width and height, from the left and from the bottom.
struct Box {
  double left = 0.0;
  double right = 1.0;
  double bottom = 0.0;
  double top = 1.0;
};

struct DrawnFrame {
  DrawnAxis x;
  DrawnAxis y;
  DrawnAxis color;
  bool has_color = false;  ///< there are cells or a matrix
  bool empty = false;      ///< nothing is drawn
  bool slanted = false;    ///< the ticks of x are too long to stand side by side
  double overhang = 0.0;   ///< how far slanted ticks reach to the left of the frame, in sizes of the font
  Box box;
  Box around = {};       ///< of an inset that stands in another frame: with its ticks and labels
  double x_label = 0.0;  ///< height of the middle of x's label: a part of the picture's
  double y_label = 0.0;  ///< the same for the label of y, of the width
};

struct Layout {
  double width_points = 0.0;
  double height_points = 0.0;
  std::vector<DrawnFrame> frames;
  std::size_t legend_columns = 0;  ///< 0: no legend
  double legend_left = 0.0;
  double legend_top = 0.0;         ///< a part of the height
  std::vector<std::string> notes;  ///< in lines that fit
};

/// The legend's entries: the first series of each label.
[[nodiscard]] std::vector<const Series*> legend_of(const Figure& figure);

[[nodiscard]] Layout lay_out(const Figure& figure, const Theme& theme);

}  // namespace modsweep::figures
