// Times of a backend's launches, by kernel.
#pragma once

#include "device/handles.h"
#include "pack/product.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <string>
#include <typeinfo>
#include <vector>

#include <cxxabi.h>

namespace modsweep::device {

/// Records events before and after a launch and waits for it. For one backend, which it must outlive.
class KernelTimer {
 public:
  struct Times {
    std::vector<double> microseconds;
    double operations = 0.0;  ///< of the largest launch; 0: not counted
    double bytes = 0.0;       ///< necessary reads and writes of the largest launch; 0: not counted
    double all_bytes = 0.0;   ///< of all launches
  };

  explicit KernelTimer(int device) {
    MODSWEEP_CHECK(cudaSetDevice(device));
    begin_ = make_event();
    end_ = make_event();
  }

  void begin(cudaStream_t stream) { MODSWEEP_CHECK(cudaEventRecord(begin_.get(), stream)); }

  /// A kernel may state its necessary reads and writes by a member bytes().
  template <typename F>
  void end(cudaStream_t stream, const F& kernel) {
    double bytes = 0.0;
    if constexpr (requires { kernel.bytes(); }) bytes = kernel.bytes();
    end(stream, kernel_name(typeid(F).name()), 0.0, bytes);
  }
  template <typename T>
  void end(cudaStream_t stream, const pack::BatchedProduct<T>& g) {
    const char* transposed = g.a.transposed ? " tn" : g.b.transposed ? " nt" : " nn";
    end(stream,
        "gemm " + std::to_string(g.rows) + "x" + std::to_string(g.columns) + "x" + std::to_string(g.inner) +
            transposed,
        2.0 * g.rows * g.columns * g.inner * g.networks, g.bytes());
  }

  [[nodiscard]] const std::map<std::string, Times>& times() const { return times_; }
  void forget() { times_.clear(); }

 private:
  void end(cudaStream_t stream, const std::string& name, double operations, double bytes) {
    MODSWEEP_CHECK(cudaEventRecord(end_.get(), stream));
    MODSWEEP_CHECK(cudaEventSynchronize(end_.get()));
    float milliseconds = 0.0F;
    MODSWEEP_CHECK(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()));
    Times& entry = times_[name];
    entry.microseconds.push_back(1e3 * static_cast<double>(milliseconds));
    entry.operations = std::max(entry.operations, operations);
    entry.bytes = std::max(entry.bytes, bytes);
    entry.all_bytes += bytes;
  }

  /// "modsweep::pack::ForwardUnits<float>" mangled: "ForwardUnits".
  static std::string kernel_name(const char* mangled) {
    int status = 0;
    char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    std::string name = status == 0 ? text : mangled;
    std::free(text);
    name = name.substr(0, name.find('<'));
    return name.substr(name.rfind(':') + 1);
  }

  Event begin_;
  Event end_;
  std::map<std::string, Times> times_;
};

}  // namespace modsweep::device
