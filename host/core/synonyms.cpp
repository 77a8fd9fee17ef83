#include "core/synonyms.h"

#include "core/text.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace modsweep {
namespace {

constexpr Synonym settings[] = {
    {{"training.learning_rate"}, "lr eta learning_rate_init"},
    {{"noise.exponent", "training.learning_rate"}, "alpha"},
    {{"training.weight_decay"}, "wd decay"},
    {{"training.batch_size"}, "batch bs batchsize minibatch minibatch_size"},
    {{"training.epochs"}, "epoch n_epochs num_epochs max_epochs"},
    {{"training.steps"},
     "n_steps num_steps max_steps iterations n_iterations max_iter n_iter iters train_steps"},
    {{"training.optimizer"}, "opt optim solver"},
    {{"training.beta1", "training.beta2"}, "betas"},
    {{"training.beta1"}, "beta_1"},
    {{"training.beta2"}, "beta_2"},
    {{"training.epsilon"}, "eps"},
    {{"training.nesterov"}, "nesterovs_momentum"},
    {{"training.schedule"}, "lr_scheduler scheduler lr_schedule learning_rate_schedule"},
    {{"training.schedule_minimum"}, "eta_min min_lr lr_min"},
    {{"training.gamma"}, "lr_decay lr_gamma decay_rate"},
    {{"training.warmup_steps"}, "warmup n_warmup num_warmup_steps lr_warmup"},
    {{"training.patience"}, "early_stopping early_stop early_stopping_patience n_iter_no_change"},
    {{"training.keep"}, "restore_best_weights load_best best_weights"},
    {{"training.precision"}, "dtype"},
    {{"training.seed", "task.seed"}, "random_state rng_seed random_seed manual_seed seeds"},
    {{"network.hidden"},
     "hidden_sizes hidden_size hidden_dims hidden_dim hidden_layers hidden_layer_sizes hidden_units "
     "hidden_features layers layer_sizes n_layers num_layers n_hidden width widths depth sizes units"},
    {{"network.activation"}, "act act_fn activation_fn activation_function nonlinearity"},
    {{"network.leaky_slope"}, "negative_slope slope"},
    {{"network.bias"}, "use_bias biases"},
    {{"network.architecture"}, "arch"},
    {{"noise.strength"}, "sigma noise_std noise_level std noise_scale noise_sigma noise_strength"},
    {{"noise.exponent"}, "noise_exponent"},
    {{"regularizer.dropout"}, "p drop dropout_p dropout_rate p_dropout"},
    {{"regularizer.l1"}, "lasso l1_lambda l1_reg lambda1"},
    {{"regularizer.l2"}, "ridge l2_lambda l2_reg lambda2"},
    {{"regularizer.l2", "regularizer.l1"}, "lambda"},
    {{"regularizer.weighted_activity"}, "wa"},
    {{"task.inputs"}, "n n_inputs num_inputs input_dim input_size in_features n_features dim"},
    {{"task.train_samples"}, "n_samples num_samples samples n_train train_size dataset_size n_data"},
    {{"task.test_samples"}, "n_test test_size"},
    {{"task.ood_samples"}, "n_ood"},
    {{"task.validation_samples"},
     "n_val n_valid n_validation val_size valid_size validation_size val_samples"},
    {{"task.split"}, "shuffle_split random_split train_test_split"},
    {{"task.data_seed"}, "split_seed"},
    {{"task.scale"}, "scaler scaling normalize normalization standardize"},
    {{"task.missing"}, "na dropna missing_values na_values"},
    {{"task.kind"}, "problem target_function"},
    {{"task.file"}, "csv path filename file_name data_file data_path"},
    {{"task.input_columns"}, "features feature_columns x_columns"},
    {{"task.target_columns"}, "target targets labels label y_columns"},
    {{"measure.every_steps"}, "eval_every log_every eval_interval log_interval measure_every eval_freq"},
    {{"measure.modules"}, "n_modules k n_clusters"},
    {{"measure.weights"}, "save_weights keep_weights save_model"},
    {{"measure.partition"}, "modularity"},
};

constexpr Synonym sections[] = {
    {{"network"}, "model net architecture mlp"},
    {{"training"}, "train trainer optimizer optim optimization"},
    {{"task"}, "data dataset problem"},
    {{"regularizer"}, "regularization regularizers penalty penalties"},
    {{"measure"}, "metrics measures measurements logging eval evaluation"},
    {{"axes"}, "grid sweep parameters search search_space axis"},
};

constexpr Synonym columns[] = {
    {{"test_loss", "train_loss"}, "loss mse error"},
    {{"test_loss"}, "test_mse test_error eval_loss test"},
    {{"validation_loss", "test_loss"}, "val_loss valid_loss val_mse valid_mse"},
    {{"train_loss"}, "train_mse train_error training_loss train"},
    {{"ood_loss"}, "ood ood_mse ood_error"},
    {{"noisy_test_loss"}, "noisy_loss"},
    {{"gap_live_layer1", "gap_layer1"}, "gap gaps eigengap spectral_gap"},
    {{"gap_live_layer1"}, "gap_live"},
    {{"modules_live_layer1", "modules_layer1"}, "modules n_modules"},
    {{"modules_live_layer1"}, "modules_live"},
    {{"dead_layer1"}, "dead dead_units"},
    {{"modularity_layer1"}, "modularity q"},
    {{"normalized_cut_layer1"}, "ncut cut"},
    {{"block_share_layer1"}, "block_share"},
    {{"path_leak", "jacobian_leak"}, "leak leaks"},
    {{"jacobian_leak"}, "jacobian"},
    {{"sum_w2"}, "l2 norm weight_norm w2"},
    {{"cell"}, "id"},
    {{"seconds"}, "time runtime"},
    {{"status"}, "state"},
};

constexpr Synonym choices[] = {
    {{"linear"}, "identity none"},
    {{"leaky_relu"}, "lrelu"},
    {{"sigmoid"}, "logistic"},
    {{"prelu"}, "parametric_relu"},
    {{"fp32"}, "float32 float single f32 32"},
    {{"fp64"}, "float64 double f64 64"},
    {{"table"}, "csv file"},
    {{"identity"}, "autoencoder"},
    {{"cosine"}, "cosine_annealing cosineannealing cosineannealinglr"},
    {{"step"}, "steplr step_lr"},
    {{"incoming"}, "rows in"},
    {{"outgoing"}, "columns out"},
};

std::string normal(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (c == '-') c = '_';
  }
  return out;
}

/// Whether one of the words between blanks is this one.
bool has_word(std::string_view words, std::string_view wanted) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == wanted) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace

std::span<const Synonym> setting_synonyms() {
  return settings;
}
std::span<const Synonym> section_synonyms() {
  return sections;
}
std::span<const Synonym> column_synonyms() {
  return columns;
}
std::span<const Synonym> choice_synonyms() {
  return choices;
}

std::vector<std::string_view> synonyms_of(std::string_view tried, std::span<const Synonym> table) {
  std::vector<std::string_view> names;
  const std::string wanted = normal(tried);
  const auto found =
      std::ranges::find_if(table, [&](const Synonym& synonym) { return has_word(synonym.tried, wanted); });
  if (found == table.end()) return names;
  std::ranges::copy_if(found->names, std::back_inserter(names),
                       [](std::string_view name) { return !name.empty(); });
  return names;
}

std::vector<std::string_view> meant(std::string_view tried, std::span<const std::string_view> candidates) {
  const std::string_view leaf = tried.substr(tried.rfind('.') + 1);  // npos + 1 is 0
  std::vector<std::string_view> found;
  const auto add_if_there = [&](std::string_view name) {
    if (std::ranges::find(candidates, name) != candidates.end() &&
        std::ranges::find(found, name) == found.end())
      found.push_back(name);
  };
  for (const auto table : {column_synonyms(), setting_synonyms()})
    for (const std::string_view name : synonyms_of(leaf, table)) add_if_there(name);
  if (!found.empty()) return found;
  for (const std::string_view candidate : candidates)
    if (const auto dot = candidate.rfind('.');
        dot != std::string_view::npos && candidate.substr(dot + 1) == leaf)
      found.push_back(candidate);
  if (!found.empty()) return found;
  if (const auto best = nearest(tried, candidates)) found.push_back(*best);
  return found;
}

std::string did_you_mean(std::span<const std::string_view> names) {
  return fmt::format("did you mean {}?", fmt::join(names, " or "));
}

}  // namespace modsweep
