// Recurrent networks with the program alone: from a sweep file to tables, tensors and pictures.
#include "program.h"
#include "run/store_rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/safetensors.h"

namespace modsweep {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;
using testing_support::query_rows;
using testing_support::read_text;

/// Nearly any accuracy is enough to grow.
constexpr const char* growing_sweep = R"(
name = "growing"
[network]
family = "recurrent"
units = 3
[training]
batch_size = 8
[growth]
epochs = 3
epoch_steps = 4
test_batches = 2
threshold = 0
[measure]
continuous_steps = 20
[axes]
"training.seed" = [0, 1]
)";

class RecurrentTest : public ProgramTest {
 protected:
  RecurrentTest() { write("growing.toml", growing_sweep); }

  [[nodiscard]] std::string run(const std::vector<std::string>& options) const {
    std::vector<std::string> arguments = {"run", "growing.toml"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    const Outcome outcome = modsweep(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  }
  [[nodiscard]] std::string exported(const std::string& store, const std::string& table) const {
    const Outcome outcome = modsweep({"export", store, "--table", table});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  }
  static std::ptrdiff_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }
};

TEST_F(RecurrentTest, RunEndsWithWhatWasSolvedAndTablesFollow) {
  EXPECT_THAT(run({}), HasSubstr("cells  N solved  accuracy  parameters\n"));
  EXPECT_EQ(lines(exported("growing.db", "results")), 1 + 2);
  EXPECT_EQ(lines(exported("growing.db", "history")), 1 + 2 * 3);
  EXPECT_THAT(exported("growing.db", "history"), HasSubstr(",epoch,task,n_solved,accuracy,mean_accuracy,"));
  EXPECT_EQ(lines(exported("growing.db", "heads")), 1 + 2 * (1 + 2 + 3)) << "a head more in each epoch";
  EXPECT_EQ(lines(exported("growing.db", "modules")), 1 + 2 * (1 + 2 + 3));
  EXPECT_EQ(lines(exported("growing.db", "continuous")), 1 + 2 * 3);
  EXPECT_EQ(lines(exported("growing.db", "conservation")), 1 + 2 * 2);
  const Outcome again = modsweep({"run", "growing.toml"});
  EXPECT_THAT(again.err, HasSubstr("all 2 cells are done"));
}

TEST_F(RecurrentTest, TensorsHaveTheirNames) {
  (void)run({});
  ASSERT_EQ(modsweep({"weights", "growing.db", "-o", "all.safetensors"}).code, 0);
  const TensorFile all = read_safetensors(path("all.safetensors"));
  EXPECT_THAT(all.tensors.at("W_R0").shape, ElementsAre(2, 3, 3));
  EXPECT_THAT(all.tensors.at("tau2").shape, ElementsAre(2, 3));
  EXPECT_EQ(all.metadata.at("shape"), "3 recurrent modules of 3");
  const std::string results = exported("growing.db", "results");
  const std::string cell = results.substr(results.find('\n') + 1, 17);
  ASSERT_EQ(modsweep({"weights", "growing.db", "--cell", cell, "-o", "one.safetensors"}).code, 0);
  const TensorFile one = read_safetensors(path("one.safetensors"));
  EXPECT_EQ(one.tensors.size(), 5U + 2 * 7 + 3 * 2) << "module 0, modules 1 and 2, three heads";
  EXPECT_THAT(one.tensors.at("W_FF1").shape, ElementsAre(3, 3));
  EXPECT_THAT(one.tensors.at("W_O2").shape, ElementsAre(2, 3));
  EXPECT_THAT(one.tensors.at("b_O2").shape, ElementsAre(2));
  for (std::size_t unit = 0; unit < 3; ++unit) EXPECT_EQ(one.tensors.at("W_R1").values[4 * unit], 0.0);
  EXPECT_EQ(one.tensors.at("W_R1").dtype, "F32");
}

TEST_F(RecurrentTest, ALongerRunGoesOnWhereAShorterOneEnded) {
  (void)run({"--set", "growth.epochs=2", "--set", "measure.state=true", "-o", "both.db"});
  const Outcome longer = modsweep({"run", "growing.toml", "-o", "both.db"});
  EXPECT_EQ(longer.code, 0) << longer.err;
  EXPECT_THAT(longer.err, HasSubstr("2 cells go on where finished cells of fewer steps ended"));
  EXPECT_THAT(longer.err, HasSubstr("2/2 cells, 8 network-steps"));
  (void)run({"-o", "whole.db"});
  std::string ids;
  for (const std::string& id : query_rows(path("whole.db"), "SELECT id FROM cells"))
    ids += (ids.empty() ? "'" : ", '") + id.substr(0, id.size() - 1) + "'";
  for (const std::string table : {"heads", "modules", "continuous", "conservation"}) {
    const std::string columns = table == "modules"        ? "t.step, module, timescale"
                                : table == "conservation" ? "t.step, module, recurrent, feedforward"
                                                          : "t.step, n, accuracy";
    const auto rows = [&](const std::string& store) {
      return query_rows(path(store), "SELECT c.id, " + columns + " FROM " + table +
                                         " t JOIN cells c ON c.num = t.cell WHERE c.id IN (" + ids +
                                         ") ORDER BY 1, 2, 3");
    };
    EXPECT_FALSE(rows("whole.db").empty()) << table;
    EXPECT_EQ(rows("both.db"), rows("whole.db")) << table;
  }
}

TEST_F(RecurrentTest, PlanTellsTheMostThatGrowthCosts) {
  const Outcome plan = modsweep({"plan", "growing.toml"});
  EXPECT_EQ(plan.code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("3 recurrent modules of 3, batch 8, fp32"));
  EXPECT_THAT(plan.out, HasSubstr("growth        2 cells may solve a task in each epoch"));
}

TEST_F(RecurrentTest, WhatIsNotForThemIsRefusedInOneLine) {
  (void)run({});
  const std::string results = exported("growing.db", "results");
  const std::string cell = results.substr(results.find('\n') + 1, 17);
  expect_error(modsweep({"run", "growing.toml", "-o", "g.db", "--engine", "fused_3xtf32"}), 2,
               {"engine fused_3xtf32 does not train recurrent networks; use --engine auto"});
  expect_error(modsweep({"modules", "growing.db", "--cell", cell}), 2, {"without blocks"});
  expect_error(modsweep({"plot", "growing.db", "network", "-o", "n.svg"}), 2, {"3 recurrent modules of 3"});
  expect_error(modsweep({"run", "growing.toml", "-o", "g.db", "--set", "training.steps=5"}), 2,
               {"training.steps = 5 means nothing with network.family = \"recurrent\""});
}

TEST_F(RecurrentTest, PageAndPictureAreMade) {
  (void)run({});
  EXPECT_EQ(modsweep({"plot", "growing.db", "--script", "p.gp"}).code, 0);
  EXPECT_THAT(read_text(path("p.gp")), HasSubstr("n_solved"));
  const Outcome page = modsweep({"report", "growing.db", "-o", "page.html"});
  EXPECT_EQ(page.code, 0) << page.err;
  EXPECT_THAT(read_text(path("page.html")), HasSubstr("n_solved"));
}

}  // namespace
}  // namespace modsweep
