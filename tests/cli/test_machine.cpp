// What the program uses of the machine: the processors of its CPU mask, and a GPU whose module is missing.
#include "environment.h"
#include "program.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sched.h>
#include <sys/resource.h>

namespace modsweep {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;
using testing_support::EnvironmentVariable;
using testing_support::expect_error;
using testing_support::Outcome;
using testing_support::ProgramTest;

constexpr const char* sweep_of_one_step = "name = \"tiny\"\n[network]\nhidden = [2]\n[training]\nsteps = 1\n";

class MachineTest : public ProgramTest {
 protected:
  MachineTest() { write("tiny.toml", sweep_of_one_step); }

  /// Leaves the new process one processor.
  static void one_processor() {
    cpu_set_t mask;
    if (::sched_getaffinity(0, sizeof mask, &mask) != 0) ::_exit(125);
    int first = 0;
    while (!CPU_ISSET(first, &mask)) ++first;
    CPU_ZERO(&mask);
    CPU_SET(first, &mask);
    if (::sched_setaffinity(0, sizeof mask, &mask) != 0) ::_exit(125);
  }
};

TEST_F(MachineTest, TheCpuMaskLimitsTheThreads) {
  const json devices = json::parse(modsweep({"devices", "--format", "json"}, "", one_processor).out);
  EXPECT_EQ(devices.at("machine").at("threads"), 1);
  EXPECT_THAT(devices.at("engines").at(0).at("devices").at(0).at("device").get<std::string>(),
              HasSubstr(", 1 thread"));
  EXPECT_THAT(modsweep({"run", "tiny.toml", "--engine", "cpu"}, "", one_processor).err,
              HasSubstr(", 1 thread)"));
  const Outcome plan = modsweep({"plan", "tiny.toml", "-o", "new.db", "--engine", "cpu"}, "", one_processor);
  EXPECT_THAT(plan.out, HasSubstr(", 1 thread: packs may take"));
  const auto whole = devices.at("machine").at("threads_of_machine").get<int>();
  if (whole == 1) GTEST_SKIP() << "the machine has one processor";
  EXPECT_EQ(devices.at("machine").at("threads_limited_by"), "CPU mask");
  const std::string limit = "1 of " + std::to_string(whole) + " processors by the CPU mask";
  EXPECT_THAT(plan.out, HasSubstr("limited to    " + limit));
  EXPECT_THAT(modsweep({"devices"}, "", one_processor).out, HasSubstr("limited to: " + limit));
}

TEST_F(MachineTest, ALimitOnAddressSpaceLimitsTheMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more address space than any machine has memory";
#endif
  constexpr rlim_t bytes = rlim_t{1} << 30U;
  const Outcome outcome = modsweep({"devices", "--format", "json"}, "", [] {
    const rlimit limit{bytes, bytes};
    ::setrlimit(RLIMIT_AS, &limit);
  });
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const json machine = json::parse(outcome.out).at("machine");
  EXPECT_EQ(machine.at("memory_bytes"), bytes);
  EXPECT_EQ(machine.at("memory_limited_by"), "address space limit (ulimit -v)");
  EXPECT_EQ(json::parse(outcome.out).at("engines").at(0).at("devices").at(0).at("memory_bytes"), bytes / 2);
}

// A copy of the program, without the module that may be beside the original.
class CopiedProgramTest : public MachineTest {
 protected:
  CopiedProgramTest() {
    std::filesystem::create_directory(path("bin"));
    std::filesystem::copy_file(MODSWEEP_PROGRAM, path("bin/modsweep"));
  }

  [[nodiscard]] Outcome copied(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), path("bin/modsweep"));
    return modsweep({"devices"}, "", [arguments]() mutable {
      std::vector<char*> argv;
      for (std::string& argument : arguments) argv.push_back(argument.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    });
  }

  /// Why it has no GPU engines: a program that was built with them says where it looked.
  [[nodiscard]] std::string reason() const {
    if (modsweep({"--version"}).out.find("CUDA              not compiled in") != std::string::npos)
      return "this build has no GPU engines; build it where nvcc is on the PATH";
    return "libmodsweep_gpu.so is not beside the program (looked in " + path("bin") + ", " + path("lib");
  }
};

TEST_F(CopiedProgramTest, SaysTrulyWhyItHasNoGpuEngines) {
  const Outcome outcome = copied({"devices"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("cannot be used here: " + reason()));
  expect_error(copied({"run", "tiny.toml", "--engine", "gemm"}), 2, {reason()});
}

TEST_F(CopiedProgramTest, WarnsWhereAGpuMayStayIdle) {
  EXPECT_THAT(copied({"run", "tiny.toml"}).err, Not(HasSubstr("NVIDIA driver")));
  const EnvironmentVariable driver("LD_LIBRARY_PATH", MODSWEEP_NO_DRIVER_FOLDER);
  const std::string warning = "note: this machine has an NVIDIA driver, but no GPU is used: " + reason();
  for (const char* command : {"run", "plan"}) {
    const Outcome outcome = copied({command, "tiny.toml", "-o", std::string(command) + ".db"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_THAT(outcome.err, HasSubstr(warning));
    EXPECT_THAT(copied({command, "tiny.toml", "-o", std::string(command) + "2.db", "--engine", "cpu"}).err,
                Not(HasSubstr("NVIDIA driver")))
        << "who names the CPU means it";
  }
}

}  // namespace
}  // namespace modsweep
