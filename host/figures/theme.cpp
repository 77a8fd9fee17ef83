#include "figures/theme.h"

#include "core/text.h"
#include "figures/figure.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

// The lines' colors are those of Okabe & Ito (2008), which people with any kind of color vision tell apart;
// on dark ground lighter ones of the same hues. The maps' are viridis.
constexpr std::array<std::string_view, 7> colors_on_white = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                             "#e69f00", "#56b4e9", "#222222"};
constexpr std::array<std::string_view, 7> colors_on_dark = {"#56b4e9", "#ff8c42", "#2fc79a", "#e39bc6",
                                                            "#f2c14e", "#a6d8ff", "#e8e8e8"};
constexpr std::array<std::string_view, 5> viridis = {"#440154", "#3b528b", "#21918c", "#5ec962", "#fde725"};

constexpr std::array<Theme, 3> table = {{
    {"screen",
     "for a screen or a page: 15 x 9.5 cm, letters of 10 points",
     "#ffffff",
     "#222222",
     "#555555",
     "#e8e8e8",
     "#dddddd",
     "#999999",
     colors_on_white,
     viridis,
     {"#ffffff", "#9ecae1", "#3182bd", "#08306b"},
     10.0,
     1.5,
     15.0,
     9.5},
    {"paper",
     "for a column of a paper: 8.6 x 6 cm, letters of 8 points",
     "#ffffff",
     "#000000",
     "#333333",
     "#ececec",
     "#dddddd",
     "#999999",
     colors_on_white,
     viridis,
     {"#ffffff", "#9ecae1", "#3182bd", "#08306b"},
     8.0,
     1.0,
     8.6,
     6.0},
    {"dark",
     "for slides and pages on dark ground: 15 x 9.5 cm, letters of 10 points",
     "#16191d",
     "#e4e6e9",
     "#9aa0a8",
     "#2f343b",
     "#3d434b",
     "#7b828c",
     colors_on_dark,
     viridis,
     {"#16191d", "#1f5f8b", "#56b4e9", "#e6f5ff"},
     10.0,
     1.5,
     15.0,
     9.5},
}};

}  // namespace

std::span<const Theme> themes() {
  return table;
}

const Theme& find_theme(std::string_view name) {
  const auto found = std::ranges::find(table, name, &Theme::name);
  if (found != table.end()) return *found;
  std::vector<std::string_view> names;
  for (const Theme& theme : table) names.push_back(theme.name);
  throw InputError(
      fmt::format("there is no theme '{}'; there are {}", one_line(name), fmt::join(names, ", ")));
}

std::vector<std::string> matrix_grades(const Theme& theme) {
  constexpr std::size_t count = 24;
  const auto part = [](std::string_view color, std::size_t at) {
    return static_cast<double>(std::stoi(std::string(color.substr(1 + 2 * at, 2)), nullptr, 16));
  };
  std::vector<std::string> grades;
  for (std::size_t i = 0; i < count; ++i) {
    const double place = static_cast<double>(i * (theme.matrix.size() - 1)) / (count - 1);
    const std::size_t low = std::min(static_cast<std::size_t>(place), theme.matrix.size() - 2);
    const double above = place - static_cast<double>(low);
    std::string color = "#";
    for (std::size_t at = 0; at < 3; ++at) {
      const double value =
          (1.0 - above) * part(theme.matrix[low], at) + above * part(theme.matrix[low + 1], at);
      color += fmt::format("{:02x}", static_cast<int>(std::lround(value)));
    }
    grades.push_back(color);
  }
  return grades;
}

std::string_view color_of(const Theme& theme, std::size_t index) {
  return index == muted ? theme.muted : theme.colors[index % theme.colors.size()];
}

}  // namespace modsweep::figures
