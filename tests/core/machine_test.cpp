// Processors and memory that a process may use, from made-up trees of /proc and /sys.
#include "core/machine.h"

#include "core/parallel.h"
#include "support/temporary_folder.h"

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <sched.h>

namespace modsweep {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Optional;

constexpr const char* mount_2 =
    "24 1 0:22 / / rw - ext4 /dev/root rw\n"
    "31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* mounts_1 =
    "31 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 24 0:27 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
    "33 24 0:28 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n";
constexpr const char* none_1 = "9223372036854771712\n";  // what version 1 writes for no limit

class MachineTest : public testing::Test {
 protected:
  void write(const std::map<std::string, std::string>& files) const {
    for (const auto& [name, text] : files) {
      fs::create_directories((root_ / name).parent_path());
      std::ofstream(root_ / name) << text;
    }
  }
  [[nodiscard]] CgroupLimits limits() const { return cgroup_limits(root_); }
  void expect_none() const {
    EXPECT_EQ(limits().processors, std::nullopt);
    EXPECT_EQ(limits().memory, std::nullopt);
  }

  test::TemporaryFolder temporary_;
  const fs::path root_ = temporary_.path();
};

TEST_F(MachineTest, WithoutControlGroupsNothingIsLimited) {
  expect_none();
  write({{"proc/self/cgroup", "0::/\n"}});
  expect_none();
  write({{"proc/self/mountinfo", mount_2}});
  expect_none();
}

TEST_F(MachineTest, OfVersion2TheLeastOfAGroupAndThoseAboveItHolds) {
  write({{"proc/self/cgroup", "0::/job.slice/step_0\n"},
         {"proc/self/mountinfo", mount_2},
         {"sys/fs/cgroup/job.slice/cpu.max", "150000 100000\n"},
         {"sys/fs/cgroup/job.slice/memory.max", "8000000000\n"},
         {"sys/fs/cgroup/job.slice/step_0/cpu.max", "max 100000\n"},
         {"sys/fs/cgroup/job.slice/step_0/memory.max", "max\n"}});
  EXPECT_THAT(limits().processors, Optional(1.5));
  EXPECT_THAT(limits().memory, Optional(8000000000U));
  write({{"sys/fs/cgroup/job.slice/step_0/cpu.max", "50000 100000\n"},
         {"sys/fs/cgroup/job.slice/step_0/memory.max", "9000000000\n"},
         {"sys/fs/cgroup/job.slice/step_0/memory.high", "4000000000\n"}});
  EXPECT_THAT(limits().processors, Optional(0.5));
  EXPECT_THAT(limits().memory, Optional(4000000000U));
}

TEST_F(MachineTest, OfVersion1EachControllerHasItsFolder) {
  write({{"proc/self/cgroup", "12:cpuset:/other\n9:memory:/slurm/job_7\n4:cpu,cpuacct:/slurm/job_7\n"},
         {"proc/self/mountinfo", mounts_1},
         {"sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us", "-1\n"},
         {"sys/fs/cgroup/cpu,cpuacct/slurm/job_7/cpu.cfs_period_us", "100000\n"},
         {"sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", none_1}});
  expect_none();
  write({{"sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_quota_us", "400000\n"},
         {"sys/fs/cgroup/cpu,cpuacct/slurm/cpu.cfs_period_us", "100000\n"},
         {"sys/fs/cgroup/memory/slurm/job_7/memory.limit_in_bytes", "1000000\n"},
         {"sys/fs/cgroup/cpuset/other/cpu.cfs_quota_us", "1\n"},
         {"sys/fs/cgroup/cpuset/other/cpu.cfs_period_us", "100000\n"}});
  EXPECT_THAT(limits().processors, Optional(4.0));
  EXPECT_THAT(limits().memory, Optional(1000000U));
}

TEST_F(MachineTest, InAHybridBothVersionsLimit) {
  write({{"proc/self/cgroup", "9:memory:/a\n0::/b\n"},
         {"proc/self/mountinfo",
          std::string(mounts_1) + "34 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
         {"sys/fs/cgroup/memory/a/memory.limit_in_bytes", "5000\n"},
         {"sys/fs/cgroup/unified/b/cpu.max", "200000 100000\n"}});
  EXPECT_THAT(limits().processors, Optional(2.0));
  EXPECT_THAT(limits().memory, Optional(5000U));
}

// Docker without a namespace of its own: the path in /proc/self/cgroup is the host's, and so is the mount's
// root.
TEST_F(MachineTest, AContainerSeesItsGroupAtTheMount) {
  write(
      {{"proc/self/cgroup", "9:memory:/docker/c1/inner\n"},
       {"proc/self/mountinfo", "33 24 0:28 /docker/c1 /sys/fs/cgroup/memory ro - cgroup cgroup ro,memory\n"},
       {"sys/fs/cgroup/memory/memory.limit_in_bytes", "7000\n"}});
  EXPECT_THAT(limits().memory, Optional(7000U));
  write({{"sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "6000\n"}});
  EXPECT_THAT(limits().memory, Optional(6000U));
  write({{"proc/self/cgroup", "9:memory:/../elsewhere\n"}});
  EXPECT_THAT(limits().memory, Optional(7000U)) << "a group outside of the mount: the mount's own limit";
}

TEST_F(MachineTest, ABlankInAPathIsReadBack) {
  write({{"proc/self/cgroup", "0::/my job\n"},
         {"proc/self/mountinfo", "31 24 0:26 / /sys/control\\040groups rw - cgroup2 cgroup2 rw\n"},
         {"sys/control groups/my job/memory.max", "123\n"}});
  EXPECT_THAT(limits().memory, Optional(123U));
}

TEST_F(MachineTest, WhatIsMalformedLimitsNothing) {
  for (const char* text :
       {"", "\n", "max", "garbage", "-5", "1e999", "12x", "0x10 100000", "max max", "100000 0", "nan 1"}) {
    write({{"proc/self/cgroup", "0::/g\nno colons\n:\n::\n"},
           {"proc/self/mountinfo", std::string("\n-\na - b\n") + mount_2},
           {"sys/fs/cgroup/g/cpu.max", text}});
    EXPECT_EQ(limits().processors, std::nullopt) << text;
  }
  for (const char* text : {"", "max\n", "garbage", "-1", "1e999", "12x", "nan"}) {
    write({{"sys/fs/cgroup/g/memory.max", text}});
    EXPECT_EQ(limits().memory, std::nullopt) << text;
  }
  fs::create_directories(root_ / "sys/fs/cgroup/g/memory.high");  // a folder in the place of a file
  expect_none();
}

TEST_F(MachineTest, TheLeastOfMachineAndGroupCountsAndIsNamed) {
  const MachineLimits whole = read_machine_limits(root_);
  ASSERT_GE(whole.threads.usable, 1U);
  write({{"proc/self/cgroup", "0::/g\n"},
         {"proc/self/mountinfo", mount_2},
         {"sys/fs/cgroup/g/cpu.max", "1000 100000\n"},
         {"sys/fs/cgroup/g/memory.max", "1000000\n"}});
  const MachineLimits small = read_machine_limits(root_);
  EXPECT_EQ(small.threads.usable, 1U) << "a hundredth of a processor is a thread";
  EXPECT_EQ(small.threads.whole, whole.threads.whole);
  EXPECT_EQ(small.memory.usable, 1000000U);
  EXPECT_EQ(small.memory.limited_by, "control group");
  EXPECT_THAT(small.text(), HasSubstr("1.00 MB of "));
  EXPECT_THAT(small.text(), HasSubstr(" of memory by the control group"));
  write({{"sys/fs/cgroup/g/cpu.max", "1000000000000 100000\n"},
         {"sys/fs/cgroup/g/memory.max", "1000000000000000\n"}});
  EXPECT_EQ(read_machine_limits(root_).threads.usable, whole.threads.usable) << "more than the machine has";
  EXPECT_EQ(read_machine_limits(root_).memory.usable, whole.memory.usable);
  EXPECT_EQ(read_machine_limits(root_).text(), whole.text());
}

TEST_F(MachineTest, TheCpuMaskCounts) {
  // In a thread, whose mask is its own.
  std::thread([&] {
    cpu_set_t before, one;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    const MachineLimits masked = read_machine_limits(root_);
    EXPECT_EQ(masked.threads.usable, 1U);
    if (masked.threads.whole > 1) {
      EXPECT_EQ(masked.threads.limited_by, "CPU mask");
      EXPECT_THAT(masked.text(), HasSubstr("1 of "));
    }
  }).join();
}

TEST(HardwareThreads, AreTheUsableOnes) {
  EXPECT_EQ(hardware_threads(), machine_limits().threads.usable);
}

}  // namespace
}  // namespace modsweep
