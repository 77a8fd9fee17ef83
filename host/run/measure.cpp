#include "run/measure.h"

#include "core/parallel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "modsweep/blocks.h"
#include "modsweep/spectrum.h"
#include "modsweep/state.h"

namespace modsweep {
namespace {

bool finite(const Parameters& network) {
  return std::all_of(network.values.begin(), network.values.end(), [](double v) { return std::isfinite(v); });
}

/// Everything that follows from the weights of one network and that the engine has not worked out; `leaks`:
/// these, too.
void analyze(const Pack& pack, const MeasureRequest& request, bool leaks, Measured& result) {
  Measurement& row = result.measurement;
  const Parameters& network = result.weights;
  const RegularizerValues of_weights = weight_regularizers(network);
  row.regularizers.l1 = of_weights.l1;
  row.regularizers.l2 = of_weights.l2;
  row.regularizers.l12 = of_weights.l12;
  row.regularizers.l21 = of_weights.l21;
  if (!finite(network)) return;

  const MeasureSettings& ask = request.settings->measure;
  if (ask.spectrum && row.spectra.empty()) {
    for (std::size_t l = 0; l < network.shape.weight_layers(); ++l) {
      row.spectra.push_back(layer_spectra(network.dense_weights(l), network.shape.sizes[l + 1],
                                          network.shape.sizes[l], ask.cluster_by));
    }
  }
  if (ask.partition) {
    for (std::size_t l = 0; l < network.shape.weight_layers(); ++l)
      row.partitions.emplace_back(layer_partition(network.dense_weights(l), network.shape.sizes[l + 1],
                                                  network.shape.sizes[l], modules_sought(*request.settings),
                                                  ask.cluster_by));
  }
  if (leaks && ask.leaks) {
    const Samples& test = pack.dataset[request.network]->test;
    row.path_leak = path_leak(network);
    row.jacobian_leak = jacobian_leak(network, request.settings->network.activation,
                                      request.settings->network.leaky_slope, test.x, test.count);
  }
  const NetworkSettings& own = request.settings->network;
  row.block_error =
      block_error(network, own.activation, own.leaky_slope, pack.dataset[request.network]->test);
}

/// Spectra of those that ask for them and are finite, where the engine works them out itself.
void take_spectra(Training& training, std::span<const MeasureRequest> requests,
                  std::vector<Measured>& results) {
  std::map<ClusterBy, std::vector<std::size_t>> by_side;  // -> requests
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const MeasureSettings& ask = requests[r].settings->measure;
    if (ask.spectrum && finite(results[r].weights)) by_side[ask.cluster_by].push_back(r);
  }
  for (const auto& [side, members] : by_side) {
    std::vector<std::size_t> networks;
    for (const std::size_t r : members) networks.push_back(requests[r].network);
    auto spectra = training.spectra(networks, side);
    if (!spectra) return;
    for (std::size_t i = 0; i < members.size(); ++i)
      results[members[i]].measurement.spectra = std::move((*spectra)[i]);
  }
}

/// Leaks of those that ask for them and are finite; false where the engine leaves them to the host.
bool take_leaks(Training& training, std::span<const MeasureRequest> requests,
                std::vector<Measured>& results) {
  std::vector<std::size_t> members;
  std::vector<std::size_t> networks;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    if (!requests[r].settings->measure.leaks || !finite(results[r].weights)) continue;
    members.push_back(r);
    networks.push_back(requests[r].network);
  }
  if (networks.empty()) return true;
  const auto leaks = training.leaks(networks);
  if (!leaks) return false;
  for (std::size_t i = 0; i < members.size(); ++i) {
    results[members[i]].measurement.path_leak = (*leaks)[i].path;
    results[members[i]].measurement.jacobian_leak = (*leaks)[i].jacobian;
  }
  return true;
}

/// Noisy losses: evaluations of the pack for each noise that is asked for, which is one in nearly every
/// sweep. Draw k is the same for a network whatever the others ask for.
void evaluate_noisy(Training& training, std::span<const MeasureRequest> requests,
                    std::vector<Measured>& results) {
  std::map<std::pair<double, double>, std::vector<std::size_t>> by_noise;  // (strength, exponent) -> requests
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const MeasureSettings& ask = requests[r].settings->measure;
    if (ask.noisy_strength > 0.0) by_noise[{ask.noisy_strength, ask.noisy_exponent}].push_back(r);
  }
  for (const auto& [noise, members] : by_noise) {
    std::uint32_t most = 0;
    for (const std::size_t r : members) most = std::max(most, requests[r].settings->measure.noisy_draws);
    std::vector<double> sums(members.size());
    for (std::uint32_t draw = 0; draw < most; ++draw) {
      const auto losses =
          training.evaluate(Split::test, {.strength = noise.first, .exponent = noise.second, .draw = draw});
      for (std::size_t i = 0; i < members.size(); ++i)
        if (draw < requests[members[i]].settings->measure.noisy_draws)
          sums[i] += losses[requests[members[i]].network].mse;
    }
    for (std::size_t i = 0; i < members.size(); ++i)
      results[members[i]].measurement.noisy_test_loss =
          sums[i] / static_cast<double>(requests[members[i]].settings->measure.noisy_draws);
  }
}

/// Losses out of distribution of those whose tasks have such samples.
void evaluate_ood(Training& training, const Pack& pack, std::span<const MeasureRequest> requests,
                  std::vector<Measured>& results) {
  const auto has_ood = [&](const MeasureRequest& request) {
    return pack.dataset[request.network]->ood.count > 0;
  };
  if (std::ranges::none_of(requests, has_ood)) return;
  const std::vector<Evaluation> ood = training.evaluate(Split::ood, {});
  for (std::size_t r = 0; r < requests.size(); ++r)
    if (has_ood(requests[r])) results[r].measurement.ood_loss = ood[requests[r].network].mse;
}

}  // namespace

std::vector<Measured> measure(Training& training, const Pack& pack, std::span<const MeasureRequest> requests,
                              std::size_t threads) {
  std::vector<Measured> results(requests.size());
  const std::vector<Evaluation> train = training.evaluate(Split::train, {});
  const std::vector<Evaluation> test = training.evaluate(Split::test, {});
  evaluate_noisy(training, requests, results);
  evaluate_ood(training, pack, requests, results);
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::size_t p = requests[r].network;
    Measurement& row = results[r].measurement;
    row.step = training.step(p);
    row.train_loss = train[p].mse;
    row.test_loss = test[p].mse;
    row.regularizers.weighted_activity = train[p].weighted_activity;
    row.regularizers.activity = train[p].activity;
    results[r].weights = training.weights(p);
    results[r].finite = is_finite_state(training.save(p));
  }
  take_spectra(training, requests, results);
  const bool leaks = !take_leaks(training, requests, results);
  parallel_for(threads, requests.size(),
               [&](std::size_t r, std::size_t) { analyze(pack, requests[r], leaks, results[r]); });
  return results;
}

}  // namespace modsweep
