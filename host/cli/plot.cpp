// modsweep plot: pictures of a store, drawn by gnuplot.
#include "cli/cell_conditions.h"
#include "cli/command.h"
#include "cli/interval_options.h"
#include "cli/output.h"
#include "cli/stores.h"
#include "core/text.h"
#include "figures/draw.h"
#include "figures/kinds.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <span>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include "modsweep/names.h"

namespace modsweep::cli {
namespace {

struct PlotArguments {
  std::vector<std::string> words;  // stores, and perhaps a kind behind them
  figures::Request request;
  std::vector<std::string> conditions;
  std::vector<std::string> log;
  std::vector<std::string> linear;
  std::vector<double> x_limits;
  std::vector<double> y_limits;
  std::string size;
  std::string theme = "screen";
  std::string output_path;
  std::string script_path;
};

/// Takes the kind, where the last word is one, from the stores.
std::string take_kind(std::vector<std::string>& words) {
  std::string last = words.back();
  const bool known =
      std::ranges::find(figures::kinds(), last, &figures::Kind::name) != figures::kinds().end();
  const bool is_path = last.find_first_of("./") != std::string::npos || std::filesystem::exists(last);
  if (words.size() < 2 || (!known && is_path)) return "";
  if (!known) (void)figures::find_kind(last);
  words.pop_back();
  return last;
}

std::optional<bool> scale_of(const PlotArguments& options, const char* axis) {
  const bool log = std::ranges::find(options.log, axis) != options.log.end();
  const bool linear = std::ranges::find(options.linear, axis) != options.linear.end();
  if (log && linear)
    throw InputError(fmt::format("--log {0} and --linear {0}: an axis is one of both; leave one out", axis));
  if (log || linear) return log;
  return std::nullopt;
}

std::optional<Interval> limits_of(const std::vector<double>& ends, const char* option) {
  if (ends.empty()) return std::nullopt;
  if (!(ends[0] < ends[1]))
    throw InputError(
        fmt::format("{} {:g},{:g}: the first must be the smaller one", option, ends[0], ends[1]));
  return Interval{ends[0], ends[1]};
}

/// "8.6x6cm" as width and height.
std::pair<double, double> size_of(std::string_view text) {
  constexpr double least = 2.0;
  constexpr double most = 200.0;
  const char* const whole_end = text.data() + text.size();
  double width = 0.0;
  double height = 0.0;
  const auto first = std::from_chars(text.data(), whole_end, width);
  bool right = first.ec == std::errc{} && first.ptr != whole_end && *first.ptr == 'x';
  if (right) {
    const auto second = std::from_chars(first.ptr + 1, whole_end, height);
    const std::string_view unit(second.ptr, static_cast<std::size_t>(whole_end - second.ptr));
    right = second.ec == std::errc{} && (unit.empty() || unit == "cm");
  }
  for (const double length : {width, height}) right = right && length >= least && length <= most;
  if (!right)
    throw InputError(
        fmt::format("--size '{}': is no size from {:g} to {:g} cm; give for example --size 8.6x6cm",
                    one_line(text), least, most));
  return {width, height};
}

/// The ids of the cells that meet the conditions. Throws InputError where none does.
std::unordered_set<std::string> cells_that_meet(const std::vector<std::string>& texts,
                                                const ReadStores& stores) {
  CellConditions conditions(texts);
  std::unordered_set<std::string> cells;
  const std::vector<std::string> columns = {"cell", "sweep", "status", "engine", "device", "settings"};
  stores.store().read_rows(Table::cells, columns, [&](std::span<const std::string> row) {
    nlohmann::json cell = nlohmann::json::parse(row.back());
    for (std::size_t i = 0; i + 1 < columns.size(); ++i) cell[columns[i]] = nlohmann::json::parse(row[i]);
    if (conditions.met_by(cell)) cells.insert(cell["cell"].get<std::string>());
  });
  if (cells.empty()) {
    const std::string unmet = conditions.unmet();
    throw InputError(fmt::format("{}: no network meets {}", stores.name(),
                                 unmet.empty() ? "all conditions at once" : "the conditions: " + unmet));
  }
  return cells;
}

/// The picture of letters for a terminal, as wide as that; for a file or a pipe 79 letters.
figures::TextSize terminal_size(const Console& console) {
  figures::TextSize size;
  ::winsize window{};
  if (!console.out_is_terminal || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0)
    return size;
  size.width = std::clamp<std::size_t>(window.ws_col - 1U, 40, 160);
  size.height = std::clamp<std::size_t>(window.ws_row - 3U, 14, 30);
  return size;
}

void write_text(AtomicOutput& file, const std::string& bytes) {
  file.stream().write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  file.commit();
}

void write_figure(const figures::Figure& figure, const PlotArguments& options,
                  const std::vector<std::string>& reads, Console& console) {
  const figures::Theme& theme = figures::find_theme(options.theme);
  const bool to_file = !options.output_path.empty();
  std::optional<AtomicOutput> file;
  if (to_file) file.emplace(options.output_path, reads);
  if (!options.script_path.empty()) {
    const std::string output =
        to_file ? options.output_path
                : std::filesystem::path(options.script_path).replace_extension(".svg").string();
    AtomicOutput script(options.script_path, reads);
    write_text(script, figures::gnuplot_text(figure, figures::format_of(output), theme, output));
    if (!to_file) return;
  }
  if (to_file) {
    write_text(*file, figures::draw(figure, figures::format_of(options.output_path), theme));
    return;
  }
  check_standard_output(reads);
  console.out << figures::draw(figure, figures::Format::text, theme, terminal_size(console));
  for (const std::string& note : figure.notes) fmt::print(console.out, "({})\n", one_line(note, 1000));
}

ExitCode plot(const PlotArguments& given, Console& console) {
  PlotArguments options = given;
  figures::Request& request = options.request;
  request.kind = take_kind(options.words);
  request.log_x = scale_of(options, "x");
  request.log_y = scale_of(options, "y");
  request.x_limits = limits_of(options.x_limits, "--xlim");
  request.y_limits = limits_of(options.y_limits, "--ylim");
  if (!options.output_path.empty()) (void)figures::format_of(options.output_path);
  std::pair<double, double> size;
  if (!options.size.empty()) size = size_of(options.size);
  const ReadStores stores(options.words);
  if (!options.conditions.empty()) request.cells = cells_that_meet(options.conditions, stores);
  figures::Figure figure = figures::make_figure({stores.store(), stores.name()}, request);
  if (!options.size.empty()) std::tie(figure.width_cm, figure.height_cm) = size;
  write_figure(figure, options, stores.files(), console);
  return ExitCode::done;
}

void add_what(CLI::App* command, figures::Request& request, std::vector<std::string>& conditions) {
  const auto key = [&](const char* flag, std::string& value, const char* what) {
    command->add_option(flag, value, what)->type_name("KEY");
  };
  key("--x", request.x, "The setting, or column, along the axis [the longest axis of numbers]");
  command->add_option("--y", request.y, "Columns of numbers to draw [test_loss and gap_live_layer1]")
      ->delimiter(',')
      ->type_name("COLUMN");
  key("--hue", request.hue, "A line for each value of this setting; of a map, its second axis");
  key("--row", request.row,
      "Frames below one another, one for each value; of network, the weights of a typical one for each");
  key("--col", request.col, "Frames side by side, one for each value");
  add_where(command, conditions);
  command
      ->add_option("--cell", request.cell,
                   "Of network: the cell, an id or its first digits [one in the middle]")
      ->type_name("ID");
  command
      ->add_option_function<std::string>(
          "--statistic",
          [&request](const std::string& name) { request.statistic = value_of<Statistic>(name).value(); },
          "What is drawn of a group: median, mean, or trimmed, the mean without the lowest and the highest "
          "quarter [median]")
      ->check(CLI::IsMember({"median", "mean", "trimmed"}))
      ->type_name("NAME");
  command
      ->add_option_function<std::string>(
          "--errorbar",
          [&request](const std::string& name) { request.spread = value_of<figures::Spread>(name).value(); },
          "Around it: ci, the interval of aggregate; iqr, the quartiles; sd, the standard deviation; minmax; "
          "none [ci]")
      ->check(CLI::IsMember({"ci", "iqr", "sd", "minmax", "none"}))
      ->type_name("NAME");
  add_interval_options(command, request.interval);
  command->add_flag("--points", request.points, "Also draw single networks");
  command->add_flag("--fits", request.fits, "Also draw the transitions that fit transition finds");
}

void add_looks(CLI::App* command, PlotArguments& options) {
  const auto axes = [&](const char* flag, std::vector<std::string>& names, const char* what) {
    command->add_option(flag, names, what)
        ->delimiter(',')
        ->check(CLI::IsMember({"x", "y"}))
        ->type_name("AXES");
  };
  axes("--log", options.log,
       "x, y or x,y: logarithmic [where the steps are geometric, or the numbers span much]");
  axes("--linear", options.linear, "x, y or x,y: not logarithmic");
  const auto limits = [&](const char* flag, std::vector<double>& ends, const char* what) {
    command->add_option(flag, ends, what)->delimiter(',')->expected(2)->type_name("LOW,HIGH");
  };
  limits("--xlim", options.x_limits, "Ends of the axis");
  limits("--ylim", options.y_limits, "Ends of the axis");
  command->add_option("--size", options.size, "Width and height of the picture [by theme and kind]")
      ->type_name("WxHcm");
  std::vector<std::string> names;
  std::string doc;
  for (const figures::Theme& theme : figures::themes()) {
    names.emplace_back(theme.name);
    doc += fmt::format("{}{}: {}", doc.empty() ? "" : "; ", theme.name, theme.doc);
  }
  command->add_option("--theme", options.theme, doc + " [screen]")
      ->check(CLI::IsMember(names))
      ->type_name("NAME");
  command
      ->add_option("-o,--output", options.output_path,
                   "Write a picture, by its ending [letters on the terminal]")
      ->type_name("FILE.svg|.pdf|.png");
  command
      ->add_option("--script", options.script_path,
                   "Write gnuplot's text, with the data in it; alone it needs no gnuplot")
      ->type_name("FILE.gp");
}

}  // namespace

void add_plot(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<PlotArguments>();
  CLI::App* command = app.add_subcommand(
      "plot", "Pictures of results: lines, maps, histories, transitions, spectra, weights");
  command
      ->add_option(
          "stores", options->words,
          "The store; several, or a folder of them, are read as one. Behind them the kind of picture")
      ->required()
      ->type_name("FILE.db");
  add_what(command, options->request, options->conditions);
  add_looks(command, *options);
  std::string footer = "Kinds [what the axes suggest]:\n";
  for (const figures::Kind& kind : figures::kinds())
    footer += fmt::format("  {:<11} {}\n", kind.name, kind.doc);
  command->footer(footer +
                  "gnuplot draws (apt-get install gnuplot-nox). Settings that are not given are chosen: the "
                  "longest axis of\n"
                  "numbers along x, the next a line for each value, then frames. Settings that vary together "
                  "are one axis.\n"
                  "Examples:\n"
                  "  modsweep plot quickstart.db\n"
                  "  modsweep plot fig06.db transition -o fig06.svg\n"
                  "  modsweep plot quickstart.db network --theme paper -o network.pdf");
  on_chosen(command, chosen, options, plot);
}

}  // namespace modsweep::cli
