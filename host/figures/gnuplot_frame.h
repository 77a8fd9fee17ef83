// One frame of a figure as gnuplot's text.
#pragma once

#include "figures/figure.h"
#include "figures/layout.h"
#include "figures/theme.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace modsweep::figures {

/// A file's path as an expression of gnuplot. Throws InputError for control characters.
[[nodiscard]] std::string quoted_path(std::string_view path);

class FrameText {
 public:
  /// `index`: of the frame in its figure, from 0; the names of its data begin with it.
  FrameText(const Frame& frame, const DrawnFrame& drawn, const Theme& theme, std::size_t index)
      : frame_(frame), drawn_(drawn), theme_(theme), index_(index) {}

  /// All settings of a frame of a picture.
  [[nodiscard]] std::string settings() const;
  [[nodiscard]] static std::string legend_settings(const Layout& layout, const Theme& theme,
                                                   const std::string& title);
  /// The data and the plot command; `legend`: series that get an entry.
  [[nodiscard]] std::string plot(const std::vector<const Series*>& legend) const;

  /// The same for a picture made of letters.
  [[nodiscard]] std::string letter_settings(const std::string& legend_title, bool has_legend) const;
  [[nodiscard]] std::string letter_plot(const std::vector<const Series*>& legend) const;

 private:
  [[nodiscard]] std::string axis(char name, const Axis& axis, const DrawnAxis& drawn, bool letters) const;
  [[nodiscard]] std::string ticks(const char* name, const DrawnAxis& drawn, bool letters, bool slanted) const;
  [[nodiscard]] std::string color_settings() const;
  [[nodiscard]] std::string marks() const;
  [[nodiscard]] std::string data_name(const char* kind, std::size_t i) const;
  void add_cells(std::string& data, std::vector<std::string>& plots) const;
  void add_matrix(std::string& data, std::vector<std::string>& plots) const;
  void add_series(std::string& data, std::vector<std::string>& plots) const;
  [[nodiscard]] std::string look(const Series& series) const;
  [[nodiscard]] std::string points(const Series& series, bool& has_interval) const;

  const Frame& frame_;
  const DrawnFrame& drawn_;
  const Theme& theme_;
  std::size_t index_;
};

}  // namespace modsweep::figures
