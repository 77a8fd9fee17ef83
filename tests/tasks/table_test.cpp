// kind = "table": good files are read unchanged, and every broken one ends in one line with the position, the
// error and what to do.
#include "tasks/table_fixture.h"

#include <limits>
#include <string>
#include <vector>

namespace modsweep::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

TEST_F(TableTest, ReadsCsvInFileOrder) {
  const Dataset data = make(table("t.csv", three_rows));
  EXPECT_THAT(data.train.x, ElementsAre(1, 2, -0.5, 1e-3));
  EXPECT_THAT(data.train.y, ElementsAre(3, 4));
  EXPECT_THAT(data.test.x, ElementsAre(7, 8));
  EXPECT_THAT(data.test.y, ElementsAre(9));
  EXPECT_EQ(data.ood.count, 0U);
}

TEST_F(TableTest, ReadsColumnsByNameInTheOrderAskedFor) {
  TaskSettings task = table("t.csv", "y,text,b,a,y2\n3,x,2,1,30\n4,y,3,2,40\n9,\"z,z\",8,7,90\n");
  task.input_columns = {"b", "a"};
  task.target_columns = {"y2", "y"};
  const Dataset data = make(task);
  EXPECT_EQ(data.train.outputs, 2U);
  EXPECT_THAT(data.train.x, ElementsAre(2, 1, 3, 2));
  EXPECT_THAT(data.train.y, ElementsAre(30, 3, 40, 4));
}

TEST_F(TableTest, ReadsWhatSpreadsheetsWrite) {
  const std::vector<double> x = make(table("t.csv", three_rows)).train.x;
  for (const std::string& same :
       {std::string("\xEF\xBB\xBF") + "a,b,y\r\n1,2,3\r\n-0.5,1e-3,4\r\n7,8,9\r\n",
        std::string("\"a\",\"b\",\"y\"\n\"1\",2,3\n-0.5,0.001,4\n7,8,9"),
        std::string("a , b,y, \"no\"\"te\"\n 1,2 ,3,\"two\nlines\"\n-0.5,1e-3,4,\n7,8,9,\n")})
    EXPECT_EQ(make(table("t.csv", same)).train.x, x) << same;
}

TEST_F(TableTest, TakesRowsByTheirMarks) {
  TaskSettings task =
      table("t.csv", "a,b,y,s\n1,0,0,ood\n2,0,0,test\n3,0,0,train\n4,0,0,0\n5,0,0,2\n6,0,0,train\n");
  task.split_column = "s";
  task.ood_samples = 2;
  const Dataset data = make(task);
  EXPECT_THAT(data.train.x, ElementsAre(3, 0, 4, 0));
  EXPECT_THAT(data.test.x, ElementsAre(2, 0));
  EXPECT_THAT(data.ood.x, ElementsAre(1, 0, 5, 0));
}

TEST_F(TableTest, ReadsNpy) {
  const std::vector<double> numbers = {1, 2, 3, 0, 4, 5, 6, 2, 7, 8, 9, 1};
  const std::vector<float> floats(numbers.begin(), numbers.end());
  for (const std::string& bytes :
       {npy(numbers, 3, 4, "<f8"), npy(floats, 3, 4, "<f4"), npy(numbers, 3, 4, "<f8", "False", 2)}) {
    TaskSettings task = table("t.npy", bytes);
    task.input_columns = {"0", "2"};
    task.target_columns = {"1"};
    EXPECT_THAT(make(task).train.x, ElementsAre(1, 3, 4, 6));
    EXPECT_THAT(make(task).test.y, ElementsAre(8));
    task.split_column = "3";
    task.train_samples = task.ood_samples = 1;
    EXPECT_THAT(make(task).test.x, ElementsAre(7, 9));
    EXPECT_THAT(make(task).ood.x, ElementsAre(4, 6));
  }
}

struct BrokenTable {
  std::string name;
  std::string content;
  std::string place;  ///< after the file's name
  std::string what;
  void (*change)(TaskSettings&) = [](TaskSettings&) {};
};

TEST_F(TableTest, BrokenFilesAreRefusedWithTheirPlace) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> six = {1, 2, 3, 4, 5, 6};
  const auto numbered = [](TaskSettings& t) {
    t.input_columns = {"0", "1"};
    t.target_columns = {"2"};
    t.train_samples = 1;
  };
  const auto marked = [](TaskSettings& t) { t.split_column = "s"; };
  std::string cut = npy(six, 2, 3, "<f8");
  cut.pop_back();
  const std::vector<BrokenTable> broken = {
      {"t.csv", "", ":1: ", "the file is empty; write the columns' names"},
      {"t.csv", "a,b,y\n", ":1: ", "there is no row below the header"},
      {"t.csv", "a;b;z\n1;2;3\n", ":1: ", "there is no column \"y\"; there are \"a\", \"b\", \"z\""},
      {"t.csv", "a b\tz\n1 2 3\n", ":1: ", "there is no column \"a\"; there are \"a b\", \"z\""},
      {"t.csv",
       "gr\xF6\xDF"
       "e,b,y\n1,2,3\n",
       ":1: ", "there are \"gr??e\", \"b\", \"y\"; save the file as UTF-8"},
      {"t.csv", "PK\x03\x04...", ": ",
       "is a ZIP archive, as .npz and .xlsx files are; save the table as CSV"},
      {"t.csv", "\x1f\x8b...", ": ", "is compressed by gzip; save"},
      {"t.csv",
       "\xFF\xFE"
       "a,b",
       ": ", "is in UTF-16; save the table as CSV in UTF-8"},
      {"t.csv", "a,b,z\n1,2,3\n", ":1: ", "there is no column \"y\"; there are \"a\", \"b\", \"z\""},
      {"t.csv", "a,b,y,b\n1,2,3,4\n", ":1: ", "two columns are called \"b\"; rename one"},
      {"t.csv", "a,b,y\n1,2,3\n1,2\n", ":3: ", "2 fields where the header has 3; give each row"},
      {"t.csv", "a,b,y\n1,2,3\n\n1,2\n", ":4: ", "2 fields where the header has 3"},
      {"t.csv", "a,b,y\r1,2,3\r\r1,2\r", ":4: ", "2 fields where the header has 3"},
      {"t.csv", "a,b,y\n1,2,3,4\n", ":2: ",
       "4 fields where the header has 3; give each row one field per column, and decimals with a point"},
      {"t.csv", "a;b;y\n1;2,5;3\n", ":2: ", "holds \"2,5\", which is no number; write decimals with a point"},
      {"t.csv", "a,b,y\n1,2,3\n1,x,3\n", ":3: ", "the column \"b\" holds \"x\", which is no number"},
      {"t.csv", "a,b,y\n1,0x10,3\n", ":2: ", "holds \"0x10\", which is no number"},
      {"t.csv", "a,b,y\n1,1e999,3\n", ":2: ", "holds \"1e999\", which is no number"},
      {"t.csv", "a,b,y\n1,\"2,5\",3\n",
       ":2: ", "holds \"2,5\", which is no number; write decimals with a point, as 0.5"},
      {"t.csv", "a,b,y\n1,2,nan\n", ":2: ", "\"y\" holds \"nan\": a missing value; fill the value in, leave"},
      {"t.csv", "a,b,y\n1,-inf,1\n", ":2: ", "holds \"-inf\", which no network can learn"},
      {"t.csv", "a,b,y\n1,,3\n",
       ":2: ", "the column \"b\" is empty: a missing value; fill the value in, leave the row out"},
      {"t.csv", "a,b,y\n1,\"2,3\n", ":2: ", "a quote is opened and never closed"},
      {"t.csv", "a,b,y\n1,\"2\"2,3\n", ":2: ", "a quote ends in the middle of a field"},
      {"t.csv", "a,b,y,n\n1,2,3,\"x\ny\"\n1,2,z,\n", ":4: ", "holds \"z\""},
      {"t.csv", "a,b,y,s\n1,2,3,train\n1,2,3,valid\n",
       ":3: ", "\"valid\"; write train, test, ood or validation", marked},
      {"t.csv", "a,b,y\n1,2,3\n", ":1: ", "there is no column \"s\"", marked},
      {"t.npy", "a,b,y\n1,2,3\n", ": ", "is no .npy file; save it with numpy.save"},
      {"t.npy", npy(six, 2, 3, "<f8", "False", 3), ": ", "is of .npy format 3", numbered},
      {"t.npy", npy(six, 2, 3, "<f8").substr(0, 50), ": ", "is cut off within its header", numbered},
      {"t.npy", cut, ": ", "has 47 bytes of numbers where its shape (2, 3) needs 48", numbered},
      {"t.npy", npy(six, 2, 2, "<f8"), ": ", "has 48 bytes of numbers where its shape (2, 2) needs 32",
       numbered},
      {"t.npy", npy(std::vector<double>{1, 2, 3, 4, nan, 6}, 2, 3, "<f8"), ": ", "row 1, column 1 is nan",
       numbered},
      {"t.npy", npy(six, 3, 2, "<f8"), ": ", "there is no column \"2\"; there are \"0\", \"1\"", numbered},
  };
  for (const BrokenTable& bad : broken) {
    TaskSettings task = table(bad.name, bad.content);
    bad.change(task);
    try {
      static_cast<void>(make(task));
      ADD_FAILURE() << "accepted: " << bad.content;
    } catch (const InputError& error) {
      const std::string message = error.what();
      EXPECT_THAT(message, testing::StartsWith(task.file + bad.place)) << bad.content;
      EXPECT_THAT(message, HasSubstr(bad.what)) << bad.content;
      EXPECT_THAT(message, HasSubstr("; "));
      EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    }
  }
}

TEST_F(TableTest, WrongSettingsAreRefusedByName) {
  struct Wrong {
    std::string what;
    void (*change)(TaskSettings&);
  };
  const std::vector<Wrong> table_of_wrong = {
      {"task.file is missing; task.kind = \"table\" needs a .csv or .npy file",
       [](TaskSettings& t) { t.file.clear(); }},
      {"there is no such file; the path is taken from the folder of the sweep file",
       [](TaskSettings& t) { t.file += "x"; }},
      {"is not a regular file; name a .csv or .npy file",
       [](TaskSettings& t) { t.file = fs::path(t.file).parent_path().string(); }},
      {"task.input_columns is missing", [](TaskSettings& t) { t.input_columns.clear(); }},
      {"task.target_columns is missing", [](TaskSettings& t) { t.target_columns.clear(); }},
      {"task.input_columns names the column \"a\" that is named elsewhere too",
       [](TaskSettings& t) {
         t.input_columns = {"a", "a"};
       }},
      {"task.target_columns names the column \"b\"", [](TaskSettings& t) { t.target_columns = {"b"}; }},
      {"task.input_columns names the column \"a\"", [](TaskSettings& t) { t.split_column = "a"; }},
      {"task.inputs = 4 but task.input_columns names 2; set task.inputs = 2",
       [](TaskSettings& t) { t.inputs = 4; }},
      {"task.train_samples = 0: give at least 1", [](TaskSettings& t) { t.train_samples = 0; }},
      {"task.test_samples = 0: give at least 1", [](TaskSettings& t) { t.test_samples = 0; }},
      {"task.train_samples = 2, task.test_samples = 1 and task.ood_samples = 5 need 8 rows but",
       [](TaskSettings& t) { t.ood_samples = 5; }},
      {"has changed since the sweep was read", [](TaskSettings& t) { t.file_hash = "0123456789abcdef"; }},
  };
  for (const Wrong& wrong : table_of_wrong) {
    TaskSettings task = table("t.csv", three_rows);
    wrong.change(task);
    try {
      static_cast<void>(make(task));
      ADD_FAILURE() << "accepted: " << wrong.what;
    } catch (const InputError& error) {
      EXPECT_THAT(error.what(), HasSubstr(wrong.what));
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    }
  }
}

TEST_F(TableTest, TooFewMarkedRowsAreCounted) {
  TaskSettings task = table("t.csv", "a,b,y,s\n1,2,3,train\n1,2,3,test\n");
  task.split_column = "s";
  try {
    static_cast<void>(make(task));
    ADD_FAILURE();
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("task.train_samples = 2 but "));
    EXPECT_THAT(error.what(), HasSubstr("has 1 rows marked train; set it to 1"));
  }
}

}  // namespace
}  // namespace modsweep::test
