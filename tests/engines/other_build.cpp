// A GPU module of another build: any call except the one for its build id kills the program.
#include <cstdlib>

extern "C" __attribute__((visibility("default"))) const char* modsweep_gpu_build() {
  return "0.0.9, commit 1234567";
}

extern "C" __attribute__((visibility("default"))) const void* modsweep_gpu_module() {
  std::abort();
}
