#include "store/row_writer.h"

#include "store/csv.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

constexpr std::size_t flush_bytes = 1 << 16;

std::string number_text(const SQLite::Column& value) {
  if (value.isInteger()) return std::to_string(value.getInt64());
  return std::isfinite(value.getDouble()) ? real_text(value.getDouble()) : "null";
}

class RowWriter {
 public:
  RowWriter(const TableQuery& table, ExportFormat format, std::ostream& out)
      : table_(table), format_(format), out_(out) {
    for (const auto& column : table.columns) keys_.push_back(json_text(column.name) + ":");
  }

  void begin() {
    if (format_ == ExportFormat::json) buffer_ += "[";
    if (format_ != ExportFormat::csv) return;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (i > 0) buffer_ += ',';
      buffer_ += csv_text(table_.columns[i].name);
    }
    buffer_ += '\n';
  }

  void row(SQLite::Statement& query) {
    if (format_ == ExportFormat::json) buffer_ += first_ ? "\n" : ",\n";
    first_ = false;
    format_ == ExportFormat::csv ? csv_row(query) : json_row(query);
    if (format_ != ExportFormat::json) buffer_ += '\n';
    if (buffer_.size() >= flush_bytes) flush();
  }

  void end() {
    if (format_ == ExportFormat::json) buffer_ += first_ ? "]\n" : "\n]\n";
    flush();
    out_.flush();
    check();
  }

 private:
  void csv_row(SQLite::Statement& query) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (i > 0) buffer_ += ',';
      const auto value = query.getColumn(static_cast<int>(i));
      if (value.isNull()) continue;
      if (!table_.columns[i].json_sql.empty())
        buffer_ += csv_of_json(value.getString());
      else if (value.isText())
        buffer_ += csv_text(value.getString());
      else if (const auto number = number_text(value); number != "null")
        buffer_ += number;
    }
  }

  void json_row(SQLite::Statement& query) {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      buffer_ += i == 0 ? '{' : ',';
      buffer_ += keys_[i];
      buffer_ += json_value(query.getColumn(static_cast<int>(i)), !table_.columns[i].json_sql.empty());
    }
    buffer_ += '}';
  }

  void flush() {
    out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
    buffer_.clear();
    check();
  }

  void check() const {
    if (!out_)
      throw IoError(
          "export: the output cannot be written; free space or give another file, and export again");
  }

  const TableQuery& table_;
  ExportFormat format_;
  std::ostream& out_;
  std::vector<std::string> keys_;
  std::string buffer_;
  bool first_ = true;
};

}  // namespace

std::string real_text(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string json_text(const std::string& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_value(const SQLite::Column& value, bool is_json) {
  if (value.isNull()) return "null";
  if (is_json) return value.getString();
  return value.isText() ? json_text(value.getString()) : number_text(value);
}

void write_rows(const TableQuery& table, SQLite::Statement& query, ExportFormat format, std::ostream& out) {
  RowWriter writer(table, format, out);
  writer.begin();
  while (query.executeStep()) writer.row(query);
  writer.end();
}

}  // namespace modsweep
