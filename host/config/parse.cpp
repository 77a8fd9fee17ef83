// From a sweep file and --set options to a checked Sweep.
#include "config/check.h"
#include "config/draft.h"
#include "config/files.h"
#include "config/grid.h"
#include "config/setting_lists.h"
#include "core/parallel.h"
#include "core/text.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
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

// A path goes into texts of the store, which are UTF-8.
void check_path_text(const std::string& path) {
  if (!is_utf8(path)) fail(one_line(path, 4096), "the path is not UTF-8; rename the file or its folder");
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
  std::vector<std::vector<std::string>> points;  // [key][point]
  for (const AxisDraft* draft : drafts) {
    axis.keys.emplace_back(draft->name);
    points.push_back(draft->random && drafts.size() == 1 ? draft->random->points(true) : draft->points);
  }
  std::unordered_set<std::string> seen;
  for (std::size_t point = 0; point < points.front().size(); ++point) {
    std::vector<std::string>& values = axis.values.emplace_back();
    for (const auto& own : points) values.push_back(own[point]);
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
        draft.zips, [&](const Zip& z) { return std::ranges::count(z.keys, axis.name) > 0; });
    if (zip != draft.zips.end() && zip->keys.front() != axis.name) continue;
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
    if (draft.axis(schedule_partner(own.name)) != nullptr)
      fail(own.location, "training.steps and training.epochs are both axes; keep one of them");
    const auto zip = std::ranges::find_if(
        draft.zips, [&](const Zip& z) { return std::ranges::count(z.keys, own.name) > 0; });
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

// Reads the user's data before anything runs, and collects what the user should know about them.
class DataCheck {
 public:
  DataCheck(Draft& draft, const std::string& top, DatasetCache& datasets)
      : draft_(draft), top_(top), datasets_(datasets) {}

  void operator()(const CellSettings& cell) {
    if (task_kind(cell.task.kind).user_data == nullptr) return;
    locate(cell.task, [&] { datasets_.check(cell.task); });
    const TaskSettings& task = cell.task;
    const bool single = cell.training.precision != Precision::fp64;
    const auto [found, is_new] =
        largest_.try_emplace(fmt::format("{}\n{}\n{}\n{}\n{}", task.file, fmt::join(task.input_columns, "\n"),
                                         fmt::join(task.target_columns, "\n"), task.split_column, single),
                             cell);
    if (!is_new && task.train_samples > found->second.task.train_samples) found->second = cell;
  }

  // One line for each kind of remark, whatever the number of tables.
  [[nodiscard]] std::vector<std::string> notes() {
    std::vector<std::pair<DataRemark, std::size_t>> told;  // and the number of tables
    for (const auto& [table, cell] : largest_)
      for (DataRemark& remark : remarks_on(cell)) {
        const auto same = std::ranges::find(told, remark.kind, [](const auto& t) { return t.first.kind; });
        if (same != told.end())
          ++same->second;
        else
          told.emplace_back(std::move(remark), 1);
      }
    std::vector<std::string> lines;
    for (const auto& [remark, tables] : told)
      lines.push_back(one_line(remark.text, 2000) +
                      (tables == 1 ? "" : fmt::format(" (and {} more like it)", tables - 1)));
    return lines;
  }

 private:
  // Calls `action`; an error about a file states its own location, any other gets that of the key it names.
  template <typename Action>
  void locate(const TaskSettings& task, const Action& action) {
    try {
      action();
    } catch (const InputError& error) {
      const bool inside = std::string_view(error.what()).starts_with(task.file);
      throw InputError(inside ? error.what() : location_of(error.what(), draft_, top_) + ": " + error.what());
    }
  }

  std::vector<DataRemark> remarks_on(const CellSettings& cell) {
    std::vector<DataRemark> remarks;
    locate(cell.task, [&] { remarks = datasets_.remarks(cell.task, cell.training.precision); });
    std::erase_if(remarks, [&](const DataRemark& remark) {
      return draft_.fixed.contains(remark.settled_by) || draft_.axis(remark.settled_by) != nullptr;
    });
    return remarks;
  }

  Draft& draft_;
  const std::string& top_;
  DatasetCache& datasets_;
  std::map<std::string, CellSettings> largest_;  // by table, the cell with the largest training set
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
  for (const Axis& axis : sweep.axes)
    for (const std::string& key : axis.keys)
      if (!find_key(key)->is_of(sweep.base.network.family)) return false;
  std::atomic<bool> plain = true;
  parallel_for(hardware_threads(), (indices.size() + chunk - 1) / chunk, [&](std::size_t item, std::size_t) {
    const std::size_t end = std::min(indices.size(), (item + 1) * chunk);
    try {
      for (std::size_t i = item * chunk; i < end && plain; ++i) {
        const CellSettings settings = settings_at(sweep, indices[i]);
        if (i == 0)
          check_cell(settings);
        else
          check_cell_of_family(settings);
        if (task_kind(settings.task.kind).user_data != nullptr) plain = false;
      }
    } catch (const InputError&) {
      plain = false;
    }
  });
  return plain;
}

// Returns the notes of the sweep.
std::vector<std::string> check_cells(const Sweep& sweep, Draft& draft, const std::string& top,
                                     DatasetCache& datasets) {
  const std::vector<std::uint64_t> indices = cells_to_check(sweep);
  if (are_plainly_valid(sweep, indices)) return {};
  DataCheck check_data(draft, top, datasets);  // in order: reports the first wrong cell
  for (const std::uint64_t index : indices) check_data(checked_settings(sweep, index, draft, top));
  return check_data.notes();
}

/// A sweep has networks of one family, whose settings and measurements are its tables' columns.
void check_family_axis(Draft& draft) {
  if (const AxisDraft* axis = draft.axis("network.family"))
    fail(axis->location, "network.family is no axis; make a sweep for each family");
}

/// Where the text of a sweep comes from.
struct Origin {
  std::string shown;   // in messages
  std::string folder;  // of the files that the sweep names
  std::string name;    // of a sweep without one; empty: it must have one
};

Sweep sweep_of(const std::string& text, const Origin& origin, const std::vector<std::string>& overrides,
               DatasetCache* datasets) {
  const Source source = Source::file(origin.shown);
  Draft draft;
  draft.name = origin.name;
  read_document(parse_text(text, origin.shown, source), source, draft);
  apply_overrides(overrides, draft);
  if (draft.name.empty())
    fail(source.at({}),
         "the sweep has no name, and no file to be named after; begin with name = \"my-sweep\"");
  expand_setting_lists(draft);
  check_family_axis(draft);
  resolve_aliases(draft);
  find_files(draft, origin.folder);

  Sweep sweep;
  sweep.name = draft.name;
  sweep.notes = draft.notes;
  sweep.base = standard_settings(family_of(draft));
  for (const auto& [key, value] : draft.fixed) find_key(key)->read(sweep.base, value.json);
  sweep.axes = make_axes(draft);
  const std::string top = source.at({});
  // The base is the first cell: so it is a valid cell, and a value that an axis replaces plays no part.
  sweep.base = settings_at(sweep, 0);
  DatasetCache own;
  std::ranges::move(check_cells(sweep, draft, top, datasets == nullptr ? own : *datasets),
                    std::back_inserter(sweep.notes));
  return sweep;
}

/// The text of a sweep, or the beginning of a text that is longer than any sweep.
std::string read_whole(std::istream& in, const std::string& shown) {
  std::string text(largest_file + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) fail(shown, "cannot be read; check the disk and try again");
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

}  // namespace

Sweep parse_sweep(const std::string& text, const std::string& path, const std::vector<std::string>& overrides,
                  DatasetCache* datasets) {
  check_path_text(path);
  return sweep_of(text, {path, std::filesystem::path(path).parent_path().string(), default_name(path)},
                  overrides, datasets);
}

Sweep read_sweep(std::istream& in, const std::vector<std::string>& overrides, DatasetCache* datasets) {
  constexpr const char* shown = "standard input";
  return sweep_of(read_whole(in, shown), {shown, "", ""}, overrides, datasets);
}

Sweep read_sweep(const std::string& path, const std::vector<std::string>& overrides, DatasetCache* datasets) {
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
  return parse_sweep(read_whole(file, shown), path, overrides, datasets);
}

}  // namespace modsweep
