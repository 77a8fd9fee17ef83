// How the program reports a GPU module of another build.
#include "engines/gpu_module.h"

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "modsweep/version.h"

namespace modsweep::test {
namespace {

using testing::HasSubstr;

TEST(GpuModule, OfAnotherBuildIsRefusedBeforeItIsCalled) {
  // The driver; open_gpu then finds it by its name.
  ASSERT_NE(::dlopen(MODSWEEP_NO_DRIVER, RTLD_LAZY), nullptr);
  const GpuAccess gpu = open_gpu(MODSWEEP_OTHER_BUILD);
  EXPECT_EQ(gpu.module, nullptr);
  EXPECT_TRUE(gpu.driver_idle) << "the user wants to know that a GPU is not used";
  EXPECT_THAT(gpu.reason, HasSubstr("is of 0.0.9, commit 1234567, this program of " + build_text()));
  EXPECT_EQ(gpu.reason.find('\n'), std::string::npos);
}

TEST(GpuModule, WithoutABuildIsOfAnotherOne) {
  ASSERT_NE(::dlopen(MODSWEEP_NO_DRIVER, RTLD_LAZY), nullptr);
  EXPECT_THAT(open_gpu(MODSWEEP_NO_DRIVER).reason, HasSubstr("is of an unknown build"));
}

TEST(BuildText, HasVersionAndCommit) {
  EXPECT_EQ(build_text(), program_version() + ", commit " + program_revision());
}

}  // namespace
}  // namespace modsweep::test
