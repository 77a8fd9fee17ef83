// Reads a sweep file, key by key.
#include "config/draft.h"
#include "config/setting_lists.h"
#include "core/synonyms.h"
#include "core/text.h"

#include <algorithm>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

bool is_section(std::string_view name) {
  return std::ranges::binary_search(setting_sections(), name);
}

class FileReader {
 public:
  FileReader(Source source, Draft& draft) : source_(std::move(source)), draft_(draft) {}

  void read(const toml::table& document) {
    for (const auto& [key, node] : in_file_order(document)) {
      const std::string_view name = key->str();
      if (name == "name")
        read_name(*node);
      else if (name == "zip")
        read_zips(*node);
      else if (name == "axes")
        read_axes(*node);
      else if (is_section(name))
        read_section(name, *node);
      else
        fail(source_.at(key->source()), unknown_top_level(name, node->is_table()));
    }
    for (const auto& [name, location] : zipped_)
      if (find_key(name) == nullptr && draft_.axis(name) == nullptr)
        fail(location, fmt::format("unknown key {} in zip{}", one_line(name), unknown_key_remedy(name)));
  }

 private:
  static std::string unknown_top_level(std::string_view name, bool is_table) {
    if (find_key(name) != nullptr)
      return fmt::format("\"{}\" in quotes stands only under [axes]; write {} without quotes", name, name);
    const auto tables = synonyms_of(name, section_synonyms());
    if (is_table && !tables.empty())
      return fmt::format("unknown key {}; {}", one_line(name), did_you_mean(tables));
    std::vector<std::string_view> known = {"name", "axes", "zip"};
    known.insert(known.end(), setting_sections().begin(), setting_sections().end());
    const bool setting = !synonyms_of(name, setting_synonyms()).empty();
    const auto best = nearest(name, known);
    return fmt::format(
        "unknown key {}{}", one_line(name),
        best && !setting ? fmt::format("; did you mean {}?", *best) : unknown_key_remedy(name));
  }

  void read_name(const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr) fail(source_.at(node.source()), "name is no string; write name = \"my-sweep\"");
    draft_.name = text->get();
    if (!is_plain_name(draft_.name))
      fail(source_.at(node.source()),
           fmt::format("name = \"{}\" is no name; use 1 to 100 letters, digits, '.', '_' and '-'",
                       one_line(draft_.name, 40)));
  }

  void read_section(std::string_view section, const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr)
      fail(source_.at(node.source()),
           fmt::format("{} is a table of settings; write [{}] on a line and its keys below", section,
                       section));
    for (const auto& [key, value] : in_file_order(*table)) {
      const std::string name = fmt::format("{}.{}", section, key->str());
      const KeyInfo* info = find_key(name);
      if (info == nullptr)
        fail(source_.at(key->source()),
             fmt::format("unknown key {}{}", one_line(name), unknown_key_remedy(name)));
      draft_.fixed[name] = {value_json(*value, *info, source_), source_.at(value->source())};
    }
  }

  void read_axes(const toml::node& node) {
    const auto* table = node.as_table();
    if (table == nullptr)
      fail(source_.at(node.source()),
           "axes is a table; write [axes] on a line and lines like \"noise.strength\" = [0.1, 0.2] below");
    for (const auto& [key, value] : in_file_order(*table)) {
      const std::string_view name = key->str();
      const auto* inner = value->as_table();
      const bool form = inner != nullptr && std::ranges::any_of(axis_forms, [&](std::string_view kind) {
                          return inner->contains(kind);
                        });
      if (name == "zip") {
        read_zips(*value);
      } else if (is_section(name) && inner != nullptr && !form) {  // noise.strength without quotes
        for (const auto& [leaf, points] : in_file_order(*inner))
          read_axis(fmt::format("{}.{}", name, leaf->str()), *leaf, *points);
      } else {
        read_axis(std::string(name), *key, *value);
      }
    }
  }

  void read_axis(const std::string& name, const toml::key& key, const toml::node& node) {
    const std::string location = source_.at(key.source());
    if (is_section(name))
      fail(location, fmt::format("{} is a table and cannot be an axis; name one of its keys: {}", name,
                                 leaves_of(name)));
    const KeyInfo* info = find_key(name);
    const bool list = info == nullptr && is_setting_list_name(name) && is_setting_list(node);
    if (info == nullptr && !list)
      fail(location, fmt::format("unknown axis {}{}", one_line(name), unknown_key_remedy(name)));
    if (draft_.axis(name) != nullptr)
      fail(location, fmt::format("the axis {} is there twice; keep one", name));
    draft_.axes.push_back(list ? read_setting_list(name, node, source_, location)
                               : axis_along(*info, node, source_, location));
  }

  static std::string leaves_of(std::string_view section) {
    std::string leaves;
    for (const KeyInfo& key : setting_keys())
      if (key.section() == section) leaves += fmt::format("{}\"{}\"", leaves.empty() ? "" : ", ", key.name);
    return leaves;
  }

  void read_zips(const toml::node& node) {
    constexpr const char* form = "write zip = [[\"noise.strength\", \"noise.exponent\"]]";
    const std::string location = source_.at(node.source());
    if (!draft_.zips.empty()) fail(location, "zip is there twice; put all groups into one list");
    const auto* groups = node.as_array();
    if (groups == nullptr || groups->empty())
      fail(location, fmt::format("zip is no list of groups; {}", form));
    for (const toml::node& group_node : *groups) {
      const std::string group_location = source_.at(group_node.source());
      const auto* group = group_node.as_array();
      if (group == nullptr || group->size() < 2)
        fail(group_location,
             fmt::format("zip holds something else than groups of two or more keys; {}", form));
      Zip zip{{}, group_location};
      for (const toml::node& entry : *group) {
        const auto* key = entry.as_string();
        if (key == nullptr)
          fail(source_.at(entry.source()), fmt::format("a zip group holds names of axes; {}", form));
        zipped_.emplace_back(key->get(), source_.at(entry.source()));
        const auto used = [&](const Zip& other) { return std::ranges::count(other.keys, key->get()) > 0; };
        if (used(zip) || std::ranges::any_of(draft_.zips, used))
          fail(source_.at(entry.source()),
               fmt::format("{} is in zip twice; leave it in one group", key->get()));
        zip.keys.push_back(key->get());
      }
      draft_.zips.push_back(std::move(zip));
    }
  }

  Source source_;
  Draft& draft_;
  std::vector<std::pair<std::string, std::string>> zipped_;  // names in zip and their locations
};

}  // namespace

AxisDraft axis_along(const KeyInfo& key, const toml::node& node, const Source& source,
                     const std::string& location) {
  AxisDraft axis{.name = std::string(key.name), .key = &key, .points = {}, .location = location};
  axis.random = random_axis(node, key, source);
  axis.points = axis.random ? axis.random->points(false) : axis_json(node, key, source);
  return axis;
}

Family family_of(const Draft& draft) {
  CellSettings settings;
  if (const auto given = draft.fixed.find("network.family"); given != draft.fixed.end())
    (void)find_key("network.family")->read(settings, given->second.json);
  return settings.network.family;
}

void read_document(const toml::table& document, const Source& source, Draft& draft) {
  FileReader(source, draft).read(document);
}

}  // namespace modsweep
