#include "figures/draw.h"

#include "core/text.h"
#include "figures/gnuplot.h"
#include "figures/hovers.h"
#include "figures/svg.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

/// Whether a picture has its beginning and its end.
bool is_whole(std::string_view bytes, Format format) {
  const std::string_view tail = bytes.substr(bytes.size() - std::min<std::size_t>(bytes.size(), 64));
  switch (format) {
    case Format::svg:
      return bytes.starts_with("<?xml") && tail.find("</svg>") != std::string_view::npos;
    case Format::png:
      return bytes.starts_with("\x89PNG") && tail.find("IEND") != std::string_view::npos;
    case Format::pdf:
      return bytes.starts_with("%PDF") && tail.find("%%EOF") != std::string_view::npos;
    case Format::text:
      break;
  }
  return !bytes.empty();
}

}  // namespace

Format format_of(std::string_view path) {
  for (const auto& [format, name] : EnumNames<Format>::table)
    if (path.size() > name.size() && path.ends_with(name) && path[path.size() - name.size() - 1] == '.')
      return format;
  throw InputError(
      fmt::format("{}: the format of a picture is told by its name; end it in .svg, .pdf, .png or .txt",
                  one_line(path, 1000)));
}

std::string draw(const Figure& figure, Format format, const Theme& theme, const TextSize& text_size) {
  GnuplotOutput output = run_gnuplot(gnuplot_text(figure, format, theme, {}, text_size));
  if (!is_whole(output.bytes, format))
    throw IoError(fmt::format("gnuplot left no whole picture{}{}; take --script FILE.gp and draw it yourself",
                              output.messages.empty() ? "" : ": ", one_line(output.messages, 200)));
  if (format == Format::svg) return with_hovers(compact_svg(output.bytes), figure, theme);
  return std::move(output.bytes);
}

}  // namespace modsweep::figures
