#include "config/inert.h"

namespace modsweep {
namespace {

bool is_noiseless(const CellSettings& cell) {
  return cell.noise.strength == 0.0;
}
/// Whether nothing enters the units that `noise.site` could place.
bool has_no_site(const CellSettings& cell) {
  return is_noiseless(cell) && cell.regularizer.dropout == 0.0 && cell.measure.noisy_strength == 0.0;
}
bool is_sgd(const CellSettings& cell) {
  return cell.training.optimizer == Optimizer::sgd;
}
bool has_no_leak(const CellSettings& cell) {
  return cell.network.activation != Activation::leaky_relu;
}
bool has_no_test_noise(const CellSettings& cell) {
  return cell.measure.noisy_strength == 0.0;
}

bool is_not_pruned(const CellSettings& cell) {
  return cell.pruning.sparsity == 0.0;
}

bool has_no_connection_cost(const CellSettings& cell) {
  return cell.regularizer.connection_cost == 0.0;
}

void add_pruning(std::vector<InertRule>& rules) {
  for (const char* key : {"pruning.initial_sparsity", "pruning.begin", "pruning.end", "pruning.every",
                          "pruning.shape", "pruning.scope"})
    rules.push_back({key, is_not_pruned, "pruning.sparsity = 0"});
}

/// The settings of penalties whose values are measured only where their coefficients are not 0: those of
/// activity, and those that a measure of their own records.
/// Values of other penalties are always measured.
void add_penalties(std::vector<InertRule>& rules) {
#define MODSWEEP_COEFFICIENT(name, Penalty)                                                          \
  [[maybe_unused]] constexpr double RegularizerSettings::*of_##Penalty = &RegularizerSettings::name; \
  [[maybe_unused]] constexpr std::string_view off_##Penalty = "regularizer." #name " = 0";
#define MODSWEEP_SETTING(Penalty, name, standard)                                                    \
  if (math::is_of_activity<math::Penalty> || math::Penalty::measured_alone)                          \
    rules.push_back({"regularizer." #name,                                                           \
                     [](const CellSettings& cell) { return cell.regularizer.*of_##Penalty == 0.0; }, \
                     off_##Penalty});
  MODSWEEP_PENALTIES(MODSWEEP_COEFFICIENT, MODSWEEP_SETTING)
#undef MODSWEEP_COEFFICIENT
#undef MODSWEEP_SETTING
}

}  // namespace

const std::vector<InertRule>& inert_rules() {
  static const std::vector<InertRule> rules = [] {
    std::vector<InertRule> all = {
        {"noise.exponent", is_noiseless, "noise.strength = 0"},
        {"noise.gradient", is_noiseless, "noise.strength = 0"},
        {"noise.site", has_no_site, "there is neither noise nor dropout"},
        {"network.leaky_slope", has_no_leak, "network.activation is not leaky_relu"},
        {"training.beta1", is_sgd, "training.optimizer = sgd"},
        {"training.beta2", is_sgd, "training.optimizer = sgd"},
        {"training.epsilon", is_sgd, "training.optimizer = sgd"},
        {"measure.noisy_exponent", has_no_test_noise, "measure.noisy_strength = 0"},
    };
    add_pruning(all);
    all.push_back({"regularizer.swap_every", has_no_connection_cost, "regularizer.connection_cost = 0"});
    add_penalties(all);
    return all;
  }();
  return rules;
}

}  // namespace modsweep
