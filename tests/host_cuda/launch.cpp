// Kernel launches of the stand-in for CUDA's runtime. Blocks, or clusters of them, run one after another.
// Threads of a kernel with dynamic shared memory take turns, each on its own stack, so that they can wait for
// each other; threads of other kernels run one after another.
#include "fused/device_code.cuh"
#include "host_cuda/runtime.h"
#include "support/tensor_core.h"
#include "support/turns.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include <cooperative_groups.h>

namespace modsweep::host_cuda {
namespace {

constexpr unsigned warp = 32;
constexpr unsigned max_threads = 1024;
constexpr unsigned max_rows = 65535;

unsigned ranks_of(const cudaLaunchConfig_t& config) {
  return config.numAttrs == 0 ? 1 : config.attrs[0].val.clusterDim.x;
}

int resident(int threads, std::size_t bytes) {
  using P = Properties;
  const auto by_memory = static_cast<int>(P::shared_of_multiprocessor / (bytes + P::shared_reserved));
  return std::min({P::threads_of_multiprocessor / threads,
                   P::registers_of_multiprocessor / (P::registers_of_thread * threads), by_memory});
}

/// Threads wait here until `size` of them have arrived. All of them run on one thread of the host.
struct Barrier {
  unsigned size = 0;
  unsigned arrived = 0;
  unsigned round = 0;
};

struct Warp {
  Barrier barrier;
  std::array<fused::SumFragment, warp> sums;
  std::array<fused::RowFragment, warp> rows;
  std::array<fused::ColumnFragment, warp> columns;
  std::array<std::uint32_t, warp> words;  ///< what lanes tell each other
};

struct HostBlock {
  std::unique_ptr<std::byte[]> memory;
  Barrier barrier;
  std::vector<Warp> warps;
};

struct Cluster {
  std::vector<HostBlock> blocks;
  Barrier barrier;
  std::uint64_t events = 0;  ///< arrivals and endings: without new ones, all threads wait forever
};

/// Where the running thread of a kernel is: its cluster, block and index.
struct Place {
  Cluster* cluster = nullptr;
  test::Turns* turns = nullptr;
  unsigned rank = 0;
  unsigned thread = 0;
  dim3 block;

  [[nodiscard]] HostBlock& own() const { return cluster->blocks[rank]; }
  [[nodiscard]] Warp& own_warp() const { return own().warps[thread / warp]; }
  void enter() const;
};

thread_local const Place* running = nullptr;

void Place::enter() const {
  running = this;
  threadIdx = dim3(thread);
  blockIdx = block;
}

const Place& place() {
  if (running == nullptr) throw std::logic_error("a kernel without shared memory has threads that wait");
  return *running;
}

void wait(Barrier& barrier) {
  const Place& own = place();
  Cluster& cluster = *own.cluster;
  ++cluster.events;
  if (++barrier.arrived == barrier.size) {
    barrier.arrived = 0;
    ++barrier.round;
    return;
  }
  const unsigned round = barrier.round;
  for (unsigned idle = 0; barrier.round == round;) {
    const std::uint64_t before = cluster.events;
    own.turns->pass_on();
    idle = cluster.events == before ? idle + 1 : 0;
    if (idle == 3) throw std::logic_error("threads of a block wait for others that never come");
  }
  own.enter();
}

/// Whether the environment variable MODSWEEP_HOST_CUDA_BACKWARDS requests the opposite order, which must not
/// change any result.
bool backwards() {
  return std::getenv("MODSWEEP_HOST_CUDA_BACKWARDS") != nullptr;
}

void run_cluster(const cudaLaunchConfig_t& config, unsigned ranks, unsigned first, const Work& thread) {
  const unsigned threads = config.blockDim.x;
  Cluster cluster;
  cluster.barrier.size = ranks * threads;
  cluster.blocks.resize(ranks);
  for (HostBlock& block : cluster.blocks) {
    block.memory = std::make_unique_for_overwrite<std::byte[]>(config.dynamicSmemBytes);
    std::memset(block.memory.get(), 0xff, config.dynamicSmemBytes);
    block.barrier.size = threads;
    block.warps.resize((threads + warp - 1) / warp);
    for (unsigned w = 0; w < block.warps.size(); ++w)
      block.warps[w].barrier.size = std::min(warp, threads - w * warp);
  }
  test::take_turns(ranks * threads, backwards(), [&](std::uint32_t member, test::Turns& turns) {
    const Place own{&cluster, &turns, member / threads, member % threads, dim3(first + member / threads)};
    own.enter();
    thread();
    ++cluster.events;
  });
  running = nullptr;
}

void run_grid(const cudaLaunchConfig_t& config, unsigned ranks, const Work& thread) {
  gridDim = config.gridDim;
  blockDim = config.blockDim;
  const auto in_turn = [turned = backwards()](unsigned count, const auto& f) {
    for (unsigned i = 0; i < count; ++i) f(turned ? count - 1 - i : i);
  };
  if (config.dynamicSmemBytes > 0) {
    in_turn(config.gridDim.x / ranks, [&](unsigned c) { run_cluster(config, ranks, c * ranks, thread); });
    return;
  }
  in_turn(config.gridDim.y, [&](unsigned y) {
    in_turn(config.gridDim.x, [&](unsigned x) {
      blockIdx = dim3(x, y);
      in_turn(config.blockDim.x, [&](unsigned t) {
        threadIdx = dim3(t);
        thread();
      });
    });
  });
}

bool fits_device(const cudaLaunchConfig_t& config, const void* kernel, unsigned ranks) {
  const dim3& grid = config.gridDim;
  const dim3& block = config.blockDim;
  if (grid.x == 0 || grid.x > 0x7fffffffU || grid.y == 0 || grid.y > max_rows || grid.z != 1) return false;
  if (block.x == 0 || block.x > max_threads || block.y != 1 || block.z != 1) return false;
  if (config.dynamicSmemBytes > 0 && grid.y != 1) return false;  // not needed, so not emulated
  if (ranks == 0 || ranks > 8 || grid.x % ranks != 0) return false;
  std::size_t allowed = Properties::shared_unasked;
  if (const auto asked = runtime().dynamic_memory.find(kernel); asked != runtime().dynamic_memory.end())
    allowed = std::max(allowed, asked->second);
  return config.dynamicSmemBytes <= allowed;
}

}  // namespace

cudaError_t launch(const cudaLaunchConfig_t& config, const void* kernel, Work thread) {
  const unsigned ranks = ranks_of(config);
  const auto stream = find(config.stream);
  if (stream == nullptr) return report(cudaErrorInvalidResourceHandle);
  {
    const std::lock_guard lock(runtime().mutex);
    if (!fits_device(config, kernel, ranks)) return report(cudaErrorInvalidConfiguration);
    if (++runtime().launches > runtime().properties.launches) return report(cudaErrorLaunchFailure);
    // A kernel is loaded at its first launch, which a stream capture does not allow.
    if (runtime().loaded.insert(kernel).second && stream->recording)
      return report(cudaErrorStreamCaptureUnsupported);
  }
  return enqueue(config.stream,
                 [config, ranks, thread = std::move(thread)] { run_grid(config, ranks, thread); });
}

cudaError_t set_attribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
  if (value < 0 || static_cast<std::size_t>(value) > Properties::shared_of_block)
    return report(cudaErrorInvalidValue);
  const std::lock_guard lock(runtime().mutex);
  runtime().dynamic_memory[kernel] = static_cast<std::size_t>(value);
  return cudaSuccess;
}

cudaError_t resident_blocks(int* blocks, int threads, std::size_t bytes) {
  *blocks = resident(threads, bytes);
  return cudaSuccess;
}

cudaError_t ranks_of_cluster(int* ranks, const cudaLaunchConfig_t& config) {
  const bool fits = resident(static_cast<int>(config.blockDim.x), config.dynamicSmemBytes) > 0;
  *ranks = fits ? runtime().properties.cluster_blocks : 0;
  return cudaSuccess;
}

unsigned cluster_blocks() {
  return static_cast<unsigned>(place().cluster->blocks.size());
}
unsigned cluster_rank() {
  return place().rank;
}
void sync_cluster() {
  wait(place().cluster->barrier);
}
void* map_shared(const void* here, int rank) {
  const auto offset = static_cast<const std::byte*>(here) - place().own().memory.get();
  return place().cluster->blocks[static_cast<std::size_t>(rank)].memory.get() + offset;
}

}  // namespace modsweep::host_cuda

void __syncthreads() {
  wait(modsweep::host_cuda::place().own().barrier);
}
void __syncwarp() {
  wait(modsweep::host_cuda::place().own_warp().barrier);
}
unsigned __shfl_sync(unsigned lanes, unsigned v, int lane) {
  modsweep::host_cuda::Warp& warp = modsweep::host_cuda::place().own_warp();
  if (lanes != ~0U || warp.barrier.size != modsweep::host_cuda::warp)
    throw std::logic_error("lanes of a part of a warp exchange values");
  warp.words[threadIdx.x % modsweep::host_cuda::warp] = v;
  __syncwarp();
  const unsigned other = warp.words[static_cast<unsigned>(lane)];
  __syncwarp();
  return other;
}
float __shfl_xor_sync(unsigned lanes, float v, int mask) {
  const unsigned own = threadIdx.x % modsweep::host_cuda::warp;
  return std::bit_cast<float>(
      __shfl_sync(lanes, std::bit_cast<unsigned>(v), static_cast<int>(own ^ static_cast<unsigned>(mask))));
}

namespace modsweep::fused {

std::byte* block_memory() {
  return host_cuda::place().own().memory.get();
}

/// All lanes provide their fragments, the last one multiplies, all take their sums.
void multiply_add_tf32(SumFragment& sums, const RowFragment& rows, const ColumnFragment& columns) {
  host_cuda::Warp& warp = host_cuda::place().own_warp();
  const unsigned lane = threadIdx.x % host_cuda::warp;
  warp.sums[lane] = sums;
  warp.rows[lane] = rows;
  warp.columns[lane] = columns;
  if (warp.barrier.arrived + 1 == warp.barrier.size)
    test::multiply_add_tf32(warp.sums, warp.rows, warp.columns);
  __syncwarp();
  sums = warp.sums[lane];  // which no other lane writes
}

}  // namespace modsweep::fused
