// A page as plain values, and its HTML: one document that refers to nothing outside of itself, can be read
// without scripts, and is light or dark as its reader's system is. Every text below is shown as it is: it may
// hold anything that a user wrote.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace modsweep::page {

struct Block;

struct Paragraph {
  std::string text;
};

/// What the reader should know before the numbers are trusted, a line each.
struct Notices {
  std::vector<std::string> lines;
};

/// Names and values, one pair a line.
struct Fact {
  std::string name;
  std::string value;
};
struct Facts {
  std::vector<Fact> facts;
};

/// Shares of a whole, a bar for each row. `legend` names the shares, which are the same in all rows.
struct ShareRow {
  std::string label;
  std::vector<std::optional<double>> shares;  ///< [legend], in [0, 1]; none: unknown
  std::string remark = {};
};
struct ShareBars {
  std::vector<std::string> legend;  ///< the last two are in gray: what no single entry explains
  std::vector<ShareRow> rows;
};

/// A table that a click on a heading sorts.
struct TableCell {
  std::string text;
  std::optional<double> number = {};  ///< sorts the column; none: sorted by its text, after all numbers
  std::string remark = {};            ///< small, behind the text
};
struct TableColumn {
  std::string name;
  std::string hint = {};  ///< shown when the pointer rests on the heading
  bool numeric = false;   ///< to the right
};
struct SortableTable {
  std::vector<TableColumn> columns;
  std::vector<std::vector<TableCell>> rows;  ///< [rows][columns]
};

/// A file inside the page.
struct Download {
  std::string label;
  std::string file_name;
  std::string type;  ///< "text/csv"
  std::string text;
};

/// Text to be copied: commands, a sweep file.
struct Code {
  std::string text;
  std::string file_name = {};  ///< empty: no link to download it
};

/// A picture with what made it.
struct Picture {
  std::string title;
  std::string remark = {};     ///< small, behind the title
  std::string svg = {};        ///< the document; empty: there is none
  std::string script = {};     ///< its gnuplot text; empty: none
  std::string command = {};    ///< that draws it; empty: none
  std::string instead = {};    ///< shown where there is no picture
  std::string file_name = {};  ///< without its ending
  bool wide = false;           ///< over the whole width of the page
};
struct Pictures {
  std::vector<Picture> pictures;
};

/// What a claim says beside what came out.
struct ClaimCard {
  enum class Tone { good, bad, neutral };

  std::string figure;
  std::string says;
  std::string verdict;
  Tone tone = Tone::neutral;
  std::vector<Block> blocks;
  std::optional<Picture> picture = {};
};

/// Blocks that a click shows.
struct Disclosure {
  std::string summary;
  std::vector<Block> blocks;
};

struct Block {
  std::variant<Paragraph, Notices, Facts, ShareBars, SortableTable, Download, Code, Pictures, ClaimCard,
               Disclosure>
      value;
};

struct Section {
  std::string heading;
  std::vector<Block> blocks;
};

/// A number at the head of the page.
struct Tile {
  std::string value;
  std::string label;
  bool alarming = false;
};

struct Page {
  std::string title;
  std::string state = {};  ///< "training", "done"; empty: not shown
  bool live = false;       ///< the state changes still
  std::string remark = {};
  std::vector<Tile> tiles = {};
  std::optional<double> progress = {};  ///< in [0, 1]; none: not shown
  std::vector<Section> sections = {};
  std::string footer = {};
  std::string style = {};       ///< further rules of CSS, by the program
  double reload_seconds = 0.0;  ///< after which the page loads itself again; 0: never
};

/// The HTML document. Throws LogicError for a row of a table with too many or too few cells.
[[nodiscard]] std::string html_of(const Page& page);

}  // namespace modsweep::page
