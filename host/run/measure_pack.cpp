#include "run/measure_pack.h"

#include "core/parallel.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "modsweep/growing_training.h"
#include "modsweep/measure.h"
#include "modsweep/spectrum.h"

namespace modsweep {
namespace {

bool finite(const Parameters& network) {
  return std::all_of(network.values.begin(), network.values.end(), [](double v) { return std::isfinite(v); });
}

/// One request, its result, and what its measures need.
struct Work {
  const MeasureRequest& request;
  Measured& result;
  Evaluation train;
  Evaluation test;
  bool finite = true;  // the weights
  std::vector<LayerSpectra> spectra = {};
  const GrowingTraining* growing = nullptr;

  /// Whether the network's training ends here. validation_loss, which may stop it early, is among the
  /// measures before all that are computed only once.
  [[nodiscard]] bool is_last() const {
    if (request.last) return true;
    const std::optional<double> loss = result.measurement.number("validation_loss");
    BestStep best = request.best;
    if (loss) best.update(result.measurement.step, *loss);
    return loss && best.exhausts(request.settings->training.patience, result.measurement.step);
  }
  [[nodiscard]] bool wants(const Measure& measure) const {
    return (finite || !measure.finite_weights) && (!measure.only_last || is_last()) &&
           asks_for(*request.settings, measure);
  }
  [[nodiscard]] bool wants_spectra() const {
    return finite && std::ranges::any_of(measures(), [&](const Measure& m) { return m.spectra && wants(m); });
  }
  [[nodiscard]] MeasuredNetwork network(const Pack& pack) const {
    return {.index = request.network,
            .settings = *request.settings,
            .weights = result.weights,
            .data = *pack.dataset[request.network],
            .train = train,
            .test = test,
            .spectra = spectra,
            .step = result.measurement.step,
            .best = request.best,
            .first_step_below = request.first_step_below,
            .training = growing};
  }
};

/// Computes the spectra of requests that need them, if the engine can do it itself.
void take_spectra(Training& training, std::span<Work> all) {
  std::map<ClusterBy, std::vector<Work*>> by_side;
  for (Work& work : all)
    if (work.wants_spectra()) by_side[work.request.settings->measure.cluster_by].push_back(&work);
  for (const auto& [side, members] : by_side) {
    std::vector<std::size_t> networks;
    for (const Work* work : members) networks.push_back(work->request.network);
    auto spectra = training.spectra(networks, side);
    if (!spectra) return;
    for (std::size_t i = 0; i < members.size(); ++i) members[i]->spectra = std::move((*spectra)[i]);
  }
}

/// Runs the form of a measure for whole packs. False: it has none, or leaves the work to the host.
bool measure_pack(const Measure& measure, Training& training, const Pack& pack, std::span<Work> all) {
  if (measure.compute_pack == nullptr) return false;
  std::vector<MeasuredNetwork> networks;
  std::vector<MeasureOutput> outputs;
  for (Work& work : all) {
    if (!work.wants(measure)) continue;
    networks.push_back(work.network(pack));
    outputs.emplace_back(measure, work.result.measurement);
  }
  return networks.empty() || measure.compute_pack(training, networks, outputs);
}

/// Computes what the engine and the forms for whole packs left open in one request. `done`: by measure.
void analyze(const Pack& pack, const std::vector<char>& done, Work& work) {
  const Parameters& network = work.result.weights;
  if (work.spectra.empty() && work.wants_spectra())
    for (std::size_t l = 0; l < network.shape.weight_layers(); ++l)
      work.spectra.push_back(layer_spectra(network.dense_weights(l), network.shape.sizes[l + 1],
                                           network.shape.sizes[l],
                                           work.request.settings->measure.cluster_by));
  for (std::size_t m = 0; m < done.size(); ++m) {
    const Measure& measure = measures()[m];
    if (done[m] != 0 || measure.compute == nullptr || !work.wants(measure)) continue;
    MeasureOutput output(measure, work.result.measurement);
    measure.compute(work.network(pack), output);
  }
}

}  // namespace

std::vector<Measured> measure(Training& training, const Pack& pack, std::span<const MeasureRequest> requests,
                              std::size_t threads) {
  std::vector<Measured> results(requests.size());
  const bool has_data = pack.shape.family == Family::feedforward;
  const auto evaluate = [&](Split split) {
    return has_data ? training.evaluate(split, {}) : std::vector<Evaluation>(pack.size());
  };
  const std::vector<Evaluation> train = evaluate(Split::train);
  const std::vector<Evaluation> test = evaluate(Split::test);
  const auto* growing = dynamic_cast<const GrowingTraining*>(&training);
  std::vector<Work> all;
  for (std::size_t r = 0; r < requests.size(); ++r) {
    const std::size_t p = requests[r].network;
    results[r].measurement.step = training.step(p);
    results[r].weights = training.weights(p);
    results[r].finite = training.finite(p);
    all.push_back({requests[r], results[r], train[p], test[p], finite(results[r].weights), {}, growing});
  }
  take_spectra(training, all);
  std::vector<char> done;
  for (const Measure& measure : measures()) done.push_back(measure_pack(measure, training, pack, all));
  parallel_for(threads, all.size(), [&](std::size_t r, std::size_t) { analyze(pack, done, all[r]); });
  return results;
}

}  // namespace modsweep
