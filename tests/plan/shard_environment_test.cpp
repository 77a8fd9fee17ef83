// --shard auto: the variables of schedulers and launchers, and variables that do not determine a shard.
#include "plan/shard_environment.h"

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/error.h"

namespace modsweep {
namespace {

using Variables = std::map<std::string, std::string>;

Shard shard_of(const Variables& variables) {
  return shard_of_environment([&](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

struct Known {
  const char* name;
  Variables variables;
  const char* shard;
};

void PrintTo(const Known& known, std::ostream* out) {
  *out << known.name;
}

Variables array(const std::string& id, const std::string& count, const std::string& first,
                const std::string& last = "", const std::string& step = "") {
  return {{"SLURM_ARRAY_TASK_ID", id},
          {"SLURM_ARRAY_TASK_COUNT", count},
          {"SLURM_ARRAY_TASK_MIN", first},
          {"SLURM_ARRAY_TASK_MAX", last},
          {"SLURM_ARRAY_TASK_STEP", step}};
}

Variables with(Variables variables, const Variables& more) {
  variables.insert(more.begin(), more.end());
  return variables;
}

const Variables batch_script = {{"SLURM_JOB_ID", "77"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "4"}};
const Variables in_step = {{"SLURM_JOB_ID", "77"}, {"SLURM_STEP_ID", "0"}};

const std::vector<Known> known = {
    {"array 0-7, first", array("0", "8", "0", "7", "1"), "1/8"},
    {"array 0-7, last", array("7", "8", "0", "7", "1"), "8/8"},
    {"array 1-8, first", array("1", "8", "1", "8", "1"), "1/8"},
    {"array 1-8, last", array("8", "8", "1", "8", "1"), "8/8"},
    {"array 10-80:10", array("30", "8", "10", "80", "10"), "3/8"},
    {"array 0-15:4, the end that Slurm leaves out", array("12", "4", "0", "12", "4"), "4/4"},
    {"array 10-80:10, step not told", array("30", "8", "10", "80"), "3/8"},
    {"array 5-8, only the first told", array("8", "4", "5"), "4/4"},
    {"array 0-7, only the last told", array("7", "8", "", "7"), "8/8"},
    {"array, nothing told but id and count", array("3", "8", ""), "3/8"},
    {"array of one", array("17", "1", "17", "17", "1"), "1/1"},
    {"processes of srun", {{"SLURM_PROCID", "2"}, {"SLURM_NTASKS", "4"}}, "3/4"},
    {"processes of a step whose tasks alone are told",
     {{"SLURM_PROCID", "2"}, {"SLURM_STEP_NUM_TASKS", "4"}},
     "3/4"},
    {"one process of srun", {{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}}, "1/1"},
    {"array and processes",
     with(array("2", "3", "0", "2", "1"), {{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}}), "10/12"},
    {"array of one and processes", with(array("9", "1", "9"), {{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "4"}}),
     "2/4"},
    {"batch script of an array, whose processes nobody started",
     with(array("2", "8", "1", "8", "1"), batch_script), "2/8"},
    {"step of an array", with(with(array("2", "8", "1", "8", "1"), batch_script), in_step), "5/32"},
    {"Open MPI", {{"OMPI_COMM_WORLD_RANK", "5"}, {"OMPI_COMM_WORLD_SIZE", "6"}}, "6/6"},
    {"Open MPI in a batch script",
     with(batch_script, {{"OMPI_COMM_WORLD_RANK", "5"}, {"OMPI_COMM_WORLD_SIZE", "6"}}), "6/6"},
    {"Open MPI, whose daemons srun started",
     with(in_step, {{"SLURM_PROCID", "1"},
                    {"SLURM_NTASKS", "2"},
                    {"OMPI_COMM_WORLD_RANK", "5"},
                    {"OMPI_COMM_WORLD_SIZE", "6"}}),
     "6/6"},
    {"Slurm before Open MPI",
     {{"SLURM_PROCID", "1"},
      {"SLURM_NTASKS", "2"},
      {"OMPI_COMM_WORLD_RANK", "5"},
      {"OMPI_COMM_WORLD_SIZE", "6"}},
     "2/2"},
    {"PMI", {{"PMI_RANK", "0"}, {"PMI_SIZE", "3"}}, "1/3"},
    {"PMIx with a size of Open MPI", {{"PMIX_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "3"}}, "2/3"},
    {"PMIx with a size of PMI", {{"PMIX_RANK", "1"}, {"PMI_SIZE", "3"}}, "2/3"},
    {"PMIx beside Slurm", {{"PMIX_RANK", "1"}, {"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "3"}}, "2/3"},
    {"Kubernetes", {{"JOB_COMPLETION_INDEX", "3"}, {"JOB_COMPLETIONS", "4"}}, "4/4"},
    {"array before Kubernetes",
     with(array("2", "8", "1", "8", "1"), {{"JOB_COMPLETION_INDEX", "3"}, {"JOB_COMPLETIONS", "4"}}), "2/8"},
    {"set to nothing counts as not set",
     {{"SLURM_ARRAY_TASK_ID", ""}, {"SLURM_ARRAY_TASK_COUNT", ""}, {"PMI_RANK", "0"}, {"PMI_SIZE", "2"}},
     "1/2"},
};

class KnownEnvironment : public testing::TestWithParam<Known> {};

TEST_P(KnownEnvironment, TellsTheShard) {
  EXPECT_EQ(shard_of(GetParam().variables).text(), GetParam().shard);
}

INSTANTIATE_TEST_SUITE_P(Cases, KnownEnvironment, testing::ValuesIn(known));

struct Refused {
  Variables variables;
  std::vector<std::string> parts;  ///< parts of the message
};

void PrintTo(const Refused& refused, std::ostream* out) {
  for (const auto& [name, value] : refused.variables) *out << name << '=' << value << ' ';
}

const std::vector<Refused> refused = {
    {{}, {"SLURM_ARRAY_TASK_ID", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMI_RANK", "JOB_COMPLETION_INDEX"}},
    {{{"SLURM_JOB_ID", "77"}}, {"srun"}},
    {batch_script, {"srun", "job array"}},
    {{{"SLURM_ARRAY_TASK_ID", "3"}}, {"SLURM_ARRAY_TASK_COUNT"}},
    {{{"SLURM_ARRAY_TASK_COUNT", "3"}}, {"SLURM_ARRAY_TASK_ID"}},
    {array("x", "8", "0"), {"SLURM_ARRAY_TASK_ID", "'x'"}},
    {array("-1", "8", "0"), {"SLURM_ARRAY_TASK_ID", "'-1'"}},
    {array("1", "8.0", "0"), {"SLURM_ARRAY_TASK_COUNT", "'8.0'"}},
    {array("1", "0", "0"), {"SLURM_ARRAY_TASK_COUNT"}},
    {array("1", "99999999999999999999", "0"), {"SLURM_ARRAY_TASK_COUNT"}},
    {array("1", "8", "a"), {"SLURM_ARRAY_TASK_MIN"}},
    {array("1", "8", "0", "b"), {"SLURM_ARRAY_TASK_MAX"}},
    {array("1", "8", "0", "7", "c"), {"SLURM_ARRAY_TASK_STEP"}},
    {array("1", "8", "0", "7", "0"), {"SLURM_ARRAY_TASK_COUNT", "_STEP"}},
    {array("8", "8", "0", "7", "1"), {"SLURM_ARRAY_TASK_ID is 8"}},
    {array("0", "8", "1", "8", "1"), {"SLURM_ARRAY_TASK_ID is 0"}},
    {array("0", "8", ""), {"SLURM_ARRAY_TASK_ID is 0"}},
    {array("15", "8", "10", "80", "10"), {"SLURM_ARRAY_TASK_ID is 15"}},
    {array("1", "3", "1", "7", "2"), {"3 numbers", "from 1 to 7", "--shard I/N"}},  // 1,3,7
    {array("4", "4", "1", "7", "2"), {"SLURM_ARRAY_TASK_ID is 4"}},                 // 1,3,4,7
    {{{"SLURM_PROCID", "4"}, {"SLURM_NTASKS", "4"}}, {"SLURM_PROCID", "SLURM_NTASKS"}},
    {{{"SLURM_PROCID", "1"}}, {"SLURM_NTASKS"}},
    {{{"OMPI_COMM_WORLD_RANK", "1"}}, {"OMPI_COMM_WORLD_SIZE"}},
    {{{"OMPI_COMM_WORLD_SIZE", "1"}}, {"OMPI_COMM_WORLD_RANK"}},
    {{{"PMI_RANK", "one"}, {"PMI_SIZE", "2"}}, {"PMI_RANK", "'one'"}},
    {{{"PMI_RANK", "2"}, {"PMI_SIZE", "2"}}, {"PMI_RANK is 2"}},
    {{{"PMIX_RANK", "1"}}, {"PMIX_RANK"}},
    {{{"JOB_COMPLETION_INDEX", "1"}}, {"JOB_COMPLETIONS", "spec.completions"}},
    {{{"JOB_COMPLETION_INDEX", "4"}, {"JOB_COMPLETIONS", "4"}}, {"JOB_COMPLETION_INDEX is 4"}},
    {{{"PMI_RANK", "1"}, {"PMI_SIZE", "2000000"}}, {"PMI_SIZE"}},
    {with(array("2", "2000", "1", "2000", "1"), {{"SLURM_PROCID", "1"}, {"SLURM_NTASKS", "2000"}}),
     {"4000000"}},
};

class RefusedEnvironment : public testing::TestWithParam<Refused> {};

TEST_P(RefusedEnvironment, IsNamed) {
  for (const std::string& part : GetParam().parts)
    EXPECT_THAT([] { (void)shard_of(GetParam().variables); },
                testing::ThrowsMessage<InputError>(testing::HasSubstr(part)));
  try {
    (void)shard_of(GetParam().variables);
  } catch (const InputError& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, RefusedEnvironment, testing::ValuesIn(refused));

}  // namespace
}  // namespace modsweep
