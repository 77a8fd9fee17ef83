#include "store/commit.h"

#include "store/row_hash.h"
#include "store/row_writer.h"
#include "store/weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

// Statements are used again and again, also after a failure: leaves them ready in any case.
class Use {
 public:
  explicit Use(SQLite::Statement& statement) : statement_(statement) {}
  ~Use() {
    statement_.tryReset();
    try {
      statement_.clearBindings();
    } catch (const SQLite::Exception&) {  // only a closed statement refuses
    }
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

 private:
  SQLite::Statement& statement_;
};

template <typename Unsigned>
std::int64_t integer(Unsigned value) {
  return static_cast<std::int64_t>(value);
}

const char* status_name(CellStatus status) {
  switch (status) {
    case CellStatus::running:
      return "running";
    case CellStatus::done:
      return "done";
    case CellStatus::diverged:
      break;
  }
  return "diverged";
}

std::string settings_json(const Cell& cell) {
  std::string json = "{";
  for (const auto& setting : cell.varied) {
    if (json.size() > 1) json += ',';
    json += json_text(setting.key) + ":" + setting.json;
  }
  return json + "}";
}

std::string json_list(const std::vector<double>& values) {
  fmt::memory_buffer text;
  text.push_back('[');
  for (const double value : values) {
    if (text.size() > 1) text.push_back(',');
    if (std::isfinite(value))
      fmt::format_to(std::back_inserter(text), "{}", value);
    else
      fmt::format_to(std::back_inserter(text), "null");
  }
  text.push_back(']');
  return fmt::to_string(text);
}

void check(const CellProgress& progress) {
  if (progress.cell == nullptr) throw LogicError("a commit of progress without its cell");
  const auto& id = progress.cell->id;
  if (id.size() != 16 || id.find_first_not_of("0123456789abcdef") != std::string::npos)
    throw LogicError(fmt::format("a commit of cell '{}', which is not 16 hex digits", id));
  if ((progress.status == CellStatus::diverged) != progress.diverged_at.has_value())
    throw LogicError(fmt::format("a commit of cell {} as {} {} a step of divergence", id,
                                 status_name(progress.status), progress.diverged_at ? "with" : "without"));
}

}  // namespace

/// A row on its way, and what the store has of it.
struct CellWriter::WrittenCell : CellRow {
  bool is_new = true;
  std::uint64_t old_hash = 0;
};

CellWriter::CellWriter(SQLite::Database& db)
    : find_(db,
            "SELECT num, hash, sweep, engine, device, seconds, settings, measurements_hash, layers_hash,"
            " eigenvalues_hash, weights_hash, checkpoint_hash FROM cells WHERE id = ?"),
      cell_(db),
      measurement_(
          db, "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      layer_(db, "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      eigenvalues_(db, "INSERT INTO eigenvalues VALUES (?, ?, ?, ?, ?, ?)"),
      checkpoint_(db, "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)"),
      forget_checkpoint_(db, "DELETE FROM checkpoints WHERE cell = ?"),
      weights_(db, "INSERT OR REPLACE INTO weights VALUES (?, ?, ?, ?)"),
      present_measurement_(db, "SELECT * FROM measurements WHERE cell = ? AND step = ?"),
      present_layers_(db, "SELECT * FROM layers WHERE cell = ? AND step = ?"),
      present_eigenvalues_(db, "SELECT * FROM eigenvalues WHERE cell = ? AND step = ?"),
      forget_layers_(db, "DELETE FROM layers WHERE cell = ? AND step = ?"),
      forget_eigenvalues_(db, "DELETE FROM eigenvalues WHERE cell = ? AND step = ?"),
      read_totals_(db, "SELECT cells, cells_hash, (SELECT coalesce(max(num), 0) FROM main.cells) FROM store"),
      write_totals_(db, "UPDATE store SET cells = ?, cells_hash = ?") {}

void CellWriter::read_totals() {
  Use use(read_totals_);
  read_totals_.executeStep();
  cells_ = read_totals_.getColumn(0).getInt64();
  cells_hash_ = static_cast<std::uint64_t>(read_totals_.getColumn(1).getInt64());
  last_num_ = read_totals_.getColumn(2).getInt64();
  counted_ = true;
}

void CellWriter::write_totals() {
  if (!counted_) return;  // nothing was written
  Use use(write_totals_);
  write_totals_.bind(1, cells_);
  write_totals_.bind(2, integer(cells_hash_));
  write_totals_.exec();
}

void CellWriter::write(std::int64_t sweep, std::int64_t run, const CellProgress& progress,
                       const std::string& engine, const std::string& device) {
  check(progress);
  if (!counted_) read_totals();
  const auto& settings = progress.cell->settings;
  WrittenCell row = find_row(progress.cell->id);
  if (row.is_new) {  // a cell that several sweeps share stays with the first, whose base its settings go with
    row.sweep = sweep;
    row.settings = settings_json(*progress.cell);
  }
  row.status = status_name(progress.status);
  row.step = integer(progress.step);
  if (progress.diverged_at) row.diverged_at = integer(*progress.diverged_at);
  row.device = devices_text(row.device, row.engine, device, engine);
  row.engine = engine;
  row.seconds += std::isfinite(progress.seconds) ? progress.seconds : 0.0;
  row.run = run;
  const auto gap = modules_sought(settings);
  for (const auto& measurement : progress.measurements) {
    write_measurement(row, measurement);
    write_layers(row, measurement, gap);
  }
  write_checkpoint(row, progress);
  if (progress.weights) write_weights(row, *progress.weights, settings.training.precision);
  write_row(row);
}

CellWriter::WrittenCell CellWriter::find_row(const std::string& id) {
  Use use(find_);
  WrittenCell row;
  row.id = id;
  find_.bind(1, id);
  if (!find_.executeStep()) {
    row.num = ++last_num_;
    ++cells_;
    return row;
  }
  const auto hash = [&](int column) {
    return static_cast<std::uint64_t>(find_.getColumn(column).getInt64());
  };
  const auto hash_if_any = [&](int column) -> std::optional<std::uint64_t> {
    if (find_.getColumn(column).isNull()) return std::nullopt;
    return hash(column);
  };
  row.is_new = false;
  row.num = find_.getColumn(0).getInt64();
  row.old_hash = hash(1);
  row.sweep = find_.getColumn(2).getInt64();
  row.engine = find_.getColumn(3).getString();
  row.device = find_.getColumn(4).getString();
  row.seconds = find_.getColumn(5).getDouble();
  row.settings = find_.getColumn(6).getString();
  row.measurements = hash(7);
  row.layers = hash(8);
  row.eigenvalues = hash(9);
  row.weights = hash_if_any(10);
  row.checkpoint = hash_if_any(11);
  return row;
}

void CellWriter::write_row(const WrittenCell& row) {
  cells_hash_ += cell_.write(row) - row.old_hash;
}

std::uint64_t CellWriter::present(SQLite::Statement& query, const WrittenCell& row, std::uint64_t step) {
  if (row.is_new) return 0;
  Use use(query);
  query.bind(1, row.num);
  query.bind(2, integer(step));
  std::uint64_t sum = 0;
  while (query.executeStep()) sum += hash_row(query, 1, query.getColumnCount());
  return sum;
}

void CellWriter::forget(SQLite::Statement& statement, const WrittenCell& row, std::uint64_t step) {
  if (row.is_new) return;
  Use use(statement);
  statement.bind(1, row.num);
  statement.bind(2, integer(step));
  statement.exec();
}

void CellWriter::write_measurement(WrittenCell& row, const Measurement& measurement) {
  row.measurements -= present(present_measurement_, row, measurement.step);
  Use use(measurement_);
  HashedRow bound(measurement_, 2);
  const auto& r = measurement.regularizers;
  measurement_.bind(1, row.num);
  bound.integer(0, integer(measurement.step));
  bound.real(1, measurement.train_loss);
  bound.real(2, measurement.test_loss);
  bound.real(3, measurement.noisy_test_loss);
  bound.real(4, r.l1);
  bound.real(5, r.l2);
  bound.real(6, r.weighted_activity);
  bound.real(7, r.activity);
  bound.real(8, r.l12);
  bound.real(9, r.l21);
  bound.real(10, measurement.path_leak);
  bound.real(11, measurement.jacobian_leak);
  bound.real(12, measurement.ood_loss);
  bound.real(13, measurement.block_error);
  measurement_.exec();
  row.measurements += bound.digest();
}

void CellWriter::write_layers(WrittenCell& row, const Measurement& measurement, std::uint32_t gap) {
  // Of a measurement that is replaced.
  row.layers -= present(present_layers_, row, measurement.step);
  row.eigenvalues -= present(present_eigenvalues_, row, measurement.step);
  forget(forget_layers_, row, measurement.step);
  forget(forget_eigenvalues_, row, measurement.step);
  for (std::size_t l = 0; l < measurement.spectra.size(); ++l) {
    const auto& [all, live, dead] = measurement.spectra[l];
    {
      Use use(layer_);
      HashedRow bound(layer_, 2);
      layer_.bind(1, row.num);
      bound.integer(0, integer(measurement.step));
      bound.integer(1, integer(l + 1));
      bound.integer(2, integer(gap));
      bound.real(3, all.gap(gap));
      bound.real(4, live.gap(gap));
      bound.integer(5, integer(all.modules()));
      bound.integer(6, integer(live.modules()));
      bound.integer(7, integer(dead.size()));
      if (l < measurement.partitions.size() && measurement.partitions[l]) {
        const PartitionScores& scores = *measurement.partitions[l];
        bound.real(8, scores.modularity);
        bound.real(9, scores.normalized_cut);
        bound.real(10, scores.block_share);
      }
      layer_.exec();
      row.layers += bound.digest();
    }
    Use use(eigenvalues_);
    HashedRow bound(eigenvalues_, 2);
    eigenvalues_.bind(1, row.num);
    bound.integer(0, integer(measurement.step));
    bound.integer(1, integer(l + 1));
    bound.text(2, json_list(all.eigenvalues));
    if (live.eigenvalues != all.eigenvalues) bound.text(3, json_list(live.eigenvalues));
    bound.text(4, fmt::format("[{}]", fmt::join(dead, ",")));
    eigenvalues_.exec();
    row.eigenvalues += bound.digest();
  }
}

void CellWriter::write_weights(WrittenCell& row, const Parameters& weights, Precision precision) {
  const auto bytes = pack_weights(weights, precision);
  Use use(weights_);
  HashedRow bound(weights_, 2);
  weights_.bind(1, row.num);
  bound.text(0, weights_dtype(precision));
  bound.text(1, shape_json(weights.shape));
  bound.blob(2, bytes);
  weights_.exec();
  row.weights = bound.digest();
}

void CellWriter::write_checkpoint(WrittenCell& row, const CellProgress& progress) {
  if (progress.status != CellStatus::running) {
    if (row.is_new) return;
    Use use(forget_checkpoint_);
    forget_checkpoint_.bind(1, row.num);
    forget_checkpoint_.exec();
    row.checkpoint.reset();
  } else if (!progress.checkpoint.empty()) {
    Use use(checkpoint_);
    HashedRow bound(checkpoint_, 2);
    checkpoint_.bind(1, row.num);
    bound.integer(0, integer(progress.step));
    bound.blob(1, progress.checkpoint);
    checkpoint_.exec();
    row.checkpoint = bound.digest();
  }
}

std::string devices_text(const std::string& devices, const std::string& last_engine,
                         const std::string& device, const std::string& engine) {
  if (devices.empty()) return device;
  constexpr std::string_view then = ", then ";
  const bool other_engine = !last_engine.empty() && last_engine != engine;
  const auto begin = devices.rfind(then);
  std::string_view last = devices;
  if (begin != std::string::npos) last.remove_prefix(begin + then.size());
  const std::string named = fmt::format("{} on {}", engine, device);
  if (!other_engine && (last == device || last == named)) return devices;
  return fmt::format("{}{}{}", devices, then, other_engine ? named : device);
}

}  // namespace modsweep
