// Memory of the stand-in for CUDA's runtime: arrays, pools, pinned memory, copies.
#include "host_cuda/runtime.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace modsweep::host_cuda {
namespace {

constexpr std::align_val_t alignment{256};
constexpr std::size_t pool_grain = std::size_t{2} << 20U;  // in which a pool grows

/// Whether one block contains all of these bytes.
template <typename Blocks, typename Bytes>
bool holds(const Blocks& blocks, const void* data, std::size_t bytes, const Bytes& bytes_of) {
  const auto* begin = static_cast<const std::byte*>(data);
  auto after = blocks.upper_bound(begin);
  if (after == blocks.begin()) return false;
  --after;
  return begin + bytes <= after->first + bytes_of(after->second);
}

bool device_holds(int device, const void* data, std::size_t bytes) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  return holds(r.memory, data, bytes,
               [device](const Block& b) { return b.device == device ? b.bytes : std::size_t{0}; });
}

bool is_pinned(const void* data, std::size_t bytes) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  return holds(r.pinned, data, bytes, [](std::size_t b) { return b; });
}

/// Exactly `bytes` bytes, none of them zero, so that a sanitizer or wrong numbers reveal reads out of bounds
/// or before a write.
std::byte* take(std::size_t bytes) {
  auto* data = static_cast<std::byte*>(::operator new(bytes, alignment));
  std::memset(data, 0xff, bytes);
  return data;
}

void give_back(std::byte* data) {
  ::operator delete(data, alignment);
}

}  // namespace

bool on_device(cudaStream_t stream, const void* data, std::size_t bytes) {
  const auto found = find(stream);
  return found != nullptr && device_holds(found->device, data, bytes);
}

}  // namespace modsweep::host_cuda

using namespace modsweep::host_cuda;

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  *total = r.properties.memory;
  *free = *total - r.used[static_cast<std::size_t>(current_device())];
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  std::size_t& used = r.used[static_cast<std::size_t>(current_device())];
  ++r.counts.allocations;
  if (bytes > r.properties.memory - used) return report(cudaErrorMemoryAllocation);
  used += bytes;
  std::byte* taken = take(bytes);
  r.memory[taken] = {bytes, current_device(), nullptr};
  *data = taken;
  return cudaSuccess;
}

/// Synchronizes the device, as CUDA's does.
cudaError_t cudaFree(void* data) {
  if (data == nullptr) return cudaSuccess;
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  Runtime& r = runtime();
  Block block;
  std::vector<std::shared_ptr<Stream>> busy;
  {
    const std::lock_guard lock(r.mutex);
    const auto found = r.memory.find(static_cast<std::byte*>(data));
    if (found == r.memory.end() || found->second.pool != nullptr) return report(cudaErrorInvalidValue);
    ++r.counts.frees;
    block = found->second;
    for (const auto& [handle, stream] : r.streams)
      if (stream->device == block.device) busy.push_back(stream);
  }
  for (const auto& stream : busy)
    if (const cudaError_t error = drain(stream); error != cudaSuccess) return error;
  const std::lock_guard lock(r.mutex);
  r.used[static_cast<std::size_t>(block.device)] -= block.bytes;
  r.memory.erase(static_cast<std::byte*>(data));
  give_back(static_cast<std::byte*>(data));
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t* pool, const cudaMemPoolProps* properties) {
  if (!runtime().properties.pools || properties->location.type != cudaMemLocationTypeDevice)
    return report(cudaErrorInvalidValue);
  *pool = new MemoryPool{.device = properties->location.id};
  return cudaSuccess;
}

cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) {
  if (pool->used > 0) return report(cudaErrorInvalidValue);  // CUDA waits for the last one to be freed
  (void)cudaMemPoolTrimTo(pool, 0);
  delete pool;
  return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr attribute, void* value) {
  const bool known = attribute == cudaMemPoolReuseAllowInternalDependencies
                         ? *static_cast<int*>(value) == 0
                         : attribute == cudaMemPoolAttrReleaseThreshold &&
                               *static_cast<std::uint64_t*>(value) == ~std::uint64_t{0};
  return known ? cudaSuccess : report(cudaErrorInvalidValue);
}

cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value) {
  const std::lock_guard lock(runtime().mutex);
  if (attribute != cudaMemPoolAttrReservedMemCurrent && attribute != cudaMemPoolAttrUsedMemCurrent)
    return report(cudaErrorInvalidValue);
  *static_cast<std::uint64_t*>(value) =
      attribute == cudaMemPoolAttrUsedMemCurrent ? pool->used : pool->reserved;
  return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t pool, std::size_t bytes) {
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  const std::size_t left = std::max(pool->used, std::min(bytes, pool->reserved));
  if (left == pool->reserved) return cudaSuccess;
  ++r.counts.frees;
  r.used[static_cast<std::size_t>(pool->device)] -= pool->reserved - left;
  pool->reserved = left;
  return cudaSuccess;
}

cudaError_t cudaMallocFromPoolAsync(void** data, std::size_t bytes, cudaMemPool_t pool, cudaStream_t stream) {
  const auto found = find(stream);
  if (found == nullptr || found->device != pool->device) return report(cudaErrorInvalidResourceHandle);
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  if (pool->used + bytes > pool->reserved) {
    const std::size_t missing = pool->used + bytes - pool->reserved;
    const std::size_t more = (missing + pool_grain - 1) / pool_grain * pool_grain;
    ++r.counts.allocations;
    std::size_t& used = r.used[static_cast<std::size_t>(pool->device)];
    if (more > r.properties.memory - used) return report(cudaErrorMemoryAllocation);
    used += more;
    pool->reserved += more;
  }
  pool->used += bytes;
  std::byte* taken = take(bytes);
  r.memory[taken] = {bytes, pool->device, pool};
  *data = taken;
  return cudaSuccess;
}

/// Later work has no access to it; earlier work of the stream has.
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  const auto owner = find(stream);
  if (owner == nullptr) return report(cudaErrorInvalidResourceHandle);
  Runtime& r = runtime();
  const std::lock_guard lock(r.mutex);
  const auto found = r.memory.find(static_cast<std::byte*>(data));
  if (found == r.memory.end() || found->second.pool == nullptr) return report(cudaErrorInvalidValue);
  found->second.pool->used -= found->second.bytes;
  r.memory.erase(found);
  owner->queue.push_back([data] { give_back(static_cast<std::byte*>(data)); });
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  if (breaks_own_recording()) return report(cudaErrorStreamCaptureUnsupported);
  std::byte* taken = take(bytes);
  const std::lock_guard lock(runtime().mutex);
  ++runtime().counts.allocations;
  runtime().pinned[taken] = bytes;
  *data = taken;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* data) {
  if (data == nullptr) return cudaSuccess;
  const std::lock_guard lock(runtime().mutex);
  ++runtime().counts.frees;
  if (runtime().pinned.erase(static_cast<std::byte*>(data)) == 0) return report(cudaErrorInvalidValue);
  give_back(static_cast<std::byte*>(data));
  return cudaSuccess;
}

/// From and to pinned memory only, which is read or written when the stream reaches the copy.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const bool up = kind == cudaMemcpyHostToDevice;
  if (!on_device(stream, up ? to : from, bytes) || !is_pinned(up ? from : to, bytes))
    return report(cudaErrorInvalidValue);
  return enqueue(stream, [=] { std::memcpy(to, from, bytes); });
}

cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  if (!on_device(stream, data, bytes)) return report(cudaErrorInvalidValue);
  return enqueue(stream, [=] { std::memset(data, value, bytes); });
}
