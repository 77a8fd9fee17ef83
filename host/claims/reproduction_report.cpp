#include "claims/reproduction_report.h"

#include "claims/sweep_files.h"
#include "core/text.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

namespace modsweep::claims {
namespace {

using nlohmann::ordered_json;

/// The distinct values of a member of the cells.
template <typename Value>
std::set<std::string> different(const std::vector<ResultCell>& cells, Value value) {
  std::set<std::string> texts;
  for (const ResultCell& cell : cells) texts.insert(value(cell));
  return texts;
}

std::size_t seeds_of(const Evidence& evidence) {
  return evidence.axis("training.seed").size();
}

std::string training_time(const Evidence& evidence) {
  double seconds = 0.0;
  for (const ResultCell& cell : evidence.cells) seconds += cell.seconds;
  return seconds < 120.0 ? fmt::format("{:.0f} s", seconds) : fmt::format("{:.0f} min", seconds / 60.0);
}

std::string number_text(double value) {
  return std::isnan(value) ? "none" : fmt::format("{:.3g}", value);
}

std::string interval_text(const std::optional<Interval>& interval) {
  return interval ? fmt::format("{:.3g} to {:.3g}", interval->low, interval->high) : "";
}

std::string text_of(const Truth& truth) {
  return truth ? (*truth ? "yes" : "**no**") : "unknown";
}

void write_summary(const std::vector<Judgment>& judgments, std::ostream& out) {
  fmt::print(out, "| figure | what must come out | verdict | protocol |\n| --- | --- | --- | --- |\n");
  for (const Judgment& judgment : judgments)
    fmt::print(
        out, "| {} | {} | {} | {} |\n", judgment.claim.figure, judgment.claim.says, text_of(judgment.verdict),
        judgment.evidence.cells.empty() ? "no cells" : (judgment.evidence.full() ? "full" : "reduced"));
}

void write_section(const Judgment& judgment, std::ostream& out) {
  fmt::print(out, "\n## {}: {}\n\n{}\n\n{}\n\n", title_of(judgment.claim), text_of(judgment.verdict),
             judgment.claim.says, protocol_text(judgment));
  fmt::print(out, "| | | value | interval | networks |\n| --- | --- | --- | --- | --- |\n");
  for (const Number& number : judgment.numbers)
    fmt::print(out, "| {} | {} | {} | {} | {} |\n", number.label, number.statistic, number_text(number.value),
               interval_text(number.interval), number.networks);
  fmt::print(out, "\n");
  for (const Check& check : judgment.checks)
    fmt::print(out, "- {}: {}{}\n", check.text, text_of(check.holds),
               check.value ? fmt::format(" ({:.3g})", *check.value) : "");
}

void write_missing(const std::vector<Judgment>& judgments, std::ostream& out) {
  std::set<std::string_view> named;
  for (const Judgment& judgment : judgments) {
    if (judgment.verdict != Verdict::cannot_be_judged || !named.insert(judgment.claim.sweep).second) continue;
    if (named.size() == 1)
      fmt::print(out, "\n## What is missing\n\nThese make the cells that are missing:\n\n");
    fmt::print(out, "    {}\n", run_command(judgment.claim));
    if (const auto quick = shipped_quick_command(judgment.claim.sweep))
      fmt::print(out, "    {}    # for a first look\n", *quick);
  }
}

ordered_json json_of(const Number& number) {
  ordered_json json = {{"label", number.label},
                       {"statistic", number.statistic},
                       {"value", nullptr},
                       {"interval", nullptr},
                       {"networks", number.networks}};
  if (!std::isnan(number.value)) json["value"] = number.value;
  if (number.interval) json["interval"] = {number.interval->low, number.interval->high};
  return json;
}

ordered_json json_of(const Check& check) {
  ordered_json json = {{"text", check.text}, {"value", nullptr}, {"holds", nullptr}};
  if (check.value) json["value"] = *check.value;
  if (check.holds) json["holds"] = *check.holds;
  return json;
}

ordered_json json_of(const Judgment& judgment) {
  const Evidence& evidence = judgment.evidence;
  ordered_json json = {{"figure", judgment.claim.figure},
                       {"sweep", judgment.claim.sweep},
                       {"says", judgment.claim.says},
                       {"verdict", text_of(judgment.verdict)},
                       {"full_protocol", evidence.full()},
                       {"cells", evidence.cells.size()},
                       {"cells_of_file", evidence.file_cells},
                       {"steps", evidence.steps},
                       {"steps_of_file", evidence.file_steps},
                       {"seeds", seeds_of(evidence)},
                       {"seeds_of_file", evidence.file_seeds},
                       {"changes", evidence.changes},
                       {"diverged", evidence.diverged},
                       {"left_out", evidence.left_out},
                       {"engines", different(evidence.cells, [](const ResultCell& c) { return c.engine; })},
                       {"devices", different(evidence.cells, [](const ResultCell& c) { return c.device; })},
                       {"numbers", ordered_json::array()},
                       {"checks", ordered_json::array()},
                       {"command", run_command(judgment.claim)}};
  for (const Number& number : judgment.numbers) json["numbers"].push_back(json_of(number));
  for (const Check& check : judgment.checks) json["checks"].push_back(json_of(check));
  return json;
}

}  // namespace

std::string run_command(const Claim& claim) {
  return fmt::format("modsweep run {}", shipped_path(claim.sweep));
}

std::string title_of(const Claim& claim) {
  if (is_figure(claim)) return fmt::format("Figure {}", claim.figure);
  std::string title(claim.figure);
  title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
  return title;
}

std::string intervals_text(const IntervalSettings& intervals) {
  const double percent = 100.0 * intervals.confidence;
  if (intervals.method == IntervalMethod::bootstrap)
    return fmt::format(
        "Intervals hold {:g} % of {} bootstrap resamples; of ten networks or fewer they are too narrow.",
        percent, intervals.resamples);
  return fmt::format(
      "Intervals of {:g} %: of medians two of the values, where there are enough for that, of shares exact, "
      "of fits Student's t over seeds.",
      percent);
}

std::string protocol_text(const Judgment& judgment) {
  const Evidence& evidence = judgment.evidence;
  std::string text = fmt::format(
      "{}: {} cells ({} of the {} of `{}`), {} of {} seeds, {} of {} steps, engine {} ({}), {} "
      "of training.",
      evidence.full() ? "Full protocol" : "Reduced protocol", evidence.cells.size(),
      evidence.file_cells_found, evidence.file_cells, shipped_path(judgment.claim.sweep), seeds_of(evidence),
      evidence.file_seeds, evidence.steps, evidence.file_steps,
      fmt::join(different(evidence.cells, [](const ResultCell& c) { return c.engine; }), ", "),
      fmt::join(different(evidence.cells, [](const ResultCell& c) { return c.device; }), "; "),
      training_time(evidence));
  if (!evidence.changes.empty())
    text += fmt::format(" Other settings: `{}`.", fmt::join(evidence.changes, "`, `"));
  if (evidence.diverged > 0) text += fmt::format(" Diverged and left out: {}.", evidence.diverged);
  if (evidence.left_out > 0)
    text += fmt::format(" Not used, of other protocols: {} cells.", evidence.left_out);
  return one_line(text, std::string::npos);
}

void write_markdown(const ReportHead& head, const std::vector<Judgment>& judgments, std::ostream& out) {
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(judgments, verdict, &Judgment::verdict);
  };
  fmt::print(out, "# Reproduction report\n\nMade by `modsweep reproduce` {} on {}.{}\n\n", head.version,
             head.date, head.note.empty() ? "" : " " + head.note);
  fmt::print(out,
             "Of {} claims {} hold, {} do not hold, {} cannot be judged. A claim holds where all of its "
             "checks do. Their "
             "thresholds are for the full protocol, all cells of the sweep file as they stand there; what a "
             "reduced one "
             "says is a direction. Medians and shares are over networks, gaps without dead units. {}\n\n",
             judgments.size(), count(Verdict::holds), count(Verdict::does_not_hold),
             count(Verdict::cannot_be_judged), intervals_text(head.intervals));
  write_summary(judgments, out);
  for (const Judgment& judgment : judgments)
    if (!judgment.evidence.cells.empty()) write_section(judgment, out);
  write_missing(judgments, out);
}

void write_json(const ReportHead& head, const std::vector<Judgment>& judgments, std::ostream& out) {
  ordered_json json = {{"version", head.version},
                       {"date", head.date},
                       {"note", head.note},
                       {"confidence", head.intervals.confidence},
                       {"interval", name_of(head.intervals.method)},
                       {"claims", ordered_json::array()}};
  for (const Judgment& judgment : judgments) json["claims"].push_back(json_of(judgment));
  fmt::print(out, "{}\n", json.dump(1));
}

}  // namespace modsweep::claims
