#include "page/claims_page.h"

#include "page/pictures.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace modsweep::page {
namespace {

using claims::Judgment;
using claims::Verdict;

/// The rest of a page is texts and small tables.
constexpr std::size_t most_picture_bytes = 760'000;

std::string number_text(double value) {
  return std::isnan(value) ? "none" : fmt::format("{:.3g}", value);
}

/// The numbers that a claim is judged by.
SortableTable numbers_of(const Judgment& judgment) {
  SortableTable table{{{"of"}, {"what"}, {"value", "", true}, {"interval", "", true}, {"networks", "", true}},
                      {}};
  for (const claims::Number& number : judgment.numbers)
    table.rows.push_back(
        {{number.label},
         {number.statistic},
         {number_text(number.value), std::isnan(number.value) ? std::nullopt : std::optional(number.value)},
         {number.interval ? fmt::format("{:.3g} to {:.3g}", number.interval->low, number.interval->high)
                          : ""},
         {std::to_string(number.networks), static_cast<double>(number.networks)}});
  return table;
}

Facts checks_of(const Judgment& judgment) {
  Facts facts;
  for (const claims::Check& check : judgment.checks)
    facts.facts.push_back({check.holds ? (*check.holds ? "yes" : "no") : "unknown",
                           check.text + (check.value ? fmt::format(" ({:.3g})", *check.value) : "")});
  return facts;
}

/// A text of Markdown without its marks of code.
std::string plain(std::string text) {
  std::erase(text, '`');
  return text;
}

ClaimCard card_of(const Judgment& judgment) {
  ClaimCard card{.figure = claims::title_of(judgment.claim),
                 .says = std::string(judgment.claim.says),
                 .verdict = claims::text_of(judgment.verdict),
                 .blocks = {}};
  if (judgment.verdict == Verdict::holds) card.tone = ClaimCard::Tone::good;
  if (judgment.verdict == Verdict::does_not_hold) card.tone = ClaimCard::Tone::bad;
  if (judgment.evidence.cells.empty()) {
    card.blocks = {{Paragraph{"There are no networks of this sweep. This makes them:"}},
                   {Code{claims::run_command(judgment.claim) + "\n"}}};
    return card;
  }
  card.blocks = {{checks_of(judgment)},
                 {Disclosure{fmt::format("{} numbers", judgment.numbers.size()), {{numbers_of(judgment)}}}},
                 {Disclosure{judgment.evidence.full() ? "full protocol" : "reduced protocol",
                             {{Paragraph{plain(claims::protocol_text(judgment))}}}}}};
  return card;
}

std::string count_of(const std::vector<Judgment>& judgments, Verdict verdict) {
  return std::to_string(std::ranges::count(judgments, verdict, &Judgment::verdict));
}

}  // namespace

ClaimPlot plot_of_claim(std::string_view sweep) {
  if (sweep == "fig02") return {"line", "noise.strength", {"test_loss", "gap_live_layer1"}};
  if (sweep == "fig06") return {"transition", "task.train_samples", {}};
  if (sweep == "fig07") return {"line", "task.train_samples", {"gap_live_layer1", "noisy_test_loss"}};
  if (sweep == "fig08" || sweep == "fig08_composition") return {"line", "", {"test_loss", "ood_loss"}};
  if (sweep == "fig11") return {"line", "task.fan_fraction", {"test_loss", "ood_loss"}};
  if (sweep == "fig09" || sweep == "fig12") return {"line", "network.block_depth", {"block_error"}};
  // Of the second paper.
  if (sweep == "rfig2c") return {"generalization", "", {}};
  if (sweep == "rfig3" || sweep == "rfig5") return {"robustness", "", {}};
  if (sweep == "rfig4") return {"timescales", "", {}};
  if (sweep.starts_with("rfig")) return {"growth", "", {}};
  if (sweep == "causes") return {"line", "", {"test_loss", "relative_cut"}};
  if (sweep == "causes_range") return {"line", "", {"test_loss", "ood_loss"}};
  if (sweep == "causes_retina") return {"line", "", {"separation_layer3"}};
  if (sweep == "causes_goals") return {"line", "", {"separation_layer2"}};
  if (sweep == "causes_adapt") return {"line", "", {"test_loss"}};
  if (sweep == "causes_xor") return {"line", "", {"first_step_below"}};
  return {"line", "", {}};
}

Page claims_page(const claims::ReportHead& head, const std::vector<Judgment>& judgments,
                 const ClaimPicture& picture) {
  Page page{.title = "Reproduction of the paper's claims", .remark = head.note};
  page.tiles = {{std::to_string(judgments.size()), "claims"},
                {count_of(judgments, Verdict::holds), "hold"},
                {count_of(judgments, Verdict::does_not_hold), "do not hold",
                 count_of(judgments, Verdict::does_not_hold) != "0"},
                {count_of(judgments, Verdict::cannot_be_judged), "cannot be judged"}};
  page.style = picture_colors();
  Section section{"", {}};
  section.blocks.push_back({Paragraph{
      "A claim holds where all of its checks do. Their thresholds are for the full protocol, all cells of "
      "the "
      "sweep file as they stand there; what a reduced one says is a direction. Medians and shares are over "
      "networks, gaps without dead units. " +
      claims::intervals_text(head.intervals)}});
  std::set<std::string_view> drawn;
  for (const Judgment& judgment : judgments) {
    ClaimCard card = card_of(judgment);
    if (!judgment.evidence.cells.empty() && drawn.insert(judgment.claim.sweep).second)
      card.picture = picture(judgment);
    section.blocks.push_back({std::move(card)});
  }
  std::vector<Picture*> pictures;
  for (Block& block : section.blocks)
    if (auto* card = std::get_if<ClaimCard>(&block.value); card != nullptr && card->picture)
      pictures.push_back(&*card->picture);
  fit_into_page(pictures, most_picture_bytes);
  page.sections.push_back(std::move(section));
  page.footer = fmt::format("Made by modsweep {} on {}.", head.version, head.date);
  return page;
}

}  // namespace modsweep::page
