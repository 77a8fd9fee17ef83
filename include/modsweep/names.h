// Names of the enumerations as users write them: one table each, walked by the sweep reader, the store and
// the tests.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "modsweep/settings.h"

namespace modsweep {

template <typename Enum>
struct EnumNames;  // specializations have `table`, an array of (value, name)

template <>
struct EnumNames<Architecture> {
  static constexpr std::array<std::pair<Architecture, std::string_view>, 4> table = {{
      {Architecture::layers, "layers"},
      {Architecture::modular, "modular"},
      {Architecture::full, "full"},
      {Architecture::bottleneck, "bottleneck"},
  }};
};

template <>
struct EnumNames<Activation> {
#define MODSWEEP_NAME(name, Function) {Activation::name, #name},
  static constexpr auto table =
      std::to_array<std::pair<Activation, std::string_view>>({MODSWEEP_ACTIVATIONS(MODSWEEP_NAME)});
#undef MODSWEEP_NAME
};

template <>
struct EnumNames<NoiseSite> {
  static constexpr std::array<std::pair<NoiseSite, std::string_view>, 2> table = {{
      {NoiseSite::post, "post"},
      {NoiseSite::pre, "pre"},
  }};
};

template <>
struct EnumNames<NoiseGradient> {
  static constexpr std::array<std::pair<NoiseGradient, std::string_view>, 2> table = {{
      {NoiseGradient::reparameterized, "reparameterized"},
      {NoiseGradient::detached, "detached"},
  }};
};

template <>
struct EnumNames<Optimizer> {
  static constexpr std::array<std::pair<Optimizer, std::string_view>, 3> table = {{
      {Optimizer::adam, "adam"},
      {Optimizer::adamw, "adamw"},
      {Optimizer::sgd, "sgd"},
  }};
};

template <>
struct EnumNames<Schedule> {
  static constexpr std::array<std::pair<Schedule, std::string_view>, 3> table = {{
      {Schedule::constant, "constant"},
      {Schedule::cosine, "cosine"},
      {Schedule::step, "step"},
  }};
};

template <>
struct EnumNames<Keep> {
  static constexpr std::array<std::pair<Keep, std::string_view>, 2> table = {{
      {Keep::last, "last"},
      {Keep::best, "best"},
  }};
};

template <>
struct EnumNames<Precision> {
  static constexpr std::array<std::pair<Precision, std::string_view>, 3> table = {{
      {Precision::fp32, "fp32"},
      {Precision::fp64, "fp64"},
      {Precision::tf32, "tf32"},
  }};
};

template <>
struct EnumNames<ClusterBy> {
  static constexpr std::array<std::pair<ClusterBy, std::string_view>, 2> table = {{
      {ClusterBy::incoming, "incoming"},
      {ClusterBy::outgoing, "outgoing"},
  }};
};

template <>
struct EnumNames<PruningShape> {
  static constexpr std::array<std::pair<PruningShape, std::string_view>, 2> table = {{
      {PruningShape::cubic, "cubic"},
      {PruningShape::geometric, "geometric"},
  }};
};

template <>
struct EnumNames<PruningScope> {
  static constexpr std::array<std::pair<PruningScope, std::string_view>, 2> table = {{
      {PruningScope::layer, "layer"},
      {PruningScope::network, "network"},
  }};
};

template <>
struct EnumNames<math::ConnectionForm> {
  static constexpr std::array<std::pair<math::ConnectionForm, std::string_view>, 4> table = {{
      {math::ConnectionForm::abs, "abs"},
      {math::ConnectionForm::square, "square"},
      {math::ConnectionForm::log, "log"},
      {math::ConnectionForm::elimination, "elimination"},
  }};
};

template <>
struct EnumNames<Family> {
  static constexpr std::array<std::pair<Family, std::string_view>, 2> table = {{
      {Family::feedforward, "feedforward"},
      {Family::recurrent, "recurrent"},
  }};
};

template <>
struct EnumNames<Topology> {
  static constexpr std::array<std::pair<Topology, std::string_view>, 2> table = {{
      {Topology::modular, "modular"},
      {Topology::flat, "flat"},
  }};
};

template <>
struct EnumNames<Biases> {
  static constexpr std::array<std::pair<Biases, std::string_view>, 2> table = {{
      {Biases::each_matrix, "each_matrix"},
      {Biases::one, "one"},
  }};
};

template <>
struct EnumNames<math::ActivationSite> {
  static constexpr std::array<std::pair<math::ActivationSite, std::string_view>, 2> table = {{
      {math::ActivationSite::drive, "drive"},
      {math::ActivationSite::state, "state"},
  }};
};

template <>
struct EnumNames<InitialState> {
  static constexpr std::array<std::pair<InitialState, std::string_view>, 2> table = {{
      {InitialState::uniform, "uniform"},
      {InitialState::zero, "zero"},
  }};
};

template <>
struct EnumNames<Freeze> {
  static constexpr std::array<std::pair<Freeze, std::string_view>, 3> table = {{
      {Freeze::none, "none"},
      {Freeze::recurrent, "recurrent"},
      {Freeze::feedforward, "feedforward"},
  }};
};

template <>
struct EnumNames<DuplicateFrom> {
  static constexpr std::array<std::pair<DuplicateFrom, std::string_view>, 2> table = {{
      {DuplicateFrom::trained, "trained"},
      {DuplicateFrom::untrained, "untrained"},
  }};
};

/// The name of a value; empty for a value outside the table.
template <typename Enum>
[[nodiscard]] constexpr std::string_view name_of(Enum value) {
  for (const auto& [entry, name] : EnumNames<Enum>::table)
    if (entry == value) return name;
  return {};
}

/// All names, in the order of the table.
template <typename Enum>
[[nodiscard]] std::vector<std::string> names_of() {
  std::vector<std::string> names;
  for (const auto& [entry, name] : EnumNames<Enum>::table) names.emplace_back(name);
  return names;
}

/// The value of a name, if there is one.
template <typename Enum>
[[nodiscard]] constexpr std::optional<Enum> value_of(std::string_view text) {
  for (const auto& [entry, name] : EnumNames<Enum>::table)
    if (name == text) return entry;
  return std::nullopt;
}

}  // namespace modsweep
