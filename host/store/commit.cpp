#include "store/commit.h"

#include "store/row_hash.h"
#include "store/row_writer.h"
#include "store/schema.h"
#include "store/stored_weights.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

// Resets a statement at the end of a scope, also after a failure, so that it can be used again.
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

/// Cell, step, keys and columns of a table.
std::string insert_sql(const MeasuredTable& table) {
  std::string values = "?, ?";
  for (std::size_t c = 0; c < table.keys.size() + table.columns.size(); ++c) values += ", ?";
  return fmt::format("INSERT INTO {} VALUES ({})", table.name, values);
}

void bind_value(HashedRow& row, int column, const MeasuredValue& value) {
  switch (value.kind()) {
    case MeasuredValue::Kind::whole:
      return row.integer(column, value.whole());
    case MeasuredValue::Kind::real:
      return row.real(column, value.real());
    case MeasuredValue::Kind::text:
      return row.text(column, value.text());
    case MeasuredValue::Kind::none:
      break;
  }
}

/// The columns of `cells` with the sums of all tables: "measurements_hash, layers_hash, ...".
std::string sum_names() {
  std::vector<std::string> names;
  for (const MeasuredTable& table : measured_tables()) names.push_back(sum_name(table.name));
  return fmt::format("{}", fmt::join(names, ", "));
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

CellWriter::TableStatements::TableStatements(SQLite::Database& db, const MeasuredTable& table)
    : insert(db, insert_sql(table)),
      present(db, fmt::format("SELECT * FROM {} WHERE cell = ? AND step = ?", table.name)),
      forget(db, fmt::format("DELETE FROM {} WHERE cell = ? AND step = ?", table.name)) {}

CellWriter::CellWriter(const StoreFile& file)
    : file_(file),
      find_(*file.db, fmt::format("SELECT num, hash, sweep, engine, device, seconds, settings, weights_hash,"
                                  " checkpoint_hash, status, step, diverged_at, {} FROM cells WHERE id = ?",
                                  sum_names())),
      cell_(*file.db),
      checkpoint_(*file.db, "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)"),
      forget_checkpoint_(*file.db, "DELETE FROM checkpoints WHERE cell = ?"),
      weights_(*file.db, "INSERT OR REPLACE INTO weights VALUES (?, ?, ?, ?)"),
      read_totals_(*file.db,
                   "SELECT cells, cells_hash, (SELECT coalesce(max(num), 0) FROM main.cells) FROM store"),
      write_totals_(*file.db, "UPDATE store SET cells = ?, cells_hash = ?") {
  for (const MeasuredTable& table : measured_tables()) tables_.emplace_back(*file.db, table);
}

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
  if (!progress.same_as.empty()) return copy(sweep, run, {progress.cell, progress.same_as});
  const auto& settings = progress.cell->settings;
  WrittenCell row = find_row(progress.cell->id);
  if (row.is_new) {  // a cell in several sweeps stays with the first: its settings refer to that base
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
  // A network that diverges in its first step is measured twice at step 0: before that step and after it.
  std::optional<std::uint64_t> last;
  for (const auto& measurement : progress.measurements) {
    write_rows(row, measurement, !row.is_new || (last && measurement.step <= *last));
    last = std::max(measurement.step, last.value_or(0));
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
  row.weights = hash_if_any(7);
  row.checkpoint = hash_if_any(8);
  row.status = find_.getColumn(9).getString();
  row.step = find_.getColumn(10).getInt64();
  if (!find_.getColumn(11).isNull()) row.diverged_at = find_.getColumn(11).getInt64();
  for (std::size_t t = 0; t < row.sums.size(); ++t) row.sums[t] = hash(static_cast<int>(12 + t));
  return row;
}

void CellWriter::write_row(const WrittenCell& row) {
  cells_hash_ += cell_.write(row) - row.old_hash;
}

std::uint64_t CellWriter::take_out(TableStatements& table, const WrittenCell& row, std::uint64_t step) {
  std::uint64_t sum = 0;
  bool any = false;
  {
    Use use(table.present);
    table.present.bind(1, row.num);
    table.present.bind(2, integer(step));
    for (; table.present.executeStep(); any = true)
      sum += hash_row(table.present, 1, table.present.getColumnCount());
  }
  if (!any) return 0;
  Use use(table.forget);
  table.forget.bind(1, row.num);
  table.forget.bind(2, integer(step));
  table.forget.exec();
  return sum;
}

/// The rows for a table. A measured step always has a row in `measurements`, even without values.
std::span<const MeasuredRow> CellWriter::rows_of(const Measurement& measurement, std::size_t table) {
  static const MeasuredRow nothing;
  if (table < measurement.tables.size() && !measurement.tables[table].empty())
    return measurement.tables[table];
  return {&nothing, table == network_table ? std::size_t{1} : std::size_t{0}};
}

void CellWriter::write_rows(WrittenCell& row, const Measurement& measurement, bool replace) {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    TableStatements& table = tables_[t];
    if (replace) row.sums[t] -= take_out(table, row, measurement.step);
    for (const MeasuredRow& values : rows_of(measurement, t)) {
      Use use(table.insert);
      HashedRow bound(table.insert, 2);
      table.insert.bind(1, row.num);
      bound.integer(0, integer(measurement.step));
      for (std::size_t c = 0; c < values.size(); ++c) bind_value(bound, static_cast<int>(c + 1), values[c]);
      table.insert.exec();
      row.sums[t] += bound.digest();
    }
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
  if (progress.checkpoint.empty()) {
    if (row.is_new || progress.status == CellStatus::running) return;
    Use use(forget_checkpoint_);
    forget_checkpoint_.bind(1, row.num);
    forget_checkpoint_.exec();
    row.checkpoint.reset();
  } else {
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
