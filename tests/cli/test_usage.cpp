// Wrong usage: exit code 2, one line, nothing written. Help: exit code 0.
#include "program.h"

#include <algorithm>
#include <ostream>

#include <gtest/gtest.h>

namespace modsweep {
namespace {

using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;

struct WrongUsage {
  std::vector<std::string> arguments;
  std::string part;  ///< part of the message
};

void PrintTo(const WrongUsage& usage, std::ostream* out) {
  for (const std::string& argument : usage.arguments) *out << argument << ' ';
}

class WrongUsageTest : public ProgramTest, public testing::WithParamInterface<WrongUsage> {};

TEST_P(WrongUsageTest, IsOneLineAndWritesNothing) {
  write("sweep.toml", "name = \"s\"\n[training]\nsteps = 3\n");
  write("broken.toml", "name = \"s\"\n[training]\nsteps = 3\nlearning_rat = 1\n");
  write(
      "text.db",
      "this is a text, not a store, and longer than the header of a database is, a hundred bytes or so....");
  write("text.safetensors", "no tensors here");
  const auto before = files();
  expect_error(modsweep(GetParam().arguments), 2, {GetParam().part});
  EXPECT_EQ(files(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, WrongUsageTest,
    testing::Values(WrongUsage{{}, "--help"}, WrongUsage{{"runn", "sweep.toml"}, "did you mean run?"},
                    WrongUsage{{"--frob"}, "--frob"}, WrongUsage{{"run"}, "run --help"},
                    WrongUsage{{"run", "absent.toml"}, "absent.toml"},
                    WrongUsage{{"run", "sweep.toml", "extra"}, "extra"},
                    WrongUsage{{"run", "sweep.toml", "--frob"}, "--frob"},
                    WrongUsage{{"run", "broken.toml"}, "broken.toml:4:1"},
                    WrongUsage{{"run", "."}, "directory"},
                    WrongUsage{{"run", "sweep.toml", "--engine", "abacus"}, "abacus"},
                    WrongUsage{{"run", "sweep.toml", "--precision", "fp16"}, "fp16"},
                    WrongUsage{{"run", "sweep.toml", "--threads", "0"}, "0"},
                    WrongUsage{{"run", "sweep.toml", "--threads", "many"}, "many"},
                    WrongUsage{{"run", "sweep.toml", "--set"}, "--set"},
                    WrongUsage{{"run", "sweep.toml", "--set", "training.stepss=3"}, "training.steps"},
                    WrongUsage{{"run", "sweep.toml", "--set", "training.steps"}, "training.steps"},
                    WrongUsage{{"run", "sweep.toml", "--set", "training.steps=-3"}, "training.steps"},
                    WrongUsage{{"run", "sweep.toml", "--checkpoint-seconds", "1e9"}, "checkpoint-seconds"},
                    WrongUsage{{"run", "sweep.toml", "-o", "text.db"}, "text.db"},
                    WrongUsage{{"plan", "broken.toml"}, "learning_rate"},
                    WrongUsage{{"plan", "sweep.toml", "-o", "text.db"}, "text.db"},
                    WrongUsage{{"status"}, "status --help"}, WrongUsage{{"status", "absent.db"}, "absent.db"},
                    WrongUsage{{"status", "text.db"}, "text.db"},
                    WrongUsage{{"export", "absent.db"}, "absent.db"},
                    WrongUsage{{"export", "text.db", "-o", "out.csv"}, "text.db"},
                    WrongUsage{{"export", "text.db", "--table", "tables"}, "tables"},
                    WrongUsage{{"export", "text.db", "--format", "xml"}, "xml"},
                    WrongUsage{{"aggregate", "text.db"}, "--value"},
                    WrongUsage{{"aggregate", "absent.db", "--value", "test_loss"}, "absent.db"},
                    WrongUsage{{"aggregate", "text.db", "--value", "test_loss"}, "text.db"},
                    WrongUsage{{"aggregate", "text.db", "--value", "l1", "--table", "cells"}, "cells"},
                    WrongUsage{{"aggregate", "text.db", "--value", "l1", "--format", "xml"}, "xml"},
                    WrongUsage{{"aggregate", "text.db", "--value", "l1", "--statistic", "mode"}, "mode"},
                    WrongUsage{{"aggregate", "text.db", "--value", "l1", "--confidence", "95"}, "95"},
                    WrongUsage{{"aggregate", "text.db", "--value", "l1", "--resamples", "0"}, "0"},
                    WrongUsage{{"fit"}, "fit --help"}, WrongUsage{{"fit", "text.db"}, "fit --help"},
                    WrongUsage{{"fit", "text.db", "transitoin"}, "did you mean transition?"},
                    WrongUsage{{"fit", "absent.db", "transition"}, "absent.db"},
                    WrongUsage{{"fit", "text.db", "law"}, "text.db"},
                    WrongUsage{{"fit", "text.db", "balance", "--y", "l1"}, "--y"},
                    WrongUsage{{"weights", "text.db", "-o", "w.safetensors"}, "text.db"},
                    WrongUsage{{"weights", "text.db"}, "--output"},
                    WrongUsage{{"weights", "s.db", "--cell", "0", "--where", "a=1", "-o", "w"}, "--where"},
                    WrongUsage{{"aggregate", "s.db", "--value", "l1", "--format", "short", "-o", "o"}, "-o"},
                    WrongUsage{{"weights", "absent.db", "--cell", "00", "-o", "w.safetensors"}, "absent.db"},
                    WrongUsage{{"spectrum"}, "spectrum --help"},
                    WrongUsage{{"spectrum", "absent.safetensors"}, "absent.safetensors"},
                    WrongUsage{{"spectrum", "text.safetensors"}, "text.safetensors"},
                    WrongUsage{{"bench", "--engine", "abacus"}, "abacus"},
                    WrongUsage{{"bench", "--engine", "cpu", "--networks", "4"}, "--engine gemm"},
                    WrongUsage{{"devices", "all"}, "all"}));

class HelpTest : public ProgramTest, public testing::WithParamInterface<const char*> {};

TEST_P(HelpTest, IsPrintedWithAnExample) {
  const Outcome outcome = modsweep({GetParam(), "--help"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.err, "");
  EXPECT_NE(outcome.out.find("Example"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(std::string("modsweep ") + GetParam()), std::string::npos) << outcome.out;
}

const std::vector<const char*> commands = {
#define MODSWEEP_COMMAND(name) #name,
#include "cli/commands.def"
#undef MODSWEEP_COMMAND
};
INSTANTIATE_TEST_SUITE_P(Commands, HelpTest, testing::ValuesIn(commands));

class UsageTest : public ProgramTest {};

TEST_F(UsageTest, HelpAndVersionGoToStandardOutput) {
  for (const char* option : {"--help", "-h", "--version", "-V"}) {
    const Outcome outcome = modsweep({option});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_EQ(outcome.out.find("modsweep") == std::string::npos, false);
  }
}

TEST_F(UsageTest, VersionTellsWhatTheProgramWasBuiltWith) {
  const Outcome outcome = modsweep({"-V"});
  EXPECT_TRUE(outcome.out.starts_with("modsweep " MODSWEEP_VERSION "\ncommit ")) << outcome.out;
  for (const char* what : {"\ncompiler  ", "\ninstruction sets  x86-64", " (used here)", "\nCUDA  ",
                           "\nSQLite  ", "\nstore format      7\n"})
    EXPECT_NE(outcome.out.find(what), std::string::npos) << what << "\n" << outcome.out;
  EXPECT_EQ(outcome.out, modsweep({"--version"}).out);
}

TEST_F(UsageTest, HelpIsACommandToo) {
  EXPECT_EQ(modsweep({"help"}).out, modsweep({"--help"}).out);
  EXPECT_EQ(modsweep({"help", "run"}).out, modsweep({"run", "--help"}).out);
  EXPECT_EQ(modsweep({"help", "fit", "law"}).out, modsweep({"fit", "any.db", "law", "--help"}).out);
  EXPECT_NE(modsweep({"help", "fit", "law"}).out, modsweep({"help", "fit"}).out);
  EXPECT_NE(modsweep({"help"}).out, modsweep({"help", "run"}).out);
  expect_error(modsweep({"help", "rnu"}), 2, {"there is no command 'rnu'; did you mean run?"});
  expect_error(modsweep({"help", "law", "x"}), 2, {"there is no command 'law'"});
  expect_error(modsweep({"help", "fit", "law", "x"}), 2, {"law has no kinds; leave 'x' out"});
  expect_error(modsweep({"help", "run", "x"}), 2, {"run has no kinds; leave 'x' out"});
  expect_error(modsweep({"help", "fit", "lwa"}), 2, {"there is no kind of fit 'lwa'; did you mean law?"});
}

// What the option says of the store's name is what happens.
TEST_F(UsageTest, AStoreIsNamedAfterTheFileOfTheSweep) {
  write("file-name.toml", "name = \"own-name\"\n[network]\nhidden = [2]\n[training]\nsteps = 1\n");
  EXPECT_NE(modsweep({"help", "run"}).out.find("the sweep file's name with .db, in this folder"),
            std::string::npos);
  ASSERT_EQ(modsweep({"run", "file-name.toml", "--quiet"}).code, 0);
  EXPECT_EQ(files(), (std::vector<std::string>{"file-name.db", "file-name.toml"}));
}

TEST_F(UsageTest, DevicesNamesEveryEngine) {
  const Outcome outcome = modsweep({"devices"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(outcome.out.starts_with("cpu: ")) << outcome.out;
  EXPECT_NE(outcome.out.find("\ngemm: "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("\nfused: "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find(": packs may take "), std::string::npos) << outcome.out;
}

TEST_F(UsageTest, AFullDiskBehindStandardOutputIsAFailure) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"run", "--help"}, {"devices"}})
    expect_error(modsweep(arguments, "/dev/full"), 3, {"standard output", "No space left"});
}

}  // namespace
}  // namespace modsweep
