#include "config/toml_values.h"

#include "core/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr std::uint64_t most_points = 10000;  // more are the same code again, and half a minute for one input
#else
constexpr std::uint64_t most_points = 1000000;
#endif

std::string describe(const toml::node& node) {
  if (const auto* text = node.as_string()) return fmt::format("the string \"{}\"", one_line(text->get(), 40));
  if (const auto* integer = node.as_integer()) return fmt::format("the integer {}", integer->get());
  if (const auto* number = node.as_floating_point()) {
    const std::string text = fmt::format("{}", number->get());
    const bool whole = std::isfinite(number->get()) && text.find_first_of(".e") == std::string::npos;
    return fmt::format("the number {}{}", text, whole ? ".0" : "");
  }
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  if (node.is_array()) return "a list";
  if (node.is_table()) return "a table";
  return "a date or time";
}

/// ", as 10000" for a float without a fraction.
std::string as_whole_number(double value) {
  if (std::round(value) != value || std::fabs(value) > 1e15) return {};
  return fmt::format(", as {:.0f}", value);
}

[[noreturn]] void fail_type(const toml::node& node, const KeyInfo& key, const Source& source) {
  std::string hint;
  if (node.is_array() && !is_list(key.kind))
    hint = fmt::format(" here, or vary it under [axes] as \"{}\" = [...]", key.name);
  else if (node.is_floating_point() && key.kind == ValueKind::integer)
    hint = fmt::format(" without a decimal point or exponent{}",
                       as_whole_number(node.as_floating_point()->get()));
  fail(source.at(node.source()),
       fmt::format("{} is {}; give {}{}", key.name, describe(node), key.type(), hint));
}

[[noreturn]] void fail_limits(const std::string& location, const KeyInfo& key, std::string_view value) {
  const char* verb = key.kind == ValueKind::integer_list ? "holds" : "=";
  fail(location, fmt::format("{} {} {}, which is out of range; give {}", key.name, verb, value, key.type()));
}

std::string integer_json(std::int64_t value, const KeyInfo& key, const std::string& location) {
  if (!key.limits.contains(static_cast<double>(value))) fail_limits(location, key, std::to_string(value));
  return std::to_string(value);
}

std::string number_json(double value, const KeyInfo& key, const std::string& location) {
  std::string json;
  append_json(json, value);
  if (!std::isfinite(value) || !key.limits.contains(value)) fail_limits(location, key, json);
  return json;
}

std::string text_json(const std::string& text, const KeyInfo& key, const std::string& location) {
  if (!is_plain_name(text))
    fail(location, fmt::format("{} = \"{}\" is no name; give {}", key.name, one_line(text, 40), key.type()));
  return '"' + text + '"';
}

std::string line_json(const std::string& text, const KeyInfo& key, const std::string& location) {
  if (!is_plain_line(text))
    fail(location, fmt::format("{} has the text \"{}\"; give {}", key.name, one_line(text, 40), key.type()));
  return '"' + text + '"';
}

std::string choice_json(const std::string& text, const KeyInfo& key, const std::string& location) {
  const bool known = std::ranges::find(key.choices, text) != key.choices.end() ||
                     std::ranges::find(key.aliases, text, &ChoiceAlias::name) != key.aliases.end();
  if (!known)
    fail(location, fmt::format("{} = \"{}\" is unknown; {}", key.name, one_line(text, 40),
                               unknown_choice_remedy(text, key)));
  return '"' + text + '"';
}

std::string list_json(const toml::array& list, const KeyInfo& key, const Source& source) {
  if (list.size() < key.shortest || list.size() > key.longest)
    fail(source.at(list.source()),
         fmt::format("{} has {} entries; give {}", key.name, list.size(), key.type()));
  std::string json = "[";
  for (const toml::node& entry : list) {
    if (entry.is_array())
      fail(source.at(entry.source()),
           fmt::format("{} holds a list; give {}, or vary it under [axes] as a list of lists", key.name,
                       key.type()));
    const bool fits = key.kind == ValueKind::integer_list ? entry.is_integer() : entry.is_string();
    if (!fits) fail_type(entry, key, source);
    if (json.size() > 1) json += ',';
    const std::string location = source.at(entry.source());
    json += key.kind == ValueKind::integer_list ? integer_json(entry.as_integer()->get(), key, location)
                                                : line_json(entry.as_string()->get(), key, location);
  }
  return json + ']';
}

// ---- Axes in a table.

bool is_random(std::string_view kind) {
  return kind == "uniform" || kind == "loguniform";
}

void check_count(std::uint64_t points, const KeyInfo& key, const std::string& location) {
  if (points == 0) fail(location, fmt::format("the axis {} is empty; give it at least one value", key.name));
  if (points > most_points)
    fail(location,
         fmt::format("the axis {} has {} values, more than {}; shorten it", key.name, points, most_points));
}

/// How a spaced axis is written; with the numbers of a list of three, as Python's range(0, 10, 2) and NumPy's
/// linspace(0, 1, 5) take them.
std::string form_text(std::string_view name, const toml::array* numbers = nullptr) {
  const bool range = name == "range";
  const char* extra = range ? "step" : "count";
  if (numbers != nullptr && numbers->size() == 3) {
    const auto text = [&](std::size_t i) {
      const auto value = numbers->get(i)->value<double>();
      return value ? fmt::format("{}", *value) : std::string("n");
    };
    return fmt::format("{{ {} = [{}, {}], {} = {} }}{}", name, text(0), text(1), extra, text(2),
                       range ? ", without the end" : "");
  }
  return fmt::format("{{ {} = [first, {}], {} = n }}", name, range ? "end" : "last", extra);
}

const toml::array& ends_of(const toml::table& form, std::string_view name, const KeyInfo& key,
                           const Source& source) {
  const toml::node& node = *form.get(name);
  const auto* ends = node.as_array();
  if (ends == nullptr || ends->size() != 2)
    fail(source.at(node.source()),
         fmt::format("{} of the axis {} is not a pair; write {}", name, key.name, form_text(name, ends)));
  return *ends;
}

std::int64_t integer_of(const toml::node& node, std::string_view what, const KeyInfo& key,
                        const Source& source) {
  if (!node.is_integer())
    fail(source.at(node.source()),
         fmt::format("{} of the axis {} is {}; give an integer{}", what, key.name, describe(node),
                     what == "count" ? "" : ", or use " + form_text("linspace")));
  return node.as_integer()->get();
}

double number_of(const toml::node& node, std::string_view what, const KeyInfo& key, const Source& source) {
  const auto value = node.value<double>();
  if (!(node.is_integer() || node.is_floating_point()) || !value || !std::isfinite(*value))
    fail(source.at(node.source()),
         fmt::format("{} of the axis {} is {}; give a finite number", what, key.name, describe(node)));
  return *value;
}

std::string point_json(double value, const KeyInfo& key, const std::string& location) {
  if (key.kind != ValueKind::integer) return number_json(value, key, location);
  if (!key.limits.contains(std::round(value))) fail_limits(location, key, fmt::format("{}", value));
  return integer_json(static_cast<std::int64_t>(std::round(value)), key, location);
}

std::vector<std::string> range_points(const toml::table& form, const KeyInfo& key, const Source& source) {
  const toml::array& ends = ends_of(form, "range", key, source);
  const std::int64_t first = integer_of(*ends.get(0), "range", key, source);
  const std::int64_t last = integer_of(*ends.get(1), "range", key, source);
  std::int64_t step = 1;
  if (const toml::node* node = form.get("step")) {
    step = integer_of(*node, "step", key, source);
    if (step == 0)
      fail(source.at(node->source()),
           fmt::format("step of the axis {} is 0; give an integer other than 0", key.name));
  }
  // Unsigned, because differences of 64-bit integers overflow.
  const bool forward = step > 0 ? first < last : first > last;
  const auto from = static_cast<std::uint64_t>(first);
  const auto to = static_cast<std::uint64_t>(last);
  const auto stride = static_cast<std::uint64_t>(step);
  const std::uint64_t distance = !forward ? 0 : step > 0 ? to - from : from - to;
  const std::uint64_t size = step > 0 ? stride : 0 - stride;
  const std::string location = source.at(ends.source());
  const std::uint64_t count = distance / size + (distance % size != 0 ? 1 : 0);
  if (count == 0)
    fail(location,
         fmt::format("the axis {} is empty: range = [{}, {}] with step {} holds nothing; {}", key.name, first,
                     last, step,
                     first == last ? "the second number is left out, so widen the range"
                                   : fmt::format("from {} to {} the step is {}", first, last,
                                                 first > last ? "negative, as step = -1" : "positive")));
  check_count(count, key, location);
  std::vector<std::string> points;
  points.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto value = static_cast<std::int64_t>(from + i * stride);
    points.push_back(key.kind == ValueKind::integer ? integer_json(value, key, location)
                                                    : number_json(static_cast<double>(value), key, location));
  }
  return points;
}

/// The number of points of an axis from one end to another.
std::int64_t count_of(const toml::table& form, std::string_view kind, std::int64_t least, const KeyInfo& key,
                      const Source& source) {
  const toml::node* node = form.get("count");
  if (node == nullptr)
    fail(source.at(form.source()),
         fmt::format("the axis {} has no count; write {}", key.name, form_text(kind)));
  const std::int64_t count = integer_of(*node, "count", key, source);
  if (count < least)
    fail(source.at(node->source()), fmt::format("count of the axis {} is {}; give at least {}{}", key.name,
                                                count, least, least == 2 ? " (both ends)" : ""));
  check_count(static_cast<std::uint64_t>(count), key, source.at(node->source()));
  return count;
}

std::vector<std::string> spaced_points(const toml::table& form, bool logarithmic, const KeyInfo& key,
                                       const Source& source) {
  const char* name = logarithmic ? "logspace" : "linspace";
  const toml::array& ends = ends_of(form, name, key, source);
  const double first = number_of(*ends.get(0), name, key, source);
  const double last = number_of(*ends.get(1), name, key, source);
  const std::string location = source.at(ends.source());
  if (logarithmic && (first <= 0 || last <= 0))
    fail(location, fmt::format("logspace of the axis {} has an end that is not positive; both ends are "
                               "values, not exponents of 10: give numbers above 0, or use linspace",
                               key.name));
  const std::int64_t count = count_of(form, name, 2, key, source);
  std::vector<std::string> points;
  points.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(count - 1);
    const double value =
        logarithmic ? std::exp((1 - t) * std::log(first) + t * std::log(last)) : (1 - t) * first + t * last;
    points.push_back(point_json(i == 0           ? first
                                : i == count - 1 ? last
                                                 : round_to_12_digits(value),
                                key, location));
  }
  return points;
}

/// The kind of an axis that is a table; it has no other keys than those of that kind.
std::string_view form_of(const toml::table& form, const KeyInfo& key, const Source& source) {
  constexpr const char* forms =
      "write { range = [first, end], step = n }, { linspace = [first, last], count = n }, "
      "{ logspace = [first, last], count = n }, { uniform = [least, most], count = n, seed = s } or "
      "{ loguniform = [least, most], count = n, seed = s }";
  std::string_view kind;
  for (const std::string_view name : axis_forms) {
    if (!form.contains(name)) continue;
    if (!kind.empty())
      fail(source.at(form.source()),
           fmt::format("the axis {} has both {} and {}; {}", key.name, kind, name, forms));
    kind = name;
  }
  if (kind.empty())
    fail(source.at(form.source()), fmt::format("the axis {} is a table without values; {}", key.name, forms));
  const std::string_view extra = kind == "range" ? "step" : "count";
  for (const auto& [name, node] : form) {
    if (name.str() != kind && name.str() != extra && !(is_random(kind) && name.str() == "seed"))
      fail(source.at(name.source()), fmt::format("unknown key {} beside {} in the axis {}; {}",
                                                 one_line(name.str()), kind, key.name, forms));
  }
  if (key.kind != ValueKind::integer && key.kind != ValueKind::number)
    fail(source.at(form.source()),
         fmt::format("the axis {} takes no {}; list its values, each {}", key.name, kind, key.type()));
  return kind;
}

std::vector<std::string> table_points(const toml::table& form, const KeyInfo& key, const Source& source) {
  const std::string_view kind = form_of(form, key, source);
  if (kind == "range") return range_points(form, key, source);
  return spaced_points(form, kind == "logspace", key, source);
}

/// An end of a random axis: within the limits of the key, and whole for an integer.
double random_end(const toml::node& node, std::string_view kind, const KeyInfo& key, const Source& source) {
  const double value = key.kind == ValueKind::integer
                           ? static_cast<double>(integer_of(node, kind, key, source))
                           : number_of(node, kind, key, source);
  if (!key.limits.contains(value)) fail_limits(source.at(node.source()), key, fmt::format("{}", value));
  return value;
}

}  // namespace

double round_to_12_digits(double value) {
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, 11).ptr;
  std::from_chars(buffer, end, value);
  return value;
}

std::vector<std::pair<const toml::key*, const toml::node*>> in_file_order(const toml::table& table) {
  std::vector<std::pair<const toml::key*, const toml::node*>> entries;
  for (const auto& [key, node] : table) entries.emplace_back(&key, &node);
  std::ranges::stable_sort(entries, [](const auto& a, const auto& b) {
    const auto& x = a.first->source().begin;
    const auto& y = b.first->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  });
  return entries;
}

Source::Source(std::string_view text, bool is_file)
    : text_(one_line(text, is_file ? 4096 : 80)), is_file_(is_file) {}

std::string Source::at(const toml::source_region& region) const {
  if (!is_file_) return "--set " + text_;
  const auto line = std::max<toml::source_index>(region.begin.line, 1);
  const auto column = std::max<toml::source_index>(region.begin.column, 1);
  return fmt::format("{}:{}:{}", text_, line, column);
}

void fail(const std::string& location, const std::string& what) {
  throw InputError(location + ": " + what);
}

std::string syntax_message(const toml::parse_error& error) {
  std::string_view what = error.description();
  if (constexpr std::string_view opening = "Error while parsing "; what.starts_with(opening))
    what.remove_prefix(opening.size());
  const auto says = [&](std::string_view word) { return what.find(word) != std::string_view::npos; };
  const char* remedy = "check the quotes (texts need them), brackets and commas here";
  if (says("redefine")) remedy = "keep one of the two";
  if (says("utf-8") || says("UTF-8")) remedy = "save the file as UTF-8";
  if (says("representable")) remedy = "give a smaller number";
  return fmt::format("not TOML: {}; {}", one_line(what, 300), remedy);
}

std::string value_json(const toml::node& node, const KeyInfo& key, const Source& source) {
  const std::string location = source.at(node.source());
  switch (key.kind) {
    case ValueKind::boolean:
      if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
      break;
    case ValueKind::integer:
      if (const auto* value = node.as_integer()) return integer_json(value->get(), key, location);
      break;
    case ValueKind::number:
      if (const auto* value = node.as_floating_point()) return number_json(value->get(), key, location);
      if (const auto* value = node.as_integer())
        return number_json(static_cast<double>(value->get()), key, location);
      break;
    case ValueKind::text:
      if (const auto* value = node.as_string()) return text_json(value->get(), key, location);
      break;
    case ValueKind::choice:
      if (const auto* value = node.as_string()) return choice_json(value->get(), key, location);
      break;
    case ValueKind::line:
      if (const auto* value = node.as_string()) return line_json(value->get(), key, location);
      break;
    case ValueKind::integer_list:
    case ValueKind::line_list:
      if (const auto* value = node.as_array()) return list_json(*value, key, source);
      break;
  }
  fail_type(node, key, source);
}

std::optional<RandomAxis> random_axis(const toml::node& node, const KeyInfo& key, const Source& source) {
  const auto* form = node.as_table();
  if (form == nullptr) return std::nullopt;
  const std::string_view kind = form_of(*form, key, source);
  if (!is_random(kind)) return std::nullopt;
  const toml::array& ends = ends_of(*form, kind, key, source);
  RandomAxis axis{.key = &key,
                  .logarithmic = kind == "loguniform",
                  .low = random_end(*ends.get(0), kind, key, source),
                  .high = random_end(*ends.get(1), kind, key, source),
                  .count = static_cast<std::uint64_t>(count_of(*form, kind, 1, key, source)),
                  .location = source.at(form->get("count")->source())};
  if (axis.low >= axis.high)
    fail(source.at(ends.source()),
         fmt::format("{} of the axis {} goes from {} to {}; give the lower end first", kind, key.name,
                     axis.low, axis.high));
  if (axis.logarithmic && axis.low <= 0)
    fail(source.at(ends.source()),
         fmt::format("loguniform of the axis {} has an end that is not positive; both ends "
                     "must be above 0, or use uniform",
                     key.name));
  if (const toml::node* seed = form->get("seed")) {
    const std::int64_t value = integer_of(*seed, "seed", key, source);
    if (value < 0 || value > UINT32_MAX)
      fail(source.at(seed->source()), fmt::format("seed of the axis {} is {}; give an integer from 0 to {}",
                                                  key.name, value, UINT32_MAX));
    axis.seed = static_cast<std::uint32_t>(value);
  }
  return axis;
}

bool is_axis(const toml::node& node, const KeyInfo& key) {
  if (node.is_table()) return true;
  const auto* list = node.as_array();
  if (list == nullptr) return false;
  if (!is_list(key.kind)) return true;
  return std::ranges::any_of(*list, [](const toml::node& entry) { return entry.is_array(); });
}

std::vector<std::string> axis_json(const toml::node& node, const KeyInfo& key, const Source& source) {
  if (const auto* form = node.as_table()) return table_points(*form, key, source);
  const std::string location = source.at(node.source());
  const auto* list = node.as_array();
  if (list == nullptr)
    fail(location, fmt::format("the axis {} is {}; give a list of values, or move it to [{}]", key.name,
                               describe(node), key.section()));
  check_count(list->size(), key, location);
  std::vector<std::string> points;
  points.reserve(list->size());
  for (const toml::node& entry : *list) {
    if (is_list(key.kind) && !entry.is_array())
      fail(source.at(entry.source()),
           fmt::format(
               "the axis {} holds {}; its values are lists, as in {}", key.name, describe(entry),
               key.kind == ValueKind::integer_list ? "[[32, 32], [64, 64]]" : "[[\"a\", \"b\"], [\"c\"]]"));
    points.push_back(value_json(entry, key, source));
  }
  return points;
}

}  // namespace modsweep
