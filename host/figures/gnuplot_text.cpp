#include "figures/gnuplot_text.h"

#include "core/text.h"
#include "figures/gnuplot_frame.h"
#include "figures/layout.h"
#include "figures/svg.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::figures {
namespace {

constexpr double points_per_inch = 72.0;

/// The terminal for pictures: `font`, `width` and `height` in points.
std::string terminal(Format format, const Theme& theme, const Layout& layout) {
  const double width = layout.width_points;
  const double height = layout.height_points;
  switch (format) {
    case Format::svg: {
      constexpr double pixels = 96.0 / points_per_inch;
      return fmt::format(
          "set terminal svg size {:.0f},{:.0f} fixed enhanced font 'Helvetica,{:.3g}' background '{}'\n",
          width * pixels, height * pixels, theme.font_points * pixels, theme.background);
    }
    case Format::png: {
      // pango takes a point for a 96th of an inch.
      constexpr double pixels = 220.0 / points_per_inch;
      return fmt::format(
          "set terminal pngcairo size {:.0f},{:.0f} enhanced font 'sans,{:.3g}' fontscale 1 linewidth {:.3g} "
          "pointscale 2.4 background '{}'\n",
          width * pixels, height * pixels, theme.font_points * pixels * 0.75, pixels, theme.background);
    }
    case Format::pdf:
      return fmt::format(
          "set terminal pdfcairo size {:.4f}in,{:.4f}in enhanced font 'sans,{:.3g}' fontscale 1 linewidth 1 "
          "pointscale 0.75 background '{}'\n",
          width / points_per_inch, height / points_per_inch, theme.font_points * 0.75, theme.background);
    case Format::text:
      break;
  }
  return "";
}

std::string notes_text(const Layout& layout, const Theme& theme) {
  std::string text;
  const double font = 0.82 * theme.font_points;
  for (std::size_t i = 0; i < layout.notes.size(); ++i) {
    const double from_bottom = font * (1.35 * static_cast<double>(layout.notes.size() - i) - 0.45);
    text += fmt::format(
        "set label {} {} at screen {:.5f},{:.5f} left noenhanced textcolor rgb '{}' font ',{{}}'\n", 101 + i,
        single_quoted(layout.notes[i]), 0.8 * theme.font_points / layout.width_points,
        from_bottom / layout.height_points, theme.axis);
  }
  return text;
}

/// The size of the notes' letters in the terminal's unit.
double note_size(Format format, const Theme& theme) {
  const double font = 0.82 * theme.font_points;
  if (format == Format::svg) return font * 96.0 / points_per_inch;
  return 0.75 * (format == Format::png ? font * 220.0 / points_per_inch : font);
}

std::string picture_text(const Figure& figure, Format format, const Theme& theme, std::string_view output) {
  const Layout layout = lay_out(figure, theme);
  std::string text = terminal(format, theme, layout);
  if (!output.empty()) text += fmt::format("set output {}\n", quoted_path(output));
  text += "set encoding utf8\nset multiplot\n";
  const std::vector<const Series*> legend = legend_of(figure);
  for (std::size_t i = 0; i < figure.frames.size(); ++i) {
    FrameText frame(figure.frames[i], layout.frames[i], theme, i);
    text += frame.settings();
    if (i == 0) {
      text += FrameText::legend_settings(layout, theme, figure.legend_title);
      text += replaced(notes_text(layout, theme), "font ',{}'",
                       fmt::format("font ',{:.3g}'", note_size(format, theme)));
    }
    text += frame.plot(i == 0 ? legend : std::vector<const Series*>());
  }
  return text + "unset multiplot\n" + (output.empty() ? "" : "unset output\n");
}

/// Frames below one another, in letters.
std::string letters_text(const Figure& figure, const Theme& theme, std::string_view output,
                         const TextSize& size) {
  Theme letters = theme;
  letters.font_points = 12.0;
  Figure single = figure;
  single.columns = 1;
  single.width_cm = static_cast<double>(size.width) * 0.23;
  single.height_cm = static_cast<double>(size.height * std::max<std::size_t>(figure.frames.size(), 1)) * 0.5;
  const Layout layout = lay_out(single, letters);
  std::string text = fmt::format("set terminal dumb size {},{} noenhanced mono\n", size.width, size.height);
  if (!output.empty()) text += fmt::format("set output {}\n", quoted_path(output));
  text += "set encoding utf8\n";
  const std::vector<const Series*> legend = legend_of(figure);
  for (std::size_t i = 0; i < figure.frames.size(); ++i) {
    FrameText frame(figure.frames[i], layout.frames[i], letters, i);
    text += frame.letter_settings(figure.legend_title, !legend.empty() && i == 0);
    text += frame.letter_plot(i == 0 ? legend : std::vector<const Series*>());
  }
  return text + (output.empty() ? "" : "unset output\n");
}

std::string replace_quotes(std::string_view text, std::string_view by) {
  std::string result = "'";
  for (const char& c : text) result += c == '\'' ? by : std::string_view(&c, 1);
  return result + "'";
}

}  // namespace

// gnuplot 5.4 ends a string within two quotes that are doubled one after the other, and would carry out what
// follows: there must be no quote in a string at all.
std::string single_quoted(std::string_view text) {
  return replace_quotes(one_line(text, 200), "\u2019");
}

std::string quoted_path(std::string_view path) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20; };
  if (std::ranges::any_of(path, is_control))
    throw InputError(fmt::format("{}: gnuplot takes no file name with control characters; choose another one",
                                 one_line(path, 1000)));
  return replace_quotes(path, R"('."'".')");
}

std::string gnuplot_text(const Figure& figure, Format format, const Theme& theme, std::string_view output,
                         const TextSize& text_size) {
  return format == Format::text ? letters_text(figure, theme, output, text_size)
                                : picture_text(figure, format, theme, output);
}

}  // namespace modsweep::figures
