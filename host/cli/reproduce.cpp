// modsweep reproduce: judges the paper's claims by the results in stores.
#include "claims/reproduction_report.h"
#include "cli/command.h"
#include "cli/file_format.h"
#include "cli/interval_options.h"
#include "cli/output.h"
#include "cli/stores.h"
#include "core/text.h"
#include "figures/kinds.h"
#include "page/claims_page.h"
#include "page/pictures.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include "modsweep/merge.h"
#include "modsweep/version.h"

namespace modsweep::cli {
namespace {

struct ReproduceArguments {
  std::vector<std::string> paths;
  std::string format;  // empty: by the ending of the file's name, or markdown
  std::string note;
  std::string output_path;  // empty: standard output
  IntervalSettings interval;
};

constexpr std::array report_endings = {FileEnding{".md", "markdown"}, FileEnding{".json", "json"},
                                       FileEnding{".html", "html"}};

/// The stores that have cells of a sweep or of its shorter form.
std::vector<std::string> stores_of(std::string_view sweep, const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& file : store_files(paths)) {
    const Store store(file, Store::Access::read_only);
    if (std::ranges::any_of(store.sweeps(), [&](const StoredSweep& one) {
          return one.name == sweep || one.name == claims::quick_name(sweep);
        }))
      found.push_back(file);
  }
  return found;
}

/// The cells that a claim was judged by, drawn.
std::optional<page::Picture> picture_of_claim(const claims::Judgment& judgment,
                                              const std::vector<std::string>& paths) {
  const std::vector<std::string> files = stores_of(judgment.claim.sweep, paths);
  if (files.empty()) return std::nullopt;  // the cells are those of other sweeps
  const page::ClaimPlot plot = page::plot_of_claim(judgment.claim.sweep);
  figures::Request request;
  request.kind = plot.kind;
  request.x = plot.x;
  request.y = plot.y;
  request.cells.emplace();
  for (const ResultCell& cell : judgment.evidence.cells) request.cells->insert(shown_id(cell.id));
  try {
    const ReadStores stores(files);
    std::string command = fmt::format("modsweep plot {} {}", stores.name(), plot.kind);
    if (!plot.x.empty()) command += fmt::format(" --x {}", plot.x);
    if (!plot.y.empty()) command += fmt::format(" --y {}", fmt::join(plot.y, " "));
    return page::picture_of(figures::make_figure({stores.store(), stores.name()}, request),
                            std::string(judgment.claim.sweep), command);
  } catch (const InputError&) {
    return std::nullopt;  // there is nothing of this kind to draw
  }
}

std::string today() {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::now()));
}

ExitCode reproduce(const ReproduceArguments& options, Console& console) {
  if (!options.note.empty() && !is_plain_line(options.note))
    throw InputError("--note: must be one line of text without quotes and backslashes");
  const auto cells = read_cells(options.paths);
  std::optional<AtomicOutput> file;  // opened before the bootstrap, which takes long
  FileFormat chosen{options.format, ""};
  if (options.output_path.empty()) {
    check_standard_output(options.paths);
  } else {
    file.emplace(options.output_path, options.paths);
    chosen = format_of_file(options.format, options.output_path, report_endings, "markdown");
  }

  const auto judgments = claims::judge_claims(cells, options.interval);
  if (std::ranges::all_of(judgments, [](const claims::Judgment& j) { return j.evidence.cells.empty(); }))
    fmt::print(console.err, "no claim can be judged: there are no finished cells of the paper's sweeps\n");
  const claims::ReportHead head{program_version(), today(), options.note, options.interval};
  std::ostream& out = file ? file->stream() : console.out;
  if (chosen.format == "html")
    out << page::html_of(page::claims_page(head, judgments, [&](const claims::Judgment& judgment) {
      return picture_of_claim(judgment, options.paths);
    }));
  else if (chosen.format == "json")
    claims::write_json(head, judgments, out);
  else
    claims::write_markdown(head, judgments, out);
  if (file) file->commit();
  if (!chosen.note.empty()) fmt::print(console.err, "{}\n", chosen.note);
  return ExitCode::done;
}

}  // namespace

void add_reproduce(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<ReproduceArguments>();
  CLI::App* command =
      app.add_subcommand("reproduce", "Report which of the paper's claims hold in the results of stores");
  command->add_option("stores", options->paths, "Stores, or folders of stores")
      ->required()
      ->type_name("FILE.db");
  command
      ->add_option(
          "--format", options->format,
          "markdown, json, or html: a page with pictures [by the ending of FILE: .md, .json, .html; else "
          "markdown]")
      ->check(CLI::IsMember({"markdown", "json", "html"}))
      ->type_name("NAME");
  command->add_option("--note", options->note, "A line for the head of the report: machine, commit")
      ->type_name("TEXT");
  add_interval_options(command, options->interval);
  command
      ->add_option("-o,--output", options->output_path, "Write here, whole or not at all [standard output]")
      ->type_name("FILE");
  command->footer(
      "Cells are found by the names of their sweeps (fig01 to fig12, paper_table, rfig2a to rfig6b, causes) "
      "and "
      "compared with the "
      "sweep "
      "files.\n"
      "Each claim holds, does not hold, or cannot be judged: then the report names the command that makes "
      "the "
      "cells.\n"
      "Exit code 0 where the report was made, whatever it says.\n"
      "Example:\n"
      "  modsweep run sweeps/fig03.toml && modsweep reproduce fig03.db\n"
      "  modsweep reproduce stores/ -o report.md\n"
      "  modsweep reproduce stores/ -o report.html");
  on_chosen(command, chosen, options, reproduce);
}

}  // namespace modsweep::cli
