// All results in a store, as text that is equal exactly if the bits are equal.
#pragma once

#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <sqlite3.h>

namespace modsweep::testing_support {

/// Every row of a query as text, columns ended by '|', floating-point numbers and blobs in hexadecimal.
inline std::vector<std::string> query_rows(const std::string& path, const std::string& sql) {
  sqlite3* db = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::vector<std::string> rows;
  if (sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK ||
      sqlite3_busy_timeout(db, 20'000) != SQLITE_OK ||  // a run commits now and then
      sqlite3_prepare_v2(db, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
    const std::string reason = sqlite3_errmsg(db);
    sqlite3_close(db);
    throw std::runtime_error(path + ": " + reason);
  }
  while (sqlite3_step(statement) == SQLITE_ROW) {
    std::ostringstream row;
    row << std::hexfloat;
    for (int c = 0; c < sqlite3_column_count(statement); ++c) {
      const int type = sqlite3_column_type(statement, c);
      if (type == SQLITE_FLOAT) {
        row << sqlite3_column_double(statement, c);
      } else if (type == SQLITE_BLOB) {
        const auto* bytes = static_cast<const unsigned char*>(sqlite3_column_blob(statement, c));
        for (int i = 0; i < sqlite3_column_bytes(statement, c); ++i) row << std::hex << int{bytes[i]} << ' ';
      } else if (type != SQLITE_NULL) {
        row << reinterpret_cast<const char*>(sqlite3_column_text(statement, c));
      }
      row << '|';
    }
    rows.push_back(row.str());
  }
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return rows;
}

/// All results by table, with an order and names of cells that do not depend on when they were committed.
/// `only`: a subquery that selects the ids of cells; empty: all.
inline std::map<std::string, std::vector<std::string>> all_results(const std::string& path,
                                                                   const std::string& only = "") {
  const std::string where = only.empty() ? "" : " WHERE c.id IN (" + only + ")";
  const auto rows = [&](const std::string& columns, const std::string& join, const std::string& order) {
    return query_rows(path,
                      "SELECT c.id, " + columns + " FROM cells c" + join + where + " ORDER BY c.id" + order);
  };
  return {
      {"cells", rows("c.status, c.step, c.diverged_at", "", "")},
      {"measurements",
       rows("m.step, m.train_loss, m.test_loss, m.noisy_test_loss, m.l1, m.sum_w2, m.weighted_activity, "
            "m.activity, m.l12, m.l21, m.path_leak, m.jacobian_leak, m.ood_loss, m.block_error, "
            "m.validation_loss, "
            "m.kept_step",
            " JOIN measurements m ON m.cell = c.num", ", m.step")},
      {"layers", rows("y.step, y.layer, y.n, y.gap, y.gap_live, y.modules, y.modules_live, y.dead, "
                      "y.modularity, y.normalized_cut, y.block_share",
                      " JOIN layers y ON y.cell = c.num", ", y.step, y.layer")},
      {"eigenvalues", rows("e.step, e.layer, e.eigenvalues, e.eigenvalues_live, e.dead_rows",
                           " JOIN eigenvalues e ON e.cell = c.num", ", e.step, e.layer")},
      {"weights", rows("w.dtype, w.shape, w.parameters", " JOIN weights w ON w.cell = c.num", "")},
      {"checkpoints", rows("p.step", " JOIN checkpoints p ON p.cell = c.num", "")},
  };
}

}  // namespace modsweep::testing_support
