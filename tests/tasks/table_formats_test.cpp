// Forms of tables that users bring: separators, quotes and line ends of CSV, and NumPy's types and orders.
#include "tasks/table_fixture.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(TableTest, SeparatorsAreSeenInTheHeader) {
  const Dataset commas = make(table("t.csv", three_rows));
  for (std::string same : {
           std::string("a;b;y\n1;2;3\n-0.5;1e-3;+4\n7;8;9\n"),
           std::string("\"a\";\"b\";\"y\"\n1;2;3\n\"-0.5\";1e-3;4\n7;8;9"),
           std::string("a\tb\ty\n1\t2\t3\n-0.5\t1e-3\t4\n7\t8\t9\n"),
           std::string("a b y\n1 2 3\n-0.5 1e-3 4\n7 8 9\n"),
           std::string("  a   b\t y  \n 1 2 3\n  -0.5  1e-3 4 \n7\t8\t9\n"),
           std::string("a;name, first;b;y\n1;u,v;2;3\n-0.5;;1e-3;4\n7;\"x;y\";8;9\n"),
           std::string("a,b;c d,b,y\n1,x;y,2,3\n-0.5,x y,1e-3,4\n7,,8,9\n"),
           std::string("a, \"b\" ,y\n1, \"2\",3\n-0.5,1e-3,4\n7,8,9\n"),
       }) {
    for (const char* line_end : {"\n", "\r\n", "\r"}) {
      std::string text;
      for (const char c : same) text += c == '\n' ? std::string(line_end) : std::string(1, c);
      const Dataset data = make(table("t.csv", text));
      EXPECT_EQ(data.train.x, commas.train.x) << text;
      EXPECT_EQ(data.train.y, commas.train.y) << text;
      EXPECT_EQ(data.test.x, commas.test.x) << text;
    }
  }
}

TEST_F(TableTest, BlankLinesAreSkippedAndCounted) {
  const std::vector<double> x = make(table("t.csv", three_rows)).train.x;
  EXPECT_EQ(make(table("t.csv", "\n  \na,b,y\n\n1,2,3\n \t \n-0.5,1e-3,4\n7,8,9\n\n\r\n   ")).train.x, x);
  EXPECT_EQ(make(table("t.csv", "a\tb\ty\n\n1\t2\t3\n  \n-0.5\t1e-3\t4\n7\t8\t9\n\n")).train.x, x);
  const TaskSettings bad = table("t.csv", "a,b,y\n\n1,2,3\r\n\r\n\r1,x,3\n");
  EXPECT_THAT(error_of(bad), HasSubstr(bad.file + ":6: the column \"b\" holds \"x\""));
  const TaskSettings quoted = table("t.csv", "a,b,y,n\n1,2,3,\"u\r\nv\rw\nx\"\n1,x,3,\n");
  EXPECT_THAT(error_of(quoted), HasSubstr(":6: the column \"b\""));
  // A line of separators alone is a row without values.
  EXPECT_THAT(error_of(table("t.csv", "a,b,y\n1,2,3\n,,\n")), HasSubstr(":3: the column \"a\" is empty"));
}

TEST_F(TableTest, MissingMarksAreRefusedOrTheirRowsDropped) {
  for (const char* mark :
       {"", " ", "NA", "nan", "NaN", "-nan", "?", "null", "NULL", "N/A", "None", "\"\"", "#N/A"}) {
    TaskSettings task = table(
        "t.csv", fmt::format("a,b,y,n\n1,2,3,\n4,{0},5,\n-0.5,1e-3,4,{0}\n{0},{0},{0},\n7,8,9,\n", mark));
    const std::string message = error_of(task);
    EXPECT_THAT(message, testing::StartsWith(task.file + ":3: the column \"b\" ")) << mark;
    EXPECT_THAT(message, HasSubstr(": a missing value; fill the value in, leave the row out, or set "
                                   "task.missing = \"drop\""))
        << mark;
    task.own.set("task.missing", std::string("drop"));
    const Dataset data = make(task);
    EXPECT_THAT(data.train.x, ElementsAre(1, 2, -0.5, 1e-3)) << mark;
    EXPECT_THAT(data.train.y, ElementsAre(3, 4)) << mark;
    EXPECT_THAT(data.test.x, ElementsAre(7, 8)) << mark;
    task.test_samples = 2;
    EXPECT_THAT(error_of(task), HasSubstr("has 3 (2 more have missing values); lower them")) << mark;
  }
  TaskSettings marked = table("t.csv", "a,b,y,s\n1,2,3,train\n1,?,3,train\n2,1,0,train\n1,1,1,test\n");
  marked.split_column = "s";
  marked.own.set("task.missing", std::string("drop"));
  EXPECT_THAT(make(marked).train.x, ElementsAre(1, 2, 2, 1));
  marked.train_samples = 3;
  EXPECT_THAT(error_of(marked),
              HasSubstr("has 2 rows marked train (1 more have missing values); set it to 2"));
  TaskSettings none = table("t.csv", "a,b,y\n?,2,3\n");
  none.own.set("task.missing", std::string("drop"));
  EXPECT_THAT(error_of(none), HasSubstr("has 0 (1 more have missing values)"));
  // What is no number is an error either way.
  TaskSettings wrong = table("t.csv", "a,b,y\n1,inf,3\n");
  wrong.own.set("task.missing", std::string("drop"));
  EXPECT_THAT(error_of(wrong), HasSubstr("which no network can learn"));
}

/// {1, 2, 3}, {4, 5, 6}, {7, 8, 9} in a type of numbers, in one of two orders.
template <typename T>
std::string nine(const std::string& type, bool by_columns, bool swapped = false) {
  std::vector<T> numbers;
  for (int i = 0; i < 9; ++i) numbers.push_back(static_cast<T>(1 + (by_columns ? i / 3 + 3 * (i % 3) : i)));
  if (swapped)
    for (T& number : numbers) {
      auto* bytes = reinterpret_cast<char*>(&number);
      std::reverse(bytes, bytes + sizeof(T));
    }
  return npy(numbers, 3, 3, type, by_columns ? "True" : "False");
}

TEST_F(TableTest, NumPysTypesAndOrdersAreRead) {
  for (const bool by_columns : {false, true})
    for (const std::string& bytes :
         {nine<double>("<f8", by_columns), nine<double>(">f8", by_columns, true),
          nine<float>("<f4", by_columns), nine<float>(">f4", by_columns, true),
          nine<std::int64_t>("<i8", by_columns), nine<std::int64_t>(">i8", by_columns, true),
          nine<std::int32_t>("<i4", by_columns), nine<std::int32_t>(">i4", by_columns, true),
          nine<std::int16_t>("<i2", by_columns), nine<std::int16_t>(">i2", by_columns, true),
          nine<std::int8_t>("|i1", by_columns), nine<std::uint64_t>("<u8", by_columns),
          nine<std::uint32_t>("<u4", by_columns), nine<std::uint32_t>(">u4", by_columns, true),
          nine<std::uint16_t>("<u2", by_columns), nine<std::uint8_t>("|u1", by_columns)}) {
      const Dataset data = make(array(bytes));
      EXPECT_THAT(data.train.x, ElementsAre(1, 2, 4, 5)) << bytes.substr(10, 60);
      EXPECT_THAT(data.train.y, ElementsAre(3, 6)) << bytes.substr(10, 60);
      EXPECT_THAT(data.test.x, ElementsAre(7, 8)) << bytes.substr(10, 60);
    }
  // float16: 1, -2, 65504, 2^-24, 0.333251953125, 0, and three more
  const std::vector<std::uint16_t> halves = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x3555,
                                             0,      0x3C00, 0x3C00, 0x3C00};
  EXPECT_THAT(make(array(npy(halves, 3, 3, "<f2"))).train.x,
              ElementsAre(1, -2, std::ldexp(1, -24), 0.333251953125));
  EXPECT_THAT(make(array(npy(halves, 3, 3, "<f2"))).train.y, ElementsAre(65504, 0));
  const std::vector<std::uint8_t> booleans = {0, 1, 1, 1, 0, 0, 1, 1, 1};
  EXPECT_THAT(make(array(npy(booleans, 3, 3, "|b1"))).train.x, ElementsAre(0, 1, 1, 0));
  const std::vector<std::int64_t> negative = {-1, 2, 3, 4, -9007199254740991, 6, 7, 8, 9};
  EXPECT_THAT(make(array(npy(negative, 3, 3, "<i8"))).train.x, ElementsAre(-1, 2, 4, -9007199254740991.0));
}

TEST_F(TableTest, NpyIsKnownByItsContent) {
  TaskSettings task = array("");
  task.file = table("t.data", nine<double>("<f8", false)).file;
  EXPECT_THAT(make(task).train.x, ElementsAre(1, 2, 4, 5));
}

TEST_F(TableTest, ArraysThatAreNoTablesAreRefused) {
  const std::vector<double> six = {1, 2, 3, 4, 5, 6};
  const std::vector<std::pair<std::string, std::string>> refused = {
      {npy_of_shape(six, "(6,)", "'<f8'"),
       "is not two-dimensional; give it the shape (rows, columns), as numpy.column_stack"},
      {npy_of_shape(six, "()", "'<f8'"), "is not two-dimensional; give"},
      {npy_of_shape(six, "(1, 2, 3)", "'<f8'"), "is not two-dimensional; give"},
      {npy_of_shape(six, "(3,)", "[('a', '<f8'), ('b', '<f8')]"),
       "a structured array); save numpy.lib.recfunctions.structured_to_unstructured"},
      {npy(six, 2, 3, "|O"), "holds values of type \"'|O'\"; save them as numbers"},
      {npy(six, 2, 3, "<c8"), "holds values of type \"'<c8'\""},
      {npy(six, 2, 3, "<U2"), "holds values of type"},
      {npy(six, 2, 3, "<f16"), "holds values of type"},
      {npy(six, 2, 3, "<M8[ns]"), "holds values of type"},
      {npy_of_shape(six, "(2, 3)", "f8"), "holds values of type"},
      {npy_of_shape(six, "(2, 3)", "''"), "holds values of type"},
      {npy(std::vector<std::int64_t>{1, 2, 3, 4, 9007199254740993, 6}, 2, 3, "<i8"),
       "row 1, column 1 is about 9.0072e+15: integers of 2^53 or more are not exact; subtract"},
      {npy(std::vector<double>{1, 2, 3, 4, std::numeric_limits<double>::infinity(), 6}, 2, 3, "<f8"),
       "row 1, column 1 is inf, which no network can learn"},
  };
  for (const auto& [bytes, what] : refused) {
    TaskSettings task = array(bytes);
    task.train_samples = 1;
    EXPECT_THAT(error_of(task), testing::StartsWith(task.file + ": ")) << what;
    EXPECT_THAT(error_of(task), HasSubstr(what));
  }
}

TEST_F(TableTest, NanInAnArrayIsAMissingValue) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  TaskSettings task = array(npy(std::vector<double>{1, 2, 3, 4, nan, 6, 7, 8, 9, 1, 1, 1}, 4, 3, "<f8"));
  EXPECT_THAT(error_of(task), HasSubstr(": row 1, column 1 is nan: a missing value; fill the value in"));
  task.own.set("task.missing", std::string("drop"));
  EXPECT_THAT(make(task).train.x, ElementsAre(1, 2, 7, 8));
  EXPECT_THAT(make(task).test.x, ElementsAre(1, 1));
}

}  // namespace
}  // namespace modsweep::test
