// Devices, streams, stream captures and events of the stand-in for CUDA's runtime.
#include "host_cuda/runtime.h"

#include <cstdio>
#include <cstdlib>

#include <malloc.h>

namespace modsweep::host_cuda {
namespace {

thread_local int device_of_thread = 0;
thread_local cudaError_t last_error = cudaSuccess;

}  // namespace

std::size_t setting(const char* name, std::size_t usual) {
  const char* text = std::getenv(name);
  return text == nullptr ? usual : std::strtoull(text, nullptr, 10);
}

Runtime::Runtime()
    : properties{.count = static_cast<int>(setting("MODSWEEP_HOST_CUDA_DEVICES", 1)),
                 .memory = setting("MODSWEEP_HOST_CUDA_MEMORY", std::size_t{1} << 30U),
                 .launches = setting("MODSWEEP_HOST_CUDA_LAUNCHES", ~std::size_t{0}),
                 .captures = setting("MODSWEEP_HOST_CUDA_CAPTURES", ~std::size_t{0}),
                 .pools = setting("MODSWEEP_HOST_CUDA_POOLS", 1) != 0,
                 .broken_device = static_cast<int>(setting("MODSWEEP_HOST_CUDA_BROKEN", ~std::size_t{0})),
                 .old_device = static_cast<int>(setting("MODSWEEP_HOST_CUDA_OLD", ~std::size_t{0}))},
      used(static_cast<std::size_t>(properties.count)) {
  // malloc keeps freed memory: otherwise the system would find and clear pages for every buffer, which takes
  // most of the time.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 30);
  ::mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

Runtime& runtime() {
  static Runtime the_runtime;
  return the_runtime;
}

int current_device() {
  return device_of_thread;
}

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

std::shared_ptr<Stream> find(cudaStream_t stream) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  const auto found = r.streams.find(stream);
  return found == r.streams.end() ? nullptr : found->second;
}

bool breaks_own_recording() {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  bool recording = false;
  for (auto& [handle, stream] : r.streams) {
    if (!stream->recording || stream->recorder != std::this_thread::get_id()) continue;
    stream->broken = true;
    recording = true;
  }
  return recording;
}

void break_recordings() {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  for (auto& [handle, stream] : r.streams)
    if (stream->recording && stream->device == current_device()) stream->broken = true;
}

cudaError_t enqueue(cudaStream_t stream, Work work) {
  const auto found = find(stream);
  if (found == nullptr || found->device != current_device()) return report(cudaErrorInvalidResourceHandle);
  const std::lock_guard lock(runtime().mutex);
  if (!found->recording)
    found->queue.push_back(std::move(work));
  else if (found->recorder == std::this_thread::get_id())
    found->recording->works.push_back(std::move(work));
  else
    return report(cudaErrorStreamCaptureUnsupported);
  return cudaSuccess;
}

cudaError_t drain(const std::shared_ptr<Stream>& stream) {
  const std::lock_guard running(stream->running);
  while (true) {
    Work work;
    {
      const std::lock_guard lock(runtime().mutex);
      if (stream->queue.empty()) return cudaSuccess;
      work = std::move(stream->queue.front());
      stream->queue.pop_front();
    }
    try {
      work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "host CUDA: %s\n", error.what());
      return report(cudaErrorLaunchFailure);
    }
  }
}

}  // namespace modsweep::host_cuda

using namespace modsweep::host_cuda;

cudaError_t cudaGetDeviceCount(int* count) {
  *count = runtime().properties.count;
  return report(*count == 0 ? cudaErrorNoDevice : cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (device < 0 || device >= runtime().properties.count) return report(cudaErrorInvalidDevice);
  const bool old = device == runtime().properties.old_device;
  *properties = {"host loops", old ? 7 : 9, old ? 5 : 0, Properties::multiprocessors};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  if (device < 0 || device >= runtime().properties.count) return report(cudaErrorInvalidDevice);
  const auto get = [attribute]() -> std::size_t {
    switch (attribute) {
      case cudaDevAttrMultiProcessorCount:
        return Properties::multiprocessors;
      case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        return Properties::shared_of_multiprocessor;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        return Properties::shared_of_block;
      case cudaDevAttrReservedSharedMemoryPerBlock:
        return Properties::shared_reserved;
      case cudaDevAttrClusterLaunch:
        return 1;
      case cudaDevAttrMemoryPoolsSupported:
        return runtime().properties.pools ? 1 : 0;
    }
    return 0;
  };
  *value = static_cast<int>(get());
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= runtime().properties.count) return report(cudaErrorInvalidDevice);
  if (device == runtime().properties.broken_device) return report(cudaErrorDevicesUnavailable);
  device_of_thread = device;
  return cudaSuccess;
}

cudaError_t cudaSetDeviceFlags(unsigned flags) {
  return flags == cudaDeviceScheduleBlockingSync ? cudaSuccess : report(cudaErrorInvalidValue);
}

cudaError_t cudaGetLastError() {
  return std::exchange(last_error, cudaSuccess);
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorDevicesUnavailable:
      return "cudaErrorDevicesUnavailable";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle:
      return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady:
      return "cudaErrorNotReady";
    case cudaErrorLaunchFailure:
      return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureWrongThread:
      return "cudaErrorStreamCaptureWrongThread";
    case cudaErrorStreamCaptureInvalidated:
      return "cudaErrorStreamCaptureInvalidated";
  }
  return "unknown";
}

const char* cudaGetErrorString(cudaError_t error) {
  return cudaGetErrorName(error);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  auto made = std::make_shared<Stream>();
  made->device = current_device();
  *stream = made.get();
  const std::lock_guard lock(runtime().mutex);
  ++runtime().counts.streams;
  runtime().streams[made.get()] = made;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const auto found = find(stream);
  if (found == nullptr) return report(cudaErrorInvalidResourceHandle);
  const cudaError_t error = drain(found);
  const std::lock_guard lock(runtime().mutex);
  runtime().streams.erase(stream);
  return error;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const auto found = find(stream);
  if (found == nullptr) return report(cudaErrorInvalidResourceHandle);
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  return drain(found);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  const auto found = find(stream);
  if (found == nullptr || found->device != current_device()) return report(cudaErrorInvalidResourceHandle);
  const std::lock_guard lock(runtime().mutex);
  if (found->recording) return report(cudaErrorInvalidValue);
  found->recording = std::make_unique<Graph>();
  found->recording->device = found->device;
  found->recorder = std::this_thread::get_id();
  found->broken = ++runtime().counts.captures > runtime().properties.captures;
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  const auto found = find(stream);
  *graph = nullptr;
  if (found == nullptr) return report(cudaErrorInvalidResourceHandle);
  const std::lock_guard lock(runtime().mutex);
  if (!found->recording || found->recorder != std::this_thread::get_id())
    return report(cudaErrorInvalidValue);
  const std::unique_ptr<Graph> recorded = std::move(found->recording);
  if (found->broken) return report(cudaErrorStreamCaptureInvalidated);
  *graph = new Graph(*recorded);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new Graph(*graph);
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return enqueue(stream, [works = executable->works] {
    for (const Work& work : works) work();
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new Event{.device = current_device()};
  return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (event->device != current_device()) return report(cudaErrorInvalidResourceHandle);
  event->stream = stream;
  event->state = std::make_shared<Event::State>();
  return enqueue(stream, [state = event->state] {
    state->done = true;
    state->time = std::chrono::steady_clock::now();
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return cudaStreamSynchronize(event->stream);
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (!begin->state->done || !end->state->done) return report(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(end->state->time - begin->state->time).count();
  return cudaSuccess;
}
