// A GPU module of another build: a program that asks it for anything but its build dies.
#include <cstdlib>

extern "C" __attribute__((visibility("default"))) const char* modsweep_gpu_build() {
  return "0.0.9, commit 1234567";
}

extern "C" __attribute__((visibility("default"))) const void* modsweep_gpu_module() {
  std::abort();
}
