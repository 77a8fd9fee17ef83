// Tables in a folder of their own.
#pragma once

#include "support/temporary_folder.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"
#include "modsweep/task.h"

namespace modsweep::test {

class TableTest : public testing::Test {
 protected:
  /// A table of inputs a and b and target y: 2 rows to train, 1 to test.
  [[nodiscard]] TaskSettings table(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name, std::ios::binary) << content;
    TaskSettings task;
    task.kind = "table";
    task.file = (folder_ / name).string();
    task.inputs = 2;
    task.input_columns = {"a", "b"};
    task.target_columns = {"y"};
    task.train_samples = 2;
    task.test_samples = 1;
    return task;
  }

  /// The same of a .npy file, whose columns are called 0, 1 and 2.
  [[nodiscard]] TaskSettings array(const std::string& bytes) const {
    TaskSettings task = table("t.npy", bytes);
    task.input_columns = {"0", "1"};
    task.target_columns = {"2"};
    return task;
  }

  static Dataset make(const TaskSettings& task) { return *DatasetCache().get(task); }

  /// The message with which the task is refused, on one line.
  static std::string error_of(const TaskSettings& task) {
    try {
      static_cast<void>(make(task));
      return "was accepted";
    } catch (const InputError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
  }

  TemporaryFolder temporary_;
  const std::filesystem::path folder_ = temporary_.path();
};

inline const std::string three_rows = "a,b,y\n1,2,3\n-0.5,1e-3,+4\n7,8,9\n";

/// The bytes of numpy.save(file, array) in format `version`; `shape` as in the header, "(2, 3)".
template <typename T>
std::string npy_of_shape(const std::vector<T>& numbers, const std::string& shape, const std::string& type,
                         const std::string& order = "False", int version = 1) {
  std::string header = fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}", type, order, shape);
  while ((header.size() + 11) % 64 != 0) header += ' ';
  header += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += static_cast<char>(version);
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes += static_cast<char>(header.size() >> (8U * static_cast<unsigned>(i)) & 0xFFU);
  bytes += header;
  std::string raw(numbers.size() * sizeof(T), '\0');
  std::memcpy(raw.data(), numbers.data(), raw.size());
  return bytes + raw;
}

template <typename T>
std::string npy(const std::vector<T>& numbers, std::size_t rows, std::size_t columns, const std::string& type,
                const std::string& order = "False", int version = 1) {
  return npy_of_shape(numbers, fmt::format("({}, {})", rows, columns), "'" + type + "'", order, version);
}

}  // namespace modsweep::test
