#include "figures/matrix_svg.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace modsweep::figures {
namespace {

struct Rectangle {
  std::string color;
  double left = 0.0;
  double right = 0.0;
  double top = 0.0;
  double bottom = 0.0;
};

/// The rectangle of "<polygon fill='#rrggbb' points='x,y x,y x,y x,y '/>" at a place, and where that ends.
std::optional<Rectangle> rectangle_at(std::string_view text, std::size_t place, std::size_t& end) {
  constexpr std::string_view head = "<polygon fill='";
  constexpr std::string_view middle = "' points='";
  constexpr std::size_t color_length = 7;
  std::string_view rest = text.substr(place);
  if (!rest.starts_with(head) || rest.size() < head.size() + color_length + middle.size())
    return std::nullopt;
  Rectangle found;
  found.color = rest.substr(head.size(), color_length);
  rest.remove_prefix(head.size() + color_length);
  if (!rest.starts_with(middle)) return std::nullopt;
  std::array<double, 8> numbers{};
  const char* at = rest.data() + middle.size();
  const char* const last = rest.data() + rest.size();
  for (double& number : numbers) {
    while (at != last && (*at == ' ' || *at == ',')) ++at;
    const auto read = std::from_chars(at, last, number);
    if (read.ec != std::errc{}) return std::nullopt;
    at = read.ptr;
  }
  const std::size_t close = text.find("/>", static_cast<std::size_t>(at - text.data()));
  if (close == std::string_view::npos) return std::nullopt;
  end = close + 2;
  found.left = std::min(numbers[0], numbers[4]);
  found.right = std::max(numbers[0], numbers[4]);
  found.top = std::min(numbers[1], numbers[5]);
  found.bottom = std::max(numbers[1], numbers[5]);
  return found;
}

/// The first `count` rectangles, one behind the other, and where the last one ends; empty: there are none.
std::vector<Rectangle> rectangles_of(std::string_view part, std::size_t begin, std::size_t count,
                                     std::size_t& end) {
  std::vector<Rectangle> found;
  end = begin;
  while (found.size() < count) {
    auto next = rectangle_at(part, end, end);
    if (!next) return {};
    found.push_back(std::move(*next));
  }
  return found;
}

/// The cells of a color: a line through the middles of neighbors in a row, in units of cells.
struct Grade {
  std::string color = {};
  std::string path = {};
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
};

/// From the lowest values to the highest.
std::vector<Grade> grades_of(const std::vector<Rectangle>& cells, const Matrix& matrix) {
  std::map<std::string, Grade> grades;
  for (std::size_t r = 0; r < matrix.rows; ++r)
    for (std::size_t c = 0; c < matrix.columns;) {
      const std::size_t first = r * matrix.columns + c;
      Grade& grade = grades[cells[first].color];
      std::size_t last = first;
      for (; c < matrix.columns && cells[r * matrix.columns + c].color == cells[first].color; ++c) {
        last = r * matrix.columns + c;
        grade.low = std::min(grade.low, matrix.values[last]);
        grade.high = std::max(grade.high, matrix.values[last]);
      }
      fmt::format_to(std::back_inserter(grade.path), "M{} {}h{}", first % matrix.columns, r,
                     last - first + 1);
    }
  std::vector<Grade> ascending;
  for (auto& [color, grade] : grades) {
    grade.color = color;
    ascending.push_back(std::move(grade));
  }
  std::ranges::sort(ascending, {}, &Grade::low);
  return ascending;
}

}  // namespace

std::string with_joined_cells(const std::string& part, const Matrix& matrix, std::string_view ground) {
  const std::size_t begin = part.find("<polygon");
  if (begin == std::string::npos || matrix.values.empty()) return part;
  std::size_t end = 0;
  const std::vector<Rectangle> cells = rectangles_of(part, begin, matrix.values.size(), end);
  if (cells.empty()) return part;
  // In units of cells, whose middles have whole numbers down, and whose left edges across.
  const double width = (cells.back().right - cells.front().left) / static_cast<double>(matrix.columns);
  const double height = (cells.back().bottom - cells.front().top) / static_cast<double>(matrix.rows);
  std::string joined =
      fmt::format("<g stroke-width='1' transform='translate({:.6g},{:.6g}) scale({:.6g},{:.6g})'>",
                  cells.front().left, cells.front().top + height / 2.0, width, height);
  for (const Grade& grade : grades_of(cells, matrix))
    if (grade.color != ground)
      joined += fmt::format("<path stroke='{}' d='{}'><title>|W| {:.2g} to {:.2g}</title></path>",
                            grade.color, grade.path, grade.low, grade.high);
  joined += "</g>";
  return part.substr(0, begin) + joined + part.substr(end);
}

}  // namespace modsweep::figures
