// A figure as a text for gnuplot 5.4 or later, which holds its data and may be kept and changed.
#pragma once

#include "figures/figure.h"
#include "figures/theme.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "modsweep/names.h"

namespace modsweep::figures {

enum class Format : std::uint8_t { svg, png, pdf, text };

/// Characters of a picture made of text. Height: of each frame.
struct TextSize {
  std::size_t width = 79;
  std::size_t height = 22;
};

/// gnuplot's text. Without `output` it draws to its standard output. Texts of the figure stand in single
/// quotes and without markup, so that gnuplot neither carries out nor changes anything in them.
[[nodiscard]] std::string gnuplot_text(const Figure& figure, Format format, const Theme& theme,
                                       std::string_view output = {}, const TextSize& text_size = {});

/// A text as gnuplot's single-quoted string, quotes included: on one line, at most 200 bytes, and with
/// apostrophes in the place of quotes.
[[nodiscard]] std::string single_quoted(std::string_view text);

}  // namespace modsweep::figures

namespace modsweep {

template <>
struct EnumNames<figures::Format> {
  static constexpr std::array<std::pair<figures::Format, std::string_view>, 4> table = {{
      {figures::Format::svg, "svg"},
      {figures::Format::png, "png"},
      {figures::Format::pdf, "pdf"},
      {figures::Format::text, "txt"},
  }};
};

}  // namespace modsweep
