#include "page/sweep_page.h"

#include "core/formats.h"
#include "page/about.h"
#include "page/numbers.h"
#include "page/pictures.h"
#include "page/store_data.h"
#include "page/warnings.h"
#include "page/what_matters.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/version.h"

namespace modsweep::page {
namespace {

constexpr std::size_t most_names = 4;
/// A page stays below 1 MB, what is escaped in it included.
constexpr std::size_t most_bytes = 900'000;

std::string title_of(const StoreData& data) {
  std::vector<std::string> names;
  for (const StoredSweep& sweep : data.sweeps)
    if (std::ranges::find(names, sweep.name) == names.end()) names.push_back(sweep.name);
  if (names.empty()) return data.name;
  std::string title;
  for (std::size_t i = 0; i < names.size() && i < most_names; ++i)
    title += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
  if (names.size() > most_names) title += fmt::format(" and {} more", names.size() - most_names);
  return title;
}

std::string count(std::uint64_t number) {
  return format_count(static_cast<double>(number));
}

/// ", trained on node7 from 2026-01-31 12:00:00 UTC to 2026-01-31 13:00:00 UTC".
std::string where_and_when(const StoreData& data) {
  if (data.runs.empty()) return "";
  std::vector<std::string> hosts;
  for (const RunRow& run : data.runs)
    if (std::ranges::find(hosts, run.host) == hosts.end()) hosts.push_back(run.host);
  const std::string where = hosts.size() > most_names ? fmt::format("{} machines", hosts.size())
                                                      : fmt::format("{}", fmt::join(hosts, ", "));
  const std::string& ended = data.runs.back().ended;
  return fmt::format("; trained on {} from {}{}", where, data.runs.front().began,
                     ended == "-" ? "" : fmt::format(" to {}", ended));
}

void add_head(Page& page, const StoreData& data, const SweepPageOptions& options) {
  const std::uint64_t cells = data.grid_cells();
  const std::uint64_t left = data.left();
  page.live = options.training;
  page.state = left == 0 ? "done" : "not finished";
  if (options.training) page.state = "training";
  page.tiles = {{count(cells), "networks in all"},
                {count(data.done()), "done"},
                {count(left), "left"},
                {count(data.diverged()), "diverged", data.diverged() > 0}};
  if (cells > 0 && left > 0) page.progress = static_cast<double>(cells - left) / static_cast<double>(cells);
}

}  // namespace

Page sweep_page(const Store& store, const SweepPageOptions& options) {
  const StoreData data = read_store_data(store, options.name, options.files);
  Page page;
  page.title = title_of(data);
  page.remark = options.name + where_and_when(data);
  page.reload_seconds = options.reload_seconds;
  add_head(page, data, options);
  if (std::vector<std::string> warnings = warnings_about(store, data); !warnings.empty())
    page.sections.push_back({"", {{Notices{std::move(warnings)}}}});
  page.sections.push_back(axes_section(data));
  if (!data.groups.empty()) page.sections.push_back(what_matters(data));
  const std::size_t place = page.sections.size();
  page.sections.push_back(group_numbers(data));
  page.sections.push_back(again_section(data));
  page.sections.push_back(runs_section(data));
  page.sections.push_back(settings_section(data));
  // Pictures get the room that the rest leaves.
  const std::size_t rest = html_of(page).size();
  Section pictures = pictures_section(store, data, most_bytes - std::min(most_bytes, rest));
  if (!pictures.blocks.empty()) {
    page.sections.insert(page.sections.begin() + static_cast<std::ptrdiff_t>(place), std::move(pictures));
    page.style = picture_colors();
  }
  page.footer = fmt::format("Made by modsweep {} on {}.", build_text(), options.made);
  if (options.reload_seconds > 0.0)
    page.footer += fmt::format(" This page loads itself again every {:g} s.", options.reload_seconds);
  return page;
}

}  // namespace modsweep::page
