// Sets an environment variable for the programs that a test starts.
#pragma once

#include <cstdlib>
#include <string>

namespace modsweep::testing_support {

/// Sets the variable during its lifetime; it must not be set before.
class EnvironmentVariable {
 public:
  EnvironmentVariable(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  ~EnvironmentVariable() { ::unsetenv(name_); }
  EnvironmentVariable(const EnvironmentVariable&) = delete;
  EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

 private:
  const char* name_;
};

}  // namespace modsweep::testing_support
