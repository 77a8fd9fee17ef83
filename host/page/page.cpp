#include "page/page.h"

#include "page/assets.h"
#include "page/html.h"
#include "page/svg.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep::page {
namespace {

/// Appends the HTML of blocks. Counts pictures, whose ids must differ.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void blocks(const std::vector<Block>& blocks) {
    for (const Block& block : blocks) std::visit([this](const auto& one) { write(one); }, block.value);
  }

 private:
  template <typename... Values>
  void put(fmt::format_string<Values...> format, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Values>(values)...);
  }

  void write(const Paragraph& block) { put("<p>{}</p>\n", escaped(block.text)); }
  void write(const Notices& block);
  void write(const Facts& block);
  void write(const ShareBars& block);
  void write(const SortableTable& block);
  void write(const Download& block) { put("<p>{}</p>\n", link(block)); }
  void write(const Code& block);
  void write(const Pictures& block);
  void write(const ClaimCard& block);
  void write(const Disclosure& block);
  void write(const Picture& picture);
  void write_cell(const TableCell& cell, const TableColumn& column);
  void write_share(std::string_view name, double share, std::size_t color);
  [[nodiscard]] static std::string link(const Download& file) {
    return fmt::format(R"(<a class="file" download="{}" href="{}">{}</a>)", escaped(file.file_name),
                       data_link(file.type, file.text), escaped(file.label));
  }

  std::string& out_;
  std::size_t pictures_ = 0;
};

/// Colors from here on are grays.
constexpr std::size_t gray = 7;

std::string color_class(std::size_t color) {
  return color < gray ? fmt::format("c{}", color) : color == gray ? "rest" : "both";
}

/// A name with places where a line may break.
std::string breakable(std::string_view name) {
  std::string out;
  for (const char c : escaped(name)) {
    out += c;
    if (c == '_' || c == '.') out += "<wbr>";
  }
  return out;
}

std::string small(const std::string& text) {
  return text.empty() ? "" : fmt::format(" <small>{}</small>", escaped(text));
}

void Writer::write(const Notices& block) {
  if (block.lines.empty()) return;
  out_ += "<ul class=\"notices\">";
  for (const std::string& line : block.lines) put("<li>{}</li>\n", escaped(line));
  out_ += "</ul>\n";
}

void Writer::write(const Facts& block) {
  out_ += "<dl>";
  for (const Fact& fact : block.facts)
    put("<dt>{}</dt><dd>{}</dd>\n", escaped(fact.name), escaped(fact.value));
  out_ += "</dl>\n";
}

void Writer::write_share(std::string_view name, double share, std::size_t color) {
  if (!(share > 0.0)) return;
  const std::string percent = fmt::format("{:.0f} %", 100.0 * share);
  put(R"(<i class="{}" style="width:{:.2f}%" title="{}: {}">{}</i>)", color_class(color), 100.0 * share,
      escaped(name), percent, share >= 0.06 ? percent : "");
}

void Writer::write(const ShareBars& block) {
  const auto color = [&](std::size_t i) {
    const std::size_t from_last = block.legend.size() - 1 - i;
    return from_last < 2 ? gray + from_last : std::min(i, gray - 1);
  };
  out_ += "<ul class=\"legend\">";
  for (std::size_t i = 0; i < block.legend.size(); ++i)
    put(R"(<li><i class="{}"></i>{}</li>)", color_class(color(i)), escaped(block.legend[i]));
  out_ += "</ul>\n<div class=\"shares\">";
  for (const ShareRow& row : block.rows) {
    double sum = 0.0;
    std::string told;
    for (std::size_t i = 0; i < row.shares.size(); ++i) {
      if (!row.shares[i]) continue;
      sum += *row.shares[i];
      told += fmt::format("{}{} {:.0f} %", told.empty() ? "" : ", ", block.legend[i], 100.0 * *row.shares[i]);
    }
    put(R"(<b>{}{}</b><div class="bar" role="img" aria-label="{}">)", escaped(row.label), small(row.remark),
        escaped(told));
    for (std::size_t i = 0; i < row.shares.size(); ++i)
      if (row.shares[i]) write_share(block.legend[i], *row.shares[i] / std::max(sum, 1.0), color(i));
    out_ += "</div>\n";
  }
  out_ += "</div>\n";
}

void Writer::write_cell(const TableCell& cell, const TableColumn& column) {
  out_ += "<td";
  if (column.numeric) out_ += " class=\"n\"";
  if (cell.number && std::isfinite(*cell.number)) put(" data-n=\"{}\"", *cell.number);
  put(">{}{}</td>", escaped(cell.text), small(cell.remark));
}

void Writer::write(const SortableTable& block) {
  out_ += "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>";
  for (const TableColumn& column : block.columns) {
    put("<th{}", column.numeric ? " class=\"n\"" : "");
    if (!column.hint.empty()) put(" title=\"{}\"", escaped(column.hint));
    put(">{}</th>", breakable(column.name));
  }
  out_ += "</tr></thead><tbody>\n";
  for (const auto& row : block.rows) {
    if (row.size() != block.columns.size())
      throw LogicError(fmt::format("a row of a page's table has {} cells instead of {}", row.size(),
                                   block.columns.size()));
    out_ += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) write_cell(row[c], block.columns[c]);
    out_ += "</tr>\n";
  }
  out_ += "</tbody></table></div>\n";
}

void Writer::write(const Code& block) {
  put("<pre>{}</pre>\n", escaped(block.text));
  if (block.file_name.empty()) return;
  put("<p>{}</p>\n", link({block.file_name, block.file_name, "text/plain", block.text}));
}

void Writer::write(const Picture& picture) {
  put("<figure{}><figcaption>{}{}</figcaption>\n", picture.wide ? " class=\"wide\"" : "",
      escaped(picture.title), small(picture.remark));
  if (picture.svg.empty())
    put("<div class=\"instead\">{}</div>\n", escaped(picture.instead));
  else
    put("{}\n", inline_svg(picture.svg, fmt::format("p{}-", ++pictures_)));
  out_ += "<div class=\"foot\">";
  if (!picture.svg.empty())
    put(R"(<a class="svg" hidden href="#" download="{}.svg">SVG</a>)", plain_word(picture.file_name));
  if (!picture.script.empty() || !picture.command.empty()) {
    out_ += "<details><summary>how it is drawn</summary>";
    if (!picture.command.empty()) put("<pre>{}</pre>", escaped(picture.command));
    if (!picture.script.empty()) put("<pre>{}</pre>", escaped(picture.script));
    out_ += "</details>";
  }
  out_ += "</div></figure>\n";
}

void Writer::write(const Pictures& block) {
  out_ += "<div class=\"pictures\">\n";
  for (const Picture& picture : block.pictures) write(picture);
  out_ += "</div>\n";
}

void Writer::write(const ClaimCard& block) {
  const char* tone = block.tone == ClaimCard::Tone::good ? " good" : "";
  if (block.tone == ClaimCard::Tone::bad) tone = " bad";
  put(R"(<div class="claim{}"><div><h3>{}<span class="verdict">{}</span></h3><p class="says">{}</p>)", tone,
      escaped(block.figure), escaped(block.verdict), escaped(block.says));
  blocks(block.blocks);
  out_ += "</div>\n";
  if (block.picture) write(*block.picture);
  out_ += "</div>\n";
}

void Writer::write(const Disclosure& block) {
  put("<details><summary>{}</summary>\n", escaped(block.summary));
  blocks(block.blocks);
  out_ += "</details>\n";
}

/// The part before the first section.
void write_head(const Page& page, std::string& out) {
  out += fmt::format("<div class=\"head\"><h1>{}</h1>", escaped(page.title));
  if (!page.state.empty())
    out += fmt::format("<span class=\"state{}\">{}</span>", page.live ? " live" : "", escaped(page.state));
  out += "</div>\n";
  if (!page.remark.empty()) out += fmt::format("<p class=\"soft\">{}</p>\n", escaped(page.remark));
  if (!page.tiles.empty()) {
    out += "<ul class=\"tiles\">";
    for (const Tile& tile : page.tiles)
      out += fmt::format("<li{}><b>{}</b>{}</li>", tile.alarming ? " class=\"alarm\"" : "",
                         escaped(tile.value), escaped(tile.label));
    out += "</ul>\n";
  }
  if (page.progress)
    out += fmt::format("<div class=\"progress\"><i style=\"width:{:.2f}%\"></i></div>\n",
                       100.0 * std::clamp(*page.progress, 0.0, 1.0));
}

}  // namespace

std::string html_of(const Page& page) {
  std::string out = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Nothing may be loaded from anywhere, whatever a name in the page says.
  out +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
  if (page.reload_seconds > 0.0)
    out += fmt::format("<noscript><meta http-equiv=\"refresh\" content=\"{:.0f}\"></noscript>\n",
                       std::max(1.0, page.reload_seconds));
  out +=
      fmt::format("<title>{}</title>\n<style>{}{}</style>\n</head>\n<body{}>\n<main>\n", escaped(page.title),
                  style_sheet(), page.style,
                  page.reload_seconds > 0.0 ? fmt::format(" data-reload=\"{}\"", page.reload_seconds) : "");
  write_head(page, out);
  Writer writer(out);
  for (const Section& section : page.sections) {
    out += fmt::format("<section id=\"{}\">\n", plain_word(section.heading));
    if (!section.heading.empty()) out += fmt::format("<h2>{}</h2>\n", escaped(section.heading));
    writer.blocks(section.blocks);
    out += "</section>\n";
  }
  if (!page.footer.empty()) out += fmt::format("<footer>{}</footer>\n", escaped(page.footer));
  out += fmt::format("</main>\n<script>\n{}</script>\n</body>\n</html>\n", script());
  return out;
}

}  // namespace modsweep::page
