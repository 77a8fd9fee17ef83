#include "cli/stacked_weights.h"

#include "cli/cell_conditions.h"
#include "cli/network_tensors.h"
#include "core/formats.h"
#include "core/text.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "modsweep/store.h"

namespace modsweep::cli {
namespace {

using nlohmann::json;

/// Settings of networks by column: those that all have in common once, the others with a value for each
/// network.
class SettingColumns {
 public:
  void add(const json& settings) {
    if (networks_++ == 0) {
      common_ = settings;
      return;
    }
    for (auto one = common_.begin(); one != common_.end();) {
      const auto here = settings.find(one.key());
      if (here != settings.end() && *here == one.value()) {
        ++one;
        continue;
      }
      varied_[one.key()].assign(networks_ - 1, one.value());
      one = common_.erase(one);
    }
    for (const auto& [key, value] : settings.items())
      if (!common_.contains(key)) varied_.try_emplace(key, networks_ - 1, json());
    for (auto& [key, values] : varied_) values.push_back(settings.value(key, json()));
  }

  [[nodiscard]] const json& common() const { return common_; }
  [[nodiscard]] const std::map<std::string, std::vector<json>>& varied() const { return varied_; }

 private:
  std::size_t networks_ = 0;
  json common_ = json::object();
  std::map<std::string, std::vector<json>> varied_;
};

struct SelectedNetwork {
  std::string id;
  std::optional<std::size_t> file = {};  ///< the store with its weights
  std::size_t form = 0;                  ///< where it has weights: their precision and shape
};

/// The networks of some stores that meet conditions.
class Selection {
 public:
  explicit Selection(const std::vector<std::string>& conditions)
      : conditions_(conditions), any_status_(conditions_.has("status")) {}

  void add(const Store& store, std::size_t file) {
    store.read_rows(Table::cells, {"cell", "sweep", "status", "engine", "device", "settings"},
                    [&](std::span<const std::string> row) { add_cell(row); });
    store.read_kept_weights([&](const Store::KeptWeights& kept) {
      const auto found = position_.find(kept.cell_id);
      if (found == position_.end()) return;
      SelectedNetwork& network = networks_[found->second];
      if (network.file) {
        again_.emplace_back(found->second, file);
        return;
      }
      network.file = file;
      network.form = form_of(kept);
    });
    for (const std::string& key : store.varied_keys())
      if (std::ranges::find(key_order_, key) == key_order_.end()) key_order_.push_back(key);
  }

  /// Throws InputError unless there are networks to write, all of one form. `path` names the stores.
  void check(const std::string& path) const {
    if (networks_.empty()) {
      const std::string unmet = conditions_.unmet();
      throw InputError(fmt::format("{}: no finished network {}{}; see what is there with: modsweep export {}",
                                   path, unmet.empty() ? "is there" : "meets the conditions: ", unmet, path));
    }
    const auto kept = order();
    if (kept.empty())
      throw InputError(fmt::format(
          "{}: the weights of these networks were not kept; run their sweep with measure.weights = true into "
          "another store",
          path));
    std::map<std::size_t, std::size_t> count;  // by form
    for (const std::size_t n : kept) ++count[networks_[n].form];
    if (count.size() == 1) return;
    std::vector<std::string> texts;
    for (const auto& [form, networks] : count)
      texts.push_back(fmt::format("{} of {} {}", networks, forms_[form].second.text(), forms_[form].first));
    std::vector<std::string> keys;
    for (const auto& [key, values] : columns_.varied())
      if (key.starts_with("network.") || key == "task.inputs" || key == "task.kind" ||
          key == "training.precision")
        keys.push_back(key);
    throw InputError(
        fmt::format("{}: networks of different shapes or precisions cannot be stacked ({}); choose one with "
                    "--where, by {}",
                    path, one_line(fmt::format("{}", fmt::join(texts, ", ")), 200), fmt::join(keys, " or ")));
  }

  /// Positions of the networks that have weights, by their varied settings, then by id.
  [[nodiscard]] std::vector<std::size_t> order() const {
    std::vector<std::size_t> positions;
    for (std::size_t n = 0; n < networks_.size(); ++n)
      if (networks_[n].file) positions.push_back(n);
    std::vector<const std::vector<json>*> by;
    for (const std::string& key : key_order_)
      if (const auto column = columns_.varied().find(key); column != columns_.varied().end())
        by.push_back(&column->second);
    std::ranges::sort(positions, [&](std::size_t a, std::size_t b) {
      for (const auto* values : by)
        if ((*values)[a] != (*values)[b]) return (*values)[a] < (*values)[b];
      return networks_[a].id < networks_[b].id;
    });
    return positions;
  }

  [[nodiscard]] std::map<std::string, std::string> metadata(std::span<const std::size_t> order) const {
    json cells = json::array();
    json varied = json::object();
    for (const std::size_t n : order) cells.push_back(shown_id(networks_[n].id));
    for (const auto& [key, values] : columns_.varied()) {
      json& column = varied[key] = json::array();
      for (const std::size_t n : order) column.push_back(values[n]);
    }
    return {{"format", "pt"},
            {"cells", cells.dump()},
            {"settings", columns_.common().dump()},
            {"varied", varied.dump()},
            {"shape", forms_[networks_[order.front()].form].second.text()}};
  }

  /// What was left out, a line each; `written`: networks that have weights.
  [[nodiscard]] std::vector<std::string> notes(std::size_t written) const {
    std::vector<std::string> lines;
    const auto left_out = [&](std::size_t count, const char* why) {
      if (count > 0)
        lines.push_back(
            fmt::format("left out: {}, {}", format_plural(static_cast<double>(count), "network"), why));
    };
    left_out(diverged_, "diverged (--where status=diverged takes those)");
    left_out(running_, "not finished");
    left_out(networks_.size() - written, "their weights were not kept (measure.weights = false)");
    return lines;
  }

  [[nodiscard]] const SelectedNetwork& network(std::size_t position) const { return networks_[position]; }
  [[nodiscard]] const Shape& shape(std::size_t position) const {
    return forms_[networks_[position].form].second;
  }
  [[nodiscard]] bool varies(const std::string& key) const { return columns_.varied().contains(key); }
  /// Networks whose weights a further store has, too: their positions, and that store.
  [[nodiscard]] const std::vector<std::pair<std::size_t, std::size_t>>& again() const { return again_; }

 private:
  void add_cell(std::span<const std::string> row) {
    const std::string id(bare_id(json::parse(row[0]).get<std::string>()));
    if (position_.contains(id)) return;
    json cell = json::parse(row[5]);
    cell["cell"] = shown_id(id);
    cell["sweep"] = json::parse(row[1]);
    cell["status"] = json::parse(row[2]);
    cell["engine"] = json::parse(row[3]);
    cell["device"] = json::parse(row[4]);
    if (!conditions_.met_by(cell)) return;
    if (cell["status"] == "running") {
      ++running_;
      return;
    }
    if (cell["status"] == "diverged" && !any_status_) {
      ++diverged_;
      return;
    }
    cell.erase("cell");
    position_.emplace(id, networks_.size());
    networks_.push_back({id});
    columns_.add(cell);
  }

  std::size_t form_of(const Store::KeptWeights& kept) {
    const std::pair form(kept.dtype, kept.shape);
    const auto known = std::ranges::find(forms_, form);
    if (known != forms_.end()) return static_cast<std::size_t>(known - forms_.begin());
    forms_.push_back(form);
    return forms_.size() - 1;
  }

  CellConditions conditions_;
  bool any_status_;
  std::vector<std::string> key_order_;
  std::vector<SelectedNetwork> networks_;
  std::unordered_map<std::string, std::size_t> position_;
  std::vector<std::pair<std::size_t, std::size_t>> again_;
  std::vector<std::pair<std::string, Shape>> forms_;  // dtype, shape
  SettingColumns columns_;
  std::size_t diverged_ = 0;
  std::size_t running_ = 0;
};

/// Throws InputError if two stores have different weights of a network.
void check_same(const Selection& selection, const std::vector<std::string>& files,
                std::span<const Store> stores) {
  for (const auto& [position, file] : selection.again()) {
    const SelectedNetwork& network = selection.network(position);
    if (stores[*network.file].weights(network.id).weights.values !=
        stores[file].weights(network.id).weights.values)
      throw InputError(fmt::format("{} and {} have different weights of cell {}; name one of them",
                                   files[*network.file], files[file], shown_id(network.id)));
  }
}

/// The scales of the networks' columns as JSON, once where all have the same; empty: none has any.
std::string scaling_of(const Selection& selection, std::span<const std::size_t> order,
                       std::span<const Store> stores) {
  std::vector<std::string> scalings;
  for (const std::size_t position : order) {
    const SelectedNetwork& network = selection.network(position);
    const std::string scaling = stores[*network.file].weights(network.id).scaling;
    if (scaling.empty() && !selection.varies("task.scale")) return {};
    scalings.push_back(scaling.empty() ? "null" : scaling);
  }
  if (std::ranges::all_of(scalings, [&](const std::string& one) { return one == scalings.front(); }))
    return scalings.front();
  return fmt::format("[{}]", fmt::join(scalings, ","));
}

}  // namespace

StackedWeights write_stacked_weights(const std::vector<std::string>& files,
                                     const std::vector<std::string>& conditions,
                                     const std::string& output_path, std::ostream& err) {
  Selection selection(conditions);
  std::vector<Store> stores;
  for (const std::string& file : files) {
    stores.emplace_back(file, Store::Access::read_only);
    selection.add(stores.back(), stores.size() - 1);
  }
  selection.check(files.size() == 1 ? files.front()
                                    : fmt::format("{} and {} more", files.front(), files.size() - 1));
  check_same(selection, files, stores);
  const std::vector<std::size_t> order = selection.order();
  const auto read = [&](std::size_t position) {
    const SelectedNetwork& network = selection.network(position);
    return network_tensors(stores[*network.file].weights(network.id));
  };
  auto metadata = selection.metadata(order);
  if (std::string scaling = scaling_of(selection, order, stores); !scaling.empty())
    metadata["scaling"] = std::move(scaling);
  const auto first = read(order.front());
  StackedSafetensors output(output_path, first, order.size(), metadata, files);
  for (const std::size_t position : order) output.add(read(position));
  output.commit();
  for (const std::string& note : selection.notes(order.size())) fmt::print(err, "{}\n", note);
  const Shape& shape = selection.shape(order.front());
  const std::string name = shape.family == Family::recurrent ? "W_R0" : "W0";
  return {order.size(), shape, name, first.at(name).shape};
}

}  // namespace modsweep::cli
