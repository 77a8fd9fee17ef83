#include "device/device_engine.h"
#include "fused/block_machine.cuh"
#include "recurrent/device_networks.h"
#include "recurrent/fused_pass.h"
#include "recurrent/gemm_pass.h"
#include "recurrent/trainer.h"

namespace modsweep::bptt {

using fused::BlockBackend;

template <typename T>
std::string refuses(const GpuDevice& device, Method method, const Form& form) {
  if (method == Method::gemm) return {};
  return refuses_modules<T>(form, BlockBackend::limits_of(device.index).block);
}

template <typename T>
std::size_t bytes_per_network(Method method, const Form& form) {
  const Most most = most_of(form, {NetworkPlan{}});
  return method == Method::gemm ? network_bytes<BlockBackend, T, GemmPass>(form, most)
                                : network_bytes<BlockBackend, T, FusedPass>(form, most);
}

template <typename T>
std::unique_ptr<Networks<T>> start_networks(const GpuDevice& device, Method method, const Form& form,
                                            const std::vector<NetworkPlan>& networks) {
  auto backend = std::make_unique<BlockBackend>(device::resources_of(device));
  if (method == Method::gemm)
    return std::make_unique<Trainer<BlockBackend, T, GemmPass>>(std::move(backend), form, networks);
  return std::make_unique<Trainer<BlockBackend, T, FusedPass>>(std::move(backend), form, networks);
}

template std::string refuses<float>(const GpuDevice&, Method, const Form&);
template std::string refuses<double>(const GpuDevice&, Method, const Form&);
template std::size_t bytes_per_network<float>(Method, const Form&);
template std::size_t bytes_per_network<double>(Method, const Form&);
template std::unique_ptr<Networks<float>> start_networks(const GpuDevice&, Method, const Form&,
                                                         const std::vector<NetworkPlan>&);
template std::unique_ptr<Networks<double>> start_networks(const GpuDevice&, Method, const Form&,
                                                          const std::vector<NetworkPlan>&);

}  // namespace modsweep::bptt
