// Tests of the program with the stand-in for CUDA beside it.
#pragma once

#include "cli/program.h"

#include <cstdlib>
#include <string>
#include <vector>

namespace modsweep::testing_support {

class OnHostCuda : public ProgramTest {
 protected:
  OnHostCuda() {
    set("LD_LIBRARY_PATH", MODSWEEP_HOST_CUDA);
    set("XDG_CACHE_HOME", folder_.string());
  }
  ~OnHostCuda() override {
    for (const std::string& name : names_) ::unsetenv(name.c_str());
  }

  /// For processes that start later.
  void set(const std::string& name, const std::string& value) {
    ::setenv(name.c_str(), value.c_str(), 1);
    names_.push_back(name);
  }

 private:
  std::vector<std::string> names_;
};

}  // namespace modsweep::testing_support
