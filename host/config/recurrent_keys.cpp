#include "config/recurrent_keys.h"

#include "config/key_builders.h"

namespace modsweep {
namespace {

using keys::fraction;
using keys::fraction_or_one;
using keys::key;
using keys::later;
using keys::lines;
using keys::not_negative;
using keys::of;
using keys::of_all;

using Recurrent = NetworkSettings;
using Growth = GrowthSettings;

/// A new setting of recurrent networks alone.
KeyInfo own(KeyInfo info) {
  return later(of({Family::recurrent}, std::move(info)));
}

}  // namespace

std::vector<KeyInfo> recurrent_keys() {
  return {
      later(of_all(key<&Recurrent::family>(
          "network.family", "what networks are made of; a family has settings and defaults of its own"))),
      own(key<&Recurrent::topology>("network.topology",
                                    "a module for each task, or one module that all heads read")),
      own(key<&Recurrent::units>("network.units", Limits{1, 4096}, "units of each module")),
      own(key<&Recurrent::biases>("network.biases",
                                  "a bias for each matrix of a unit, or one for each unit")),
      own(key<&Recurrent::activation_site>(
          "network.activation_site", "whether the leaky ReLU acts on a unit's drive or on its new state")),
      own(key<&Recurrent::initial_state>("network.initial_state",
                                         "states before the first bit: uniform in [0, 0.1), or 0")),
      own(key<&TrainingSettings::clip_norm>("training.clip_norm", not_negative,
                                            "largest norm of a gradient; 0: any")),
      own(key<&Growth::threshold>(
          "growth.threshold", fraction,
          "accuracy, of the newest head and of all on average, above which a task is solved")),
      own(key<&Growth::epochs>("growth.epochs", Limits{1, 65536},
                               "length of the run; an epoch solves one task at most")),
      own(key<&Growth::epoch_steps>("growth.epoch_steps", Limits{1, 1e9}, "optimizer steps of an epoch")),
      own(key<&Growth::test_batches>("growth.test_batches", Limits{1, 1e6},
                                     "batches of the test after each epoch")),
      own(lines<&Growth::duplicate>("growth.duplicate", 0, 5,
                                    "modular: what a new module copies of the last one: any of recurrent, "
                                    "feedforward, input, tau and head")),
      own(key<&Growth::duplicate_from>(
          "growth.duplicate_from", "modular: whether it copies what was trained, or what that started as")),
      own(key<&Growth::freeze>("growth.freeze",
                               "modular: whose weights are copies in all modules and stay as they are")),
      own(key<&Growth::old_rate>("growth.old_rate", fraction_or_one,
                                 "modular: factor of the learning rate of what is there, at every growth; 0: "
                                 "that is not trained any more")),
  };
}

}  // namespace modsweep
