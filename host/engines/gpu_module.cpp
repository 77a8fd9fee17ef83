#include "engines/gpu_module.h"

#include <exception>

#include <dlfcn.h>
#include <fmt/format.h>

#include "modsweep/version.h"

namespace modsweep {
namespace {

/// Finds the module: beside the program in a build, in the library folder if installed. Empty if absent.
std::filesystem::path find_module() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return {};
  const auto folder = program.parent_path();
  for (const auto& candidate : {folder / MODSWEEP_GPU_MODULE, folder / MODSWEEP_GPU_MODULE_INSTALLED})
    if (std::filesystem::exists(candidate, error)) return candidate;
  return {};
}

std::string last_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "unknown reason" : text;
}

}  // namespace

GpuAccess open_gpu(std::filesystem::path path) {
  GpuAccess access;
  if (path.empty()) path = find_module();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    access.reason = "this build has no GPU engines; build it where nvcc is on the PATH";
    return access;
  }
  // The driver first: it is small, and without it CUDA's large libraries are useless.
  if (::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) == nullptr) {
    access.reason = "this machine has no NVIDIA driver (libcuda.so.1)";
    return access;
  }
  void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    access.reason = fmt::format("{} cannot be loaded: {}", path.string(), last_error());
    return access;
  }
  const auto build = reinterpret_cast<const char* (*)()>(::dlsym(library, gpu_build_symbol));
  const auto module_of = reinterpret_cast<const GpuModule* (*)()>(::dlsym(library, gpu_module_symbol));
  const std::string built = build == nullptr ? "an unknown build" : build();
  if (module_of == nullptr || built != build_text()) {
    access.reason = fmt::format("{} is of {}, this program of {}; build or install both together",
                                path.string(), built, build_text());
    return access;
  }
  const GpuModule* module = module_of();
  try {
    access.devices = module->devices();
  } catch (const std::exception& error) {
    access.reason = error.what();
    return access;
  }
  if (access.devices.empty())
    access.reason = "the NVIDIA driver shows no device";
  else
    access.module = module;
  return access;
}

}  // namespace modsweep
