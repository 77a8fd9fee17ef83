// Every formula of modsweep/math in device code, in both precisions: compiled, never launched.
#include "modsweep/math/optimizer.h"
#include "modsweep/math/regularizer.h"
#include "modsweep/math/rng.h"
#include "modsweep/math/unit.h"

namespace modsweep {

/// One training step's worth of formulas on element i of each array, [count]: forward, backward, optimizer.
template <typename T>
__global__ void apply_formulas(math::UnitRule<T> rule, math::ActivityRule<T> activity,
                               math::RegularizerCoefficients<T> coefficients, math::AdamStep<T> adam,
                               math::SgdStep<T> sgd, std::uint32_t seed, T* values, T* moment1, T* moment2,
                               std::uint32_t count) {
  const std::uint32_t i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= count) return;
  T normals[4];
  const math::RandomBlock block = math::random_block(seed, math::Stream::noise, 1, 0, i, 0);
  math::block_normals(block, normals);
  const T keep = math::dropout_scale(T(math::uniform(block.word[0])), T(0.5));
  const auto unit = math::forward_noisy_unit(rule, values[i], normals[i % 4], keep);
  const auto clean = math::forward_unit(rule, values[i]);
  const T by_clean = math::activity_gradient(activity, clean.clean, T(1), T(1), true, true);
  const math::UnitSums<T> sums{T(1), T(2), T(3), T(4), unit.out};
  const auto sending = math::sending_share(coefficients, sums);
  const auto receiving = math::receiving_share(coefficients, sums);
  const T gradient = unit.out_by_z + unit.out_by_slope + by_clean * clean.clean_by_z +
                     math::weight_gradient(values[i], sending.quadratic + receiving.quadratic,
                                           sending.absolute + receiving.absolute);
  const T moved = math::update_adam(adam, values[i], gradient, moment1[i], moment2[i]);
  values[i] = math::update_sgd(sgd, moved, gradient, moment1[i]);
}

template __global__ void apply_formulas<float>(math::UnitRule<float>, math::ActivityRule<float>,
                                               math::RegularizerCoefficients<float>, math::AdamStep<float>,
                                               math::SgdStep<float>, std::uint32_t, float*, float*, float*,
                                               std::uint32_t);
template __global__ void apply_formulas<double>(math::UnitRule<double>, math::ActivityRule<double>,
                                                math::RegularizerCoefficients<double>, math::AdamStep<double>,
                                                math::SgdStep<double>, std::uint32_t, double*, double*,
                                                double*, std::uint32_t);

}  // namespace modsweep
