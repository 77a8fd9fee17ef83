#include "store/row_writer.h"

#include "store/csv.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "modsweep/error.h"

namespace modsweep {
namespace {

std::string number_text(const SQLite::Column& value) {
  if (value.isInteger()) return std::to_string(value.getInt64());
  return std::isfinite(value.getDouble()) ? real_text(value.getDouble()) : "null";
}

}  // namespace

std::string real_text(double value) {
  auto text = fmt::format("{}", value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string json_text(const std::string& value) {
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string json_value(const SQLite::Column& value, const TableColumn& column) {
  if (value.isNull()) return "null";
  if (!column.json_sql.empty())
    return column.shown == nullptr ? value.getString() : column.shown(value.getString());
  return value.isText() ? json_text(value.getString()) : number_text(value);
}

RowWriter::RowWriter(std::vector<TableColumn> columns, ExportFormat format, std::ostream& out)
    : columns_(std::move(columns)), format_(format), out_(out) {
  for (const auto& column : columns_) keys_.push_back(json_text(column.name) + ":");
}

void RowWriter::begin() {
  if (format_ == ExportFormat::json) buffer_ += "[";
  if (format_ != ExportFormat::csv) return;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) buffer_ += ',';
    buffer_ += csv_text(columns_[i].name);
  }
  buffer_ += '\n';
}

void RowWriter::row(SQLite::Statement& query) {
  if (format_ == ExportFormat::json) buffer_ += first_ ? "\n" : ",\n";
  first_ = false;
  format_ == ExportFormat::csv ? csv_row(query) : json_row(query);
  if (format_ != ExportFormat::json) buffer_ += '\n';
}

void RowWriter::end() {
  if (format_ == ExportFormat::json) buffer_ += first_ ? "]\n" : "\n]\n";
  flush();
  out_.flush();
  check();
}

void RowWriter::csv_row(SQLite::Statement& query) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (i > 0) buffer_ += ',';
    const auto value = query.getColumn(static_cast<int>(i) + 1);
    if (value.isNull()) continue;
    if (!columns_[i].json_sql.empty())
      buffer_ += csv_of_json(json_value(value, columns_[i]));
    else if (value.isText())
      buffer_ += csv_text(value.getString());
    else if (const auto number = number_text(value); number != "null")
      buffer_ += number;
  }
}

void RowWriter::json_row(SQLite::Statement& query) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    buffer_ += i == 0 ? '{' : ',';
    buffer_ += keys_[i];
    buffer_ += json_value(query.getColumn(static_cast<int>(i) + 1), columns_[i]);
  }
  buffer_ += '}';
}

void RowWriter::flush() {
  out_.write(buffer_.data(), static_cast<std::streamsize>(buffer_.size()));
  buffer_.clear();
  check();
}

void RowWriter::check() const {
  if (!out_)
    throw IoError("export: the output cannot be written; free space or give another file, and export again");
}

}  // namespace modsweep
