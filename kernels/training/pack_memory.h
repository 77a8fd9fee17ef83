// All arrays of a pack in the memory of the backend that trains it.
#pragma once

#include "pack/backend.h"
#include "pack/layer_tables.h"
#include "pack/narrow_layer.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "modsweep/pack.h"
#include "modsweep/pruning.h"

namespace modsweep::pack {

/// Values of the partial sums of a layer's weight gradients for a chunk of samples; 0 unless it is narrow.
[[nodiscard]] inline std::size_t narrow_values_of(const Layer& layer) {
  return is_narrow(layer) ? narrow_values(layer) : 0;
}

/// Whether the backward pass of some network needs z of hidden layers: with noise or dropout, and where f'(z)
/// does not follow from f(z). Else g takes its place.
[[nodiscard]] inline bool needs_z(const Pack& pack) {
  for (std::size_t p = 0; p < pack.size(); ++p)
    if (pack.noise[p].strength != 0.0 || pack.regularizer[p].dropout != 0.0 ||
        !math::derivative_of_value(pack.activation[p], pack.leaky_slope[p]))
      return true;
  return false;
}

/// Number of values of T that PackMemory allocates at most for one network of a pack, without datasets.
[[nodiscard]] inline std::size_t values_per_network(const Shape& shape, std::uint32_t batch) {
  const std::vector<Layer> layers = layer_table(shape, Spacing::quads);
  std::size_t units = 0;
  std::size_t widest = 0;
  for (const Layer& layer : layers) {
    units += layer.output_stride;
    if (!layer.output) widest = std::max<std::size_t>(widest, layer.output_stride);
  }
  const std::size_t outputs = layers.back().output_stride;
  const std::size_t chunks = (std::size_t{batch} + chunk_samples - 1) / chunk_samples;
  const std::size_t parts = math::activity_penalties + (shape.prelu ? 2 : 1);
  const std::size_t sums = math::activity_penalties + (shape.prelu ? 5 : 4);
  return 4 * ParameterPlaces(shape, layers).stride() +
         batch * (layers.front().input_stride + outputs + 2 * units - outputs + 2 * widest) +
         chunks * (parts * units + outputs / quad + narrow_values_of(layers.front()) +
                   narrow_values_of(layers.back())) +
         sums * units;
}

/// Where the activations and sums of a step are stored: in the backend's memory, or in that of the thread
/// block that trains the network.
enum class Workspace : std::uint8_t { backend, block };

/// Owns the arrays of a pack on a backend; fills those that do not change in training, and the initial
/// parameters.
template <MeasuringBackend Backend, typename T>
class PackMemory {
 public:
  template <typename U>
  using Array = typename Backend::template Array<U>;

  /// Throws std::bad_alloc where the backend's memory does not suffice.
  PackMemory(Backend& backend, const Pack& pack, Workspace workspace)
      : backend_(backend),
        layers_(layer_table(pack.shape, workspace == Workspace::backend ? Spacing::quads : Spacing::none)),
        places_(pack.shape, layers_) {
    view_.networks = static_cast<std::uint32_t>(pack.size());
    view_.batch = pack.batch_size;
    view_.chunks = (pack.batch_size + chunk_samples - 1) / chunk_samples;
    view_.layer_count = static_cast<std::uint32_t>(layers_.size());
    view_.input_stride = layers_.front().input_stride;
    view_.parameter_stride = places_.stride();
    view_.units = layers_.back().first_unit + layers_.back().output_stride;
    view_.layers = upload(layers_);
    view_.unit_indices = upload(unit_table(layers_));
    view_.ends = upload(ends_table(pack.shape, layers_));
    std::vector<Hyperparameters<T>> hyperparameters;
    for (std::size_t p = 0; p < pack.size(); ++p) hyperparameters.push_back(hyperparameters_of<T>(pack, p));
    view_.hyperparameters = upload(hyperparameters);
    upload_data(pack);
    upload_zeros(pack);
    view_.fixed_noise = fixed_noise(pack);
    allocate_parameters();
    if (workspace == Workspace::backend) {
      allocate_activations(needs_z(pack));
      allocate_sums(pack.shape.prelu);
    }
    fill_parameters(pack);
  }

  /// A network's data become those of this dataset: one of the pack's, or another goal of one.
  void set_data(std::size_t network, const Dataset& dataset) {
    std::uint32_t* const order = data_[network].order;
    data_[network] = known_.at(&dataset);
    data_[network].order = order;
    backend_.upload(network_data_, &data_[network], 1, network);
  }

  [[nodiscard]] const PackView<T>& view() const { return view_; }
  [[nodiscard]] const std::vector<Layer>& layers() const { return layers_; }
  [[nodiscard]] const ParameterPlaces& places() const { return places_; }

  Array<T> parameters, moment1, moment2, gradients;  ///< [P][parameter stride]
  Array<Progress> progress;                          ///< [P]
  Array<LossSums> losses;                            ///< [P]

 private:
  template <typename U>
  U* zeros(std::size_t count) {
    return store<U>().emplace_back(backend_.template allocate<U>(count)).data();
  }
  template <typename U>
  U* upload(const std::vector<U>& values) {
    Array<U>& array = store<U>().emplace_back(backend_.template allocate<U>(values.size()));
    backend_.upload(array, values.data(), values.size());
    return array.data();
  }
  template <typename U>
  std::vector<Array<U>>& store() {
    return std::get<std::vector<Array<U>>>(arrays_);
  }

  /// The rows of a dataset, uploaded once.
  const NetworkData<T>& data_of(const Dataset& dataset) {
    const auto [entry, added] = known_.try_emplace(&dataset);
    if (!added) return entry->second;
    const auto copy = [this](const std::vector<double>& values) {
      return upload(std::vector<T>(values.begin(), values.end()));
    };
    for (const Split split : all_splits) {
      const Samples& samples = dataset.split(split);
      if (samples.count > 0)
        entry->second.splits[static_cast<std::size_t>(split)] = {copy(samples.x), copy(samples.y),
                                                                 samples.count};
    }
    return entry->second;
  }

  void upload_data(const Pack& pack) {
    std::uint32_t* order = zeros<std::uint32_t>(order_values(pack));
    for (std::size_t p = 0; p < pack.size(); ++p) {
      const Dataset& dataset = *pack.dataset[p];
      data_.push_back(data_of(dataset));
      for (const auto& goal : dataset.other_goals) (void)data_of(*goal);
      if (pack.shuffle[p] == 0) continue;
      data_.back().order = order;
      order += order_values(dataset);
    }
    network_data_ = backend_.template allocate<NetworkData<T>>(data_.size());
    backend_.upload(network_data_, data_.data(), data_.size());
    view_.data = network_data_.data();
  }

  void upload_zeros(const Pack& pack) {
    const auto pruned = [](std::uint64_t step) { return step != no_step; };
    if (std::ranges::any_of(pack.zeros_stay_from, pruned))
      view_.zeros_stay_from = upload(pack.zeros_stay_from);
  }

  /// Of the order of one network's rows (NetworkData), and of those of all networks.
  static std::size_t order_values(const Dataset& dataset) { return 2 * std::size_t{dataset.train.count} + 1; }
  static std::size_t order_values(const Pack& pack) {
    std::size_t values = 0;
    for (std::size_t p = 0; p < pack.size(); ++p)
      if (pack.shuffle[p] != 0) values += order_values(*pack.dataset[p]);
    return values;
  }

  const T* const* fixed_noise(const Pack& pack) {
    if (pack.fixed_noise.empty()) return nullptr;
    std::vector<const T*> pointers(pack.size() * (layers_.size() - 1), nullptr);
    for (std::size_t p = 0; p < pack.size(); ++p) {
      if (!pack.fixed_noise[p]) continue;
      for (std::size_t l = 0; l + 1 < layers_.size(); ++l) {
        const std::vector<double>& eps = pack.fixed_noise[p]->layers[l];
        pointers[l * pack.size() + p] = upload(std::vector<T>(eps.begin(), eps.end()));
      }
    }
    return upload(pointers);
  }

  void allocate_parameters() {
    const std::size_t count = view_.networks * view_.parameter_stride;
    for (auto [array, pointer] : {std::pair{&parameters, &view_.parameters},
                                  {&gradients, &view_.gradients},
                                  {&moment1, &view_.moment1},
                                  {&moment2, &view_.moment2}}) {
      *array = backend_.template allocate<T>(count);
      *pointer = array->data();
    }
    progress = backend_.template allocate<Progress>(view_.networks);
    losses = backend_.template allocate<LossSums>(view_.networks);
    view_.progress = progress.data();
    view_.losses = losses.data();
    view_.batch_state = zeros<BatchState<T>>(view_.networks);
  }

  void allocate_activations(bool all_z) {
    const std::size_t rows = std::size_t{view_.networks} * view_.batch;
    const std::size_t outputs = layers_.back().output_stride;
    std::size_t widest = 0;
    for (std::size_t l = 0; l + 1 < layers_.size(); ++l)
      widest = std::max<std::size_t>(widest, layers_[l].output_stride);
    view_.x = zeros<T>(rows * view_.input_stride);
    view_.y = zeros<T>(rows * outputs);
    view_.z = zeros<T>(rows * (all_z ? view_.units : outputs));
    view_.g = zeros<T>(rows * (view_.units - outputs));
    for (T*& delta : view_.delta) delta = zeros<T>(rows * widest);
  }

  void allocate_sums(bool prelu) {
    const std::size_t parts = std::size_t{view_.networks} * view_.chunks;
    const std::size_t units = std::size_t{view_.networks} * view_.units;
    for (T*& array : view_.activity_partials) array = zeros<T>(parts * view_.units);
    view_.bias_partials = zeros<T>(parts * view_.units);
    view_.square_partials = zeros<T>(parts * layers_.back().quads());
    view_.first_weight_partials = zeros<T>(parts * narrow_values_of(layers_.front()));
    view_.last_weight_partials = zeros<T>(parts * narrow_values_of(layers_.back()));
    for (T*& array : view_.activity_sums) array = zeros<T>(units);
    for (T** array : {&view_.in_absolute, &view_.in_square, &view_.out_absolute, &view_.out_square})
      *array = zeros<T>(units);
    if (!prelu) return;
    view_.slope_partials = zeros<T>(parts * view_.units);
    view_.slope_sums = zeros<T>(units);
  }

  void fill_parameters(const Pack& pack) {
    std::vector<T> values(view_.networks * view_.parameter_stride, T(0));
    for (std::size_t p = 0; p < pack.size(); ++p)
      places_.scatter(pack.initial_parameters(p), values.data() + p * view_.parameter_stride);
    backend_.upload(parameters, values.data(), values.size());
  }

  Backend& backend_;
  std::vector<Layer> layers_;
  ParameterPlaces places_;
  PackView<T> view_;
  std::tuple<std::vector<Array<T>>, std::vector<Array<std::uint32_t>>, std::vector<Array<Layer>>,
             std::vector<Array<UnitIndex>>, std::vector<Array<WeightEndpoints>>,
             std::vector<Array<Hyperparameters<T>>>, std::vector<Array<std::uint64_t>>,
             std::vector<Array<const T*>>, std::vector<Array<BatchState<T>>>>
      arrays_;
  std::map<const Dataset*, NetworkData<T>> known_;  ///< all that is on the backend
  std::vector<NetworkData<T>> data_;                ///< [P]: what network_data_ has
  Array<NetworkData<T>> network_data_;
};

}  // namespace modsweep::pack
