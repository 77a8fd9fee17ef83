#include "engines/gpu_module.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "modsweep/version.h"

namespace modsweep {
namespace {

/// Where the module may be: beside the program in a build, in the library folder if installed.
std::vector<std::filesystem::path> places_of_module() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  return {folder / MODSWEEP_GPU_MODULE, (folder / MODSWEEP_GPU_MODULE_INSTALLED).lexically_normal()};
}

/// Why there is no module in these places.
std::string no_module(const std::vector<std::filesystem::path>& places) {
  if (cuda_version().empty()) return "this build has no GPU engines; build it where nvcc is on the PATH";
  std::vector<std::string> folders;
  for (const auto& place : places) folders.push_back(place.parent_path().string());
  return fmt::format(
      "{} is not beside the program (looked in {}); link to the program instead of copying it, or install "
      "both with cmake --install",
      MODSWEEP_GPU_MODULE, fmt::join(folders, ", "));
}

bool driver_loads() {
  return ::dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL) != nullptr;
}

std::string last_error() {
  const char* text = ::dlerror();
  return text == nullptr ? "unknown reason" : text;
}

}  // namespace

std::string_view cuda_version() {
  return MODSWEEP_CUDA_VERSION;
}

GpuAccess open_gpu(std::filesystem::path path) {
  GpuAccess access;
  std::error_code error;
  const auto places = path.empty() ? places_of_module() : std::vector{path};
  const auto found =
      std::ranges::find_if(places, [&](const auto& place) { return std::filesystem::exists(place, error); });
  if (found == places.end()) {
    access.reason = no_module(places);
    access.driver_idle = driver_loads();
    return access;
  }
  path = *found;
  // The driver first: it is small, and without it CUDA's large libraries are useless.
  if (!driver_loads()) {
    access.reason = "this machine has no NVIDIA driver (libcuda.so.1)";
    return access;
  }
  access.driver_idle = true;
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
    GpuDevices devices = module->devices();
    access.devices = std::move(devices.usable);
    access.skipped = std::move(devices.skipped);
  } catch (const std::exception& error) {
    access.reason = error.what();
    return access;
  }
  access.driver_idle = !access.skipped.empty();
  if (!access.devices.empty())
    access.module = module;
  else if (access.skipped.empty())
    access.reason = "the NVIDIA driver shows no device";
  else
    access.reason = fmt::format("{}", fmt::join(access.skipped, "; "));
  return access;
}

}  // namespace modsweep
