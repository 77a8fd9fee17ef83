#include "store/commit.h"

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

// Not a number and infinity are stored as NULL: exports stay valid JSON, averages in SQL ignore them.
void bind_finite(SQLite::Statement& statement, int index, double value) {
  if (std::isfinite(value)) statement.bind(index, value);
}

void bind_finite(SQLite::Statement& statement, int index, const std::optional<double>& value) {
  if (value) bind_finite(statement, index, *value);
}

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

CellWriter::CellWriter(SQLite::Database& db)
    : cell_(db,
            "INSERT INTO cells (id, sweep, status, step, diverged_at, engine, device, seconds, settings)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET status = excluded.status, step = excluded.step,"
            " diverged_at = excluded.diverged_at, engine = excluded.engine, device = excluded.device,"
            " seconds = seconds + excluded.seconds RETURNING num"),
      measurement_(
          db, "INSERT OR REPLACE INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      forget_layers_(db, "DELETE FROM layers WHERE cell = ? AND step = ?"),
      forget_eigenvalues_(db, "DELETE FROM eigenvalues WHERE cell = ? AND step = ?"),
      layer_(db, "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      eigenvalues_(db, "INSERT INTO eigenvalues VALUES (?, ?, ?, ?, ?, ?)"),
      checkpoint_(db, "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)"),
      forget_checkpoint_(db, "DELETE FROM checkpoints WHERE cell = ?"),
      weights_(db, "INSERT OR REPLACE INTO weights VALUES (?, ?, ?, ?)") {}

void CellWriter::write(std::int64_t sweep, const CellProgress& progress, const std::string& engine,
                       const std::string& device) {
  check(progress);
  const auto& settings = progress.cell->settings;
  const auto cell = write_cell(sweep, progress, engine, device);
  const auto gap = modules_sought(settings);
  for (const auto& measurement : progress.measurements) {
    write_measurement(cell, measurement);
    write_layers(cell, measurement, gap);
  }
  if (progress.status != CellStatus::running) {
    Use use(forget_checkpoint_);
    forget_checkpoint_.bind(1, cell);
    forget_checkpoint_.exec();
  } else if (!progress.checkpoint.empty()) {
    Use use(checkpoint_);
    checkpoint_.bind(1, cell);
    checkpoint_.bind(2, integer(progress.step));
    checkpoint_.bindNoCopy(3, progress.checkpoint.data(), static_cast<int>(progress.checkpoint.size()));
    checkpoint_.exec();
  }
  if (progress.weights) write_weights(cell, *progress.weights, settings.training.precision);
}

std::int64_t CellWriter::write_cell(std::int64_t sweep, const CellProgress& progress,
                                    const std::string& engine, const std::string& device) {
  Use use(cell_);
  cell_.bind(1, progress.cell->id);
  cell_.bind(2, sweep);
  cell_.bind(3, status_name(progress.status));
  cell_.bind(4, integer(progress.step));
  if (progress.diverged_at) cell_.bind(5, integer(*progress.diverged_at));
  cell_.bind(6, engine);
  cell_.bind(7, device);
  cell_.bind(8, std::isfinite(progress.seconds) ? progress.seconds : 0.0);
  cell_.bind(9, settings_json(*progress.cell));
  cell_.executeStep();
  return cell_.getColumn(0).getInt64();
}

void CellWriter::write_measurement(std::int64_t cell, const Measurement& measurement) {
  Use use(measurement_);
  const auto& r = measurement.regularizers;
  measurement_.bind(1, cell);
  measurement_.bind(2, integer(measurement.step));
  bind_finite(measurement_, 3, measurement.train_loss);
  bind_finite(measurement_, 4, measurement.test_loss);
  bind_finite(measurement_, 5, measurement.noisy_test_loss);
  bind_finite(measurement_, 6, r.l1);
  bind_finite(measurement_, 7, r.l2);
  bind_finite(measurement_, 8, r.weighted_activity);
  bind_finite(measurement_, 9, r.activity);
  bind_finite(measurement_, 10, r.l12);
  bind_finite(measurement_, 11, r.l21);
  bind_finite(measurement_, 12, measurement.path_leak);
  bind_finite(measurement_, 13, measurement.jacobian_leak);
  bind_finite(measurement_, 14, measurement.ood_loss);
  bind_finite(measurement_, 15, measurement.block_error);
  measurement_.exec();
}

void CellWriter::write_layers(std::int64_t cell, const Measurement& measurement, std::uint32_t gap) {
  for (auto* forget : {&forget_layers_, &forget_eigenvalues_}) {  // of a measurement that is replaced
    Use use(*forget);
    forget->bind(1, cell);
    forget->bind(2, integer(measurement.step));
    forget->exec();
  }
  for (std::size_t l = 0; l < measurement.spectra.size(); ++l) {
    const auto& [all, live, dead] = measurement.spectra[l];
    {
      Use use(layer_);
      layer_.bind(1, cell);
      layer_.bind(2, integer(measurement.step));
      layer_.bind(3, integer(l + 1));
      layer_.bind(4, integer(gap));
      bind_finite(layer_, 5, all.gap(gap));
      bind_finite(layer_, 6, live.gap(gap));
      layer_.bind(7, integer(all.modules()));
      layer_.bind(8, integer(live.modules()));
      layer_.bind(9, integer(dead.size()));
      if (l < measurement.partitions.size() && measurement.partitions[l]) {
        const PartitionScores& scores = *measurement.partitions[l];
        bind_finite(layer_, 10, scores.modularity);
        bind_finite(layer_, 11, scores.normalized_cut);
        bind_finite(layer_, 12, scores.block_share);
      }
      layer_.exec();
    }
    Use use(eigenvalues_);
    eigenvalues_.bind(1, cell);
    eigenvalues_.bind(2, integer(measurement.step));
    eigenvalues_.bind(3, integer(l + 1));
    eigenvalues_.bind(4, json_list(all.eigenvalues));
    if (live.eigenvalues != all.eigenvalues) eigenvalues_.bind(5, json_list(live.eigenvalues));
    eigenvalues_.bind(6, fmt::format("[{}]", fmt::join(dead, ",")));
    eigenvalues_.exec();
  }
}

void CellWriter::write_weights(std::int64_t cell, const Parameters& weights, Precision precision) {
  const auto bytes = pack_weights(weights, precision);
  Use use(weights_);
  weights_.bind(1, cell);
  weights_.bind(2, weights_dtype(precision));
  weights_.bind(3, shape_json(weights.shape));
  weights_.bindNoCopy(4, bytes.data(), static_cast<int>(bytes.size()));
  weights_.exec();
}

}  // namespace modsweep
