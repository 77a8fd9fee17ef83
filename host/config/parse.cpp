// From a sweep file and --set options to a checked Sweep.
#include "config/check.h"
#include "config/draft.h"
#include "config/files.h"
#include "config/grid.h"
#include "core/parallel.h"
#include "core/text.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/sweep.h"
#include "modsweep/task.h"

namespace modsweep {
namespace {

constexpr std::size_t largest_file = std::size_t{16} << 20U;
constexpr std::uint64_t most_cells = 1000000000;
constexpr std::uint64_t check_all_up_to = 10000;

// ---- The text.

// toml++ recurses once per name of a dotted key, without a limit: a.a.a.a... would end in a stack overflow.
void check_depth(std::string_view text, const std::string& path) {
  constexpr std::size_t deepest = 64;
  std::size_t line = 1;
  std::size_t dots = 0;
  char quote = 0;
  bool comment = false;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      dots = 0;
      quote = 0;
      comment = false;
    } else if (comment) {
      continue;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      comment = true;
    } else if (c == '.') {
      if (++dots > deepest)
        fail(fmt::format("{}:{}:1", one_line(path, 4096), line),
             "a key of more than 64 names; settings have two, as noise.strength");
    } else if (c == '=' || c == ',' || c == '[' || c == '{') {
      dots = 0;
    }
  }
}

toml::table parse_text(const std::string& text, const std::string& path, const Source& source) {
  if (text.size() > largest_file)
    fail(one_line(path, 4096), "larger than 16 MB; a sweep file is a short text, is this the right file?");
  check_depth(text, path);
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    fail(source.at(error.source()), syntax_message(error));
  }
}

std::string default_name(const std::string& path) {
  std::string name = std::filesystem::path(path).stem().string().substr(0, 100);
  for (char& c : name)
    if (!is_plain_name(std::string_view(&c, 1))) c = '_';
  return name.empty() ? "sweep" : name;
}

// ---- From the draft to a grid.

Axis make_axis(const std::vector<const AxisDraft*>& drafts) {
  Axis axis;
  for (const AxisDraft* draft : drafts) axis.keys.emplace_back(draft->key->name);
  std::unordered_set<std::string> seen;
  for (std::size_t point = 0; point < drafts.front()->points.size(); ++point) {
    std::vector<std::string>& values = axis.values.emplace_back();
    for (const AxisDraft* draft : drafts) values.push_back(draft->points[point]);
    if (const std::string text = fmt::format("{}", fmt::join(values, ", ")); !seen.insert(text).second)
      fail(drafts.front()->location,
           fmt::format("the axis {} holds {} twice; leave one out (spaced values: lower the count)",
                       fmt::join(axis.keys, ", "), one_line(text)));
  }
  return axis;
}

std::vector<const AxisDraft*> zipped(const Zip& zip, Draft& draft) {
  std::vector<const AxisDraft*> group;
  for (const std::string& key : zip.keys) {
    const AxisDraft* axis = draft.axis(key);
    if (axis == nullptr)
      fail(zip.location,
           fmt::format("{} in zip is no axis; give it values under [axes] or take it out of zip", key));
    group.push_back(axis);
    if (axis->points.size() != group.front()->points.size())
      fail(axis->location,
           fmt::format("{} has {} values but {}, zipped with it, has {}; give both the same number", key,
                       axis->points.size(), zip.keys.front(), group.front()->points.size()));
  }
  return group;
}

// Runs before the axes are built, so that a hopeless grid costs nothing.
void check_size(Draft& draft) {
  std::uint64_t cells = 1;
  bool overflow = false;
  double about = 1;
  for (const AxisDraft& axis : draft.axes) {
    const std::uint64_t points = axis.points.size();
    const auto zip = std::ranges::find_if(
        draft.zips, [&](const Zip& z) { return std::ranges::count(z.keys, axis.key->name) > 0; });
    if (zip != draft.zips.end() && zip->keys.front() != axis.key->name) continue;
    overflow = overflow || __builtin_mul_overflow(cells, points, &cells);
    about *= static_cast<double>(points);
  }
  if (!overflow && cells <= most_cells) return;
  fail(draft.axes.front().location,
       fmt::format("the grid has {} cells, more than {}; shorten axes or zip some of them",
                   overflow ? fmt::format("about {:.3g}", about) : std::to_string(cells), most_cells));
}

std::vector<Axis> make_axes(Draft& draft) {
  std::vector<Axis> axes;
  for (const Zip& zip : draft.zips) (void)zipped(zip, draft);
  check_size(draft);
  for (const AxisDraft& own : draft.axes) {
    if (draft.axis(schedule_partner(own.key->name)) != nullptr)
      fail(own.location, "training.steps and training.epochs are both axes; keep one of them");
    const auto zip = std::ranges::find_if(
        draft.zips, [&](const Zip& z) { return std::ranges::count(z.keys, own.key->name) > 0; });
    if (zip == draft.zips.end()) {
      axes.push_back(make_axis({&own}));
    } else if (const auto group = zipped(*zip, draft);
               &own == *std::ranges::min_element(group)) {  // a zip comes where its first axis is
      axes.push_back(make_axis(group));
    }
  }
  return axes;
}

// ---- Whole cells.

// The location of the key that a message names first, among keys that the user set.
std::string location_of(const std::string& message, Draft& draft, const std::string& otherwise) {
  std::vector<std::tuple<std::size_t, std::size_t, std::string>>
      locations;  // position, -length: the longest name wins
  for (const KeyInfo& key : setting_keys()) {
    const std::size_t position = message.find(key.name);
    if (position == std::string::npos) continue;
    if (const AxisDraft* axis = draft.axis(key.name))
      locations.emplace_back(position, ~key.name.size(), axis->location);
    else if (const auto fixed = draft.fixed.find(key.name); fixed != draft.fixed.end())
      locations.emplace_back(position, ~key.name.size(), fixed->second.location);
  }
  return locations.empty() ? otherwise : std::get<2>(*std::ranges::min_element(locations));
}

CellSettings checked_settings(const Sweep& sweep, std::uint64_t index, Draft& draft, const std::string& top) {
  try {
    CellSettings settings = settings_at(sweep, index);
    check_cell(settings);
    return settings;
  } catch (const InputError& error) {
    const std::string where =
        sweep.axes.empty() ? "" : fmt::format(" (cell {}: {})", index, describe_cell(sweep, index));
    fail(location_of(error.what(), draft, top), one_line(error.what(), 1000) + where);
  }
}

// Reads the user's data once for each task of the checked cells, before anything runs.
class DataCheck {
 public:
  DataCheck(Draft& draft, const std::string& top) : draft_(draft), top_(top) {}

  void operator()(const TaskSettings& task) {
    const auto check = task_kind(task.kind).check_data;
    if (check == nullptr || std::ranges::find(checked_, task) != checked_.end()) return;
    try {
      check(task);
    } catch (const InputError& error) {
      // An error inside a file states its own location.
      const bool inside = std::string_view(error.what()).starts_with(task.file);
      throw InputError(inside ? error.what() : location_of(error.what(), draft_, top_) + ": " + error.what());
    }
    checked_.push_back(task);
  }

 private:
  Draft& draft_;
  const std::string& top_;
  std::vector<TaskSettings> checked_;
};

// All cells of a small grid; of a large one, each value of each axis with the first values of the others.
std::vector<std::uint64_t> cells_to_check(const Sweep& sweep) {
  std::vector<std::uint64_t> indices;
  const std::uint64_t size = sweep.size();
  if (size <= check_all_up_to) {
    for (std::uint64_t i = 0; i < size; ++i) indices.push_back(i);
    return indices;
  }
  std::uint64_t stride = size;
  for (const Axis& axis : sweep.axes) {
    stride /= axis.values.size();
    for (std::uint64_t point = 0; point < axis.values.size(); ++point) indices.push_back(point * stride);
  }
  indices.push_back(size - 1);
  return indices;
}

// Whether all these cells are valid and none uses the user's data, checked by all threads: then there is
// nothing to report.
bool are_plainly_valid(const Sweep& sweep, const std::vector<std::uint64_t>& indices) {
  constexpr std::size_t chunk = 1024;
  std::atomic<bool> plain = true;
  parallel_for(hardware_threads(), (indices.size() + chunk - 1) / chunk, [&](std::size_t item, std::size_t) {
    const std::size_t end = std::min(indices.size(), (item + 1) * chunk);
    try {
      for (std::size_t i = item * chunk; i < end && plain; ++i) {
        const CellSettings settings = settings_at(sweep, indices[i]);
        check_cell(settings);
        if (task_kind(settings.task.kind).check_data != nullptr) plain = false;
      }
    } catch (const InputError&) {
      plain = false;
    }
  });
  return plain;
}

void check_cells(const Sweep& sweep, Draft& draft, const std::string& top) {
  const std::vector<std::uint64_t> indices = cells_to_check(sweep);
  if (are_plainly_valid(sweep, indices)) return;
  DataCheck check_data(draft, top);  // in order: reports the first wrong cell
  for (const std::uint64_t index : indices) check_data(checked_settings(sweep, index, draft, top).task);
}

}  // namespace

Sweep parse_sweep(const std::string& text, const std::string& path,
                  const std::vector<std::string>& overrides) {
  const Source source = Source::file(path);
  Draft draft;
  draft.name = default_name(path);
  read_document(parse_text(text, path, source), source, draft);
  apply_overrides(overrides, draft);
  find_files(draft, std::filesystem::path(path).parent_path().string());

  Sweep sweep;
  sweep.name = draft.name;
  for (const auto& [key, value] : draft.fixed) find_key(key)->read(sweep.base, value.json);
  sweep.axes = make_axes(draft);
  const std::string top = source.at({});
  // The base is the first cell: so it is a valid cell, and a value that an axis replaces plays no part.
  sweep.base = settings_at(sweep, 0);
  check_cells(sweep, draft, top);
  return sweep;
}

Sweep read_sweep(const std::string& path, const std::vector<std::string>& overrides) {
  const std::string shown = one_line(path, 4096);
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    fail(shown, "there is no such file; check the path");
  if (std::filesystem::is_directory(status))
    fail(shown, "a directory; name a sweep file in it, as quickstart.toml");
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    fail(shown, fmt::format("cannot be opened ({}); check that you may read it", std::strerror(errno)));
  std::string text(largest_file + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) fail(shown, "cannot be read; check the disk and try again");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return parse_sweep(text, path, overrides);
}

}  // namespace modsweep
