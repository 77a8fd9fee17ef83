// Rows of a query as CSV (RFC 4180), one JSON array, or JSON lines.
#pragma once

#include "store/tables.h"

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>

#include "modsweep/store.h"

namespace modsweep {

/// The shortest text of a double that reads back as the same bits, always recognizable as real: "0.1", "1.0",
/// "1e-05". Only for finite values: a store has no others.
[[nodiscard]] std::string real_text(double value);

/// A string as a JSON string; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string json_text(const std::string& value);

/// A value of a column of a TableQuery as JSON.
[[nodiscard]] std::string json_value(const SQLite::Column& value, const TableColumn& column);

/// Writes rows of a query made by TableQuery::export_sql, without its first column. NULL becomes an empty
/// field or `null`, integers stay integers. Throws IoError if the stream fails.
class RowWriter {
 public:
  RowWriter(std::vector<TableColumn> columns, ExportFormat format, std::ostream& out);

  void begin();
  void row(SQLite::Statement& query);
  /// Passes everything written so far to the stream.
  void flush();
  void end();

 private:
  void csv_row(SQLite::Statement& query);
  void json_row(SQLite::Statement& query);
  void check() const;

  std::vector<TableColumn> columns_;
  ExportFormat format_;
  std::ostream& out_;
  std::vector<std::string> keys_;
  std::string buffer_;
  bool first_ = true;
};

}  // namespace modsweep
