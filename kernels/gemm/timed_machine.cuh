// A CUDA device that times what it is asked for, kernel by kernel.
#pragma once

#include "device/machine.cuh"
#include "gemm/units.h"
#include "gemm/update.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <typeinfo>
#include <vector>

#include <cxxabi.h>

namespace modsweep::gemm {

/// Microseconds of work on a stream, by events.
class StreamTimer {
 public:
  explicit StreamTimer(cudaStream_t stream) : stream_(stream) {}
  template <typename Work>
  [[nodiscard]] double operator()(const Work& work) {
    MODSWEEP_CHECK(cudaEventRecord(begin_.get(), stream_));
    work();
    MODSWEEP_CHECK(cudaEventRecord(end_.get(), stream_));
    MODSWEEP_CHECK(cudaEventSynchronize(end_.get()));
    float milliseconds = 0.0F;
    MODSWEEP_CHECK(cudaEventElapsedTime(&milliseconds, begin_.get(), end_.get()));
    return 1e3 * static_cast<double>(milliseconds);
  }

 private:
  cudaStream_t stream_;
  device::Event begin_ = device::make_event();
  device::Event end_ = device::make_event();
};

/// Bytes that a kernel cannot help reading and writing; 0 where they are not what limits it.
template <typename F>
double bytes_of(const F&) {
  return 0.0;
}
template <typename T>
double rows_of(const PackView<T>& v, const Layer& layer) {
  return static_cast<double>(sizeof(T) * v.networks * v.batch) * layer.output_stride;
}
template <typename T>
double bytes_of(const ForwardUnits<T>& f) {
  return 2.0 * rows_of(f.v, f.layer);  // z, g
}
template <typename T>
double bytes_of(const BackwardUnits<T>& f) {
  return 3.0 * rows_of(f.v, f.layer);  // z, delta in and out
}
template <typename T>
double bytes_of(const Update<T>& f) {
  return 7.0 * static_cast<double>(sizeof(T) * f.v.networks * f.v.parameter_stride);  // p, m, v in and out; g
}

/// A machine that times what it is asked for instead of recording it.
class TimedMachine : public device::Machine {
 public:
  struct Times {
    std::vector<double> microseconds;
    double operations = 0.0;
    double bytes = 0.0;
  };
  using Recording = std::function<void()>;

  explicit TimedMachine(int index) : Machine(index), timer_(stream()) {}

  template <typename F>
  void for_each(std::uint32_t networks, std::uint32_t items, const F& f) {
    note(kernel_name(typeid(F).name()), 0.0, bytes_of(f), [&] { Machine::for_each(networks, items, f); });
  }
  template <typename T>
  void multiply(const BatchedProduct<T>& g) {
    const std::string name = "gemm " + std::to_string(g.rows) + "x" + std::to_string(g.columns) + "x" +
                             std::to_string(g.inner) +
                             (g.a.transposed   ? " tn"
                              : g.b.transposed ? " nt"
                                               : " nn");
    const double operations = 2.0 * g.rows * g.columns * g.inner * g.networks;
    note(name, operations, 0.0, [&] { Machine::multiply(g); });
  }
  [[nodiscard]] Recording record(Recording work) { return work; }
  void replay(const Recording& recording, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) recording();
  }

  [[nodiscard]] const std::map<std::string, Times>& times() const { return times_; }
  void forget() { times_.clear(); }

 private:
  /// "modsweep::gemm::ForwardUnits<float>" mangled: "ForwardUnits".
  static std::string kernel_name(const char* mangled) {
    int status = 0;
    char* text = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
    std::string name = status == 0 ? text : mangled;
    std::free(text);
    name = name.substr(0, name.find('<'));
    return name.substr(name.rfind(':') + 1);
  }
  template <typename Work>
  void note(const std::string& name, double operations, double bytes, const Work& work) {
    Times& entry = times_[name];
    entry.microseconds.push_back(timer_(work));
    entry.operations = std::max(entry.operations, operations);
    entry.bytes = std::max(entry.bytes, bytes);
  }

  StreamTimer timer_;
  std::map<std::string, Times> times_;
};

}  // namespace modsweep::gemm
