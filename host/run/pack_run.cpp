#include "run/pack_run.h"

#include "core/clock.h"
#include "core/text.h"
#include "plan/schedule.h"
#include "run/arithmetic.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "modsweep/error.h"
#include "modsweep/pruning.h"
#include "modsweep/state.h"
#include "modsweep/swaps.h"

namespace modsweep {
namespace {

constexpr double final_interval = 1.0;  // seconds that a finished cell waits for others before it is measured
constexpr std::size_t max_buffered_rows = 8192;  // of measurements; a pack with this many commits them
constexpr double slow_disk = 1e8;                // bytes per second, assumed until a save has been timed

}  // namespace

/// One network of the pack as the runner sees it.
struct PackRun::Member {
  std::uint64_t total = 0;               // steps of the whole run
  std::uint64_t step = 0;                // steps taken
  std::uint64_t next = 0;                // the next step to be measured
  std::uint64_t next_pruning = no_step;  // the next step after which weights are pruned
  std::size_t goal = 0;                  // position in task.goals of the goal that is learned now
  std::uint64_t committed_step = 0;      // step of the last committed state
  std::size_t weights = 0;               // their number, for training_flop
  std::vector<Measurement> rows;         // since the last commit
  std::optional<Parameters> final_weights;
  BestStep best;                                  // by validation loss, where the settings want it
  std::vector<double> best_parameters;            // of that step, where they are kept
  std::optional<std::uint64_t> first_step_below;  // of the last measurement
  std::optional<std::uint64_t> diverged_at;
  double seconds = 0.0;        // of training since the last commit
  bool measured_last = false;  // measured after its last step
  bool finished = false;       // committed as done or diverged
};

PackRun::PackRun(const RunContext& context, std::vector<Cell> cells)
    : context_(context), cells_(std::move(cells)) {}
PackRun::~PackRun() = default;

void PackRun::restore(Member& member, std::size_t network) {
  auto checkpoint = context_.store.checkpoint(cells_[network]);
  if (!checkpoint) return;
  try {
    if (wants_best_step(cells_[network].settings)) {
      SavedBest saved = split_best(checkpoint->state);
      member.best = saved.best;
      member.best_parameters = std::move(saved.parameters);
    }
    training_->restore(network, checkpoint->state);
    if (training_->step(network) != checkpoint->step || checkpoint->step > member.total)
      throw InputError(fmt::format("a state at step {} beside a checkpoint at step {}, of {}",
                                   training_->step(network), checkpoint->step, member.total));
  } catch (const InputError& error) {
    throw InputError(fmt::format(
        "cell {}: its checkpoint in the store does not restore ({}); use the version and engine that "
        "wrote it, or another -o FILE",
        shown_id(cells_[network].id), error.what()));
  }
  tell_of(*checkpoint);
  member.step = member.committed_step = training_->step(network);
  member.first_step_below = checkpoint->first_step_below;
  // The measurement at the checkpoint's step was committed with the checkpoint: continue with a later one.
  member.next = next_measurement(cells_[network].settings, member.step + 1).value_or(member.total);
  // So was the state after the pruning at that step.
  member.next_pruning = next_pruning(cells_[network].settings.pruning, member.step + 1).value_or(no_step);
  if (context_.trained && member.step > 0)
    context_.trained(static_cast<double>(member.step),
                     training_flop(cells_[network].settings, member.weights, member.step), true);
}

/// Tells the user if another engine or instruction set wrote the checkpoint, since results then differ in
/// their last bits; and if the checkpoint has no hash.
void PackRun::tell_of(const Checkpoint& checkpoint) const {
  if (!context_.tell) return;
  const std::string before = arithmetic(checkpoint.engine, checkpoint.device);
  const std::string now = arithmetic(context_.engine.name(), context_.device);
  if (before != now)
    context_.tell(
        fmt::format("cells that were begun on {} go on on {}: their results may differ in the last bits from "
                    "those of one machine; column `device` names both",
                    before, now));
  if (!checkpoint.hashed)
    context_.tell("checkpoints of an earlier store format have no hash: they are taken as they are, once");
}

void PackRun::start() {
  for (const Cell& cell : cells_) pack_.add(cell.settings, context_.datasets.get(cell.settings.task));
  add_parents();
  pack_.check();
  first_goals_ = pack_.dataset;
  training_ = context_.engine.start(pack_);
  if (const std::string note = training_->note(); context_.tell && !note.empty()) context_.tell(note);
  const ParameterLayout layout(pack_.shape);
  const std::size_t weights = layout.weights();
  last_save_ =
      static_cast<double>(cells_.size() * state_bytes(layout.parameters(), pack_.precision)) / slow_disk;
  members_.resize(cells_.size());
  for (std::size_t p = 0; p < cells_.size(); ++p) {
    Member& member = members_[p];
    member.total = pack_.steps[p];
    member.next = next_measurement(cells_[p].settings, 0).value_or(member.total);
    member.weights = weights;
    member.next_pruning = next_pruning(cells_[p].settings.pruning, 0).value_or(no_step);
    restore(member, p);
    learn(p, goal_of_step(cells_[p].settings, member.step));
    prune_due(p);
  }
  last_commit_ = last_final_ = steady_seconds();
}

void PackRun::add_parents() {
  for (std::size_t p = 0; p < cells_.size(); ++p) {
    if (cells_[p].settings.start.cell.empty()) continue;
    pack_.initial.resize(cells_.size());
    pack_.initial[p] = context_.parent(cells_[p].settings);
  }
}

bool PackRun::at_rest(std::size_t network) const {
  return members_[network].step == members_[network].total || members_[network].diverged_at;
}

/// The number of steps until a network that is still in training must be measured. Finished networks do not
/// count: they stop at their own last step and no longer change, so they can be measured later.
std::uint64_t PackRun::steps_to_next_event() const {
  std::uint64_t steps = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t longest = 1;
  for (std::size_t p = 0; p < members_.size(); ++p) {
    if (at_rest(p)) continue;
    const Member& member = members_[p];
    longest = std::max(longest, member.total - member.step);
    if (member.next < member.total) steps = std::min(steps, member.next - member.step);
    if (member.next_pruning < member.total) steps = std::min(steps, member.next_pruning - member.step);
    const std::uint64_t of_swap = swap_interval(cells_[p].settings.regularizer);
    if (of_swap > 0) steps = std::min(steps, of_swap - member.step % of_swap);
    const std::uint64_t of_goal = cells_[p].settings.training.goal_steps;
    if (of_goal > 0) steps = std::min(steps, of_goal - member.step % of_goal);
  }
  return std::min(steps, longest);
}

/// Turns a network to a goal of its task.
void PackRun::learn(std::size_t network, std::size_t goal) {
  if (std::exchange(members_[network].goal, goal) == goal) return;
  training_->learn(network, goal);
  pack_.dataset[network] = with_goal(first_goals_[network], goal);
}

/// Each network that takes a further step learns that step's goal. Until then, what is measured is of the
/// goal of its last step.
void PackRun::turn_to_goals() {
  for (std::size_t p = 0; p < members_.size(); ++p)
    if (!at_rest(p)) learn(p, goal_of_step(cells_[p].settings, members_[p].step + 1));
}

void PackRun::advance() {
  turn_to_goals();
  const auto bound = static_cast<std::uint64_t>(chunk_);
  const std::uint64_t steps = std::min(steps_to_next_event(), bound);
  const double begin = steady_seconds();
  training_->advance(steps);
  const double seconds = steady_seconds() - begin;

  // Chooses the number of steps of the next advance so that it takes `aim` seconds. The number grows at most
  // by the factor 8, so that one unusually fast advance is not followed by a very long one. `aim` is at most
  // an eighth of the time until `end_by`, in case the machine becomes slower.
  const double left = std::max(0.01, (context_.options.end_by - steady_seconds()) / 8);
  const double aim = std::min({context_.options.advance_seconds, context_.engine.advance_seconds(),
                               context_.options.checkpoint_seconds / 2, left});
  const double each = std::max(seconds, 1e-9) / static_cast<double>(steps);
  chunk_ = std::clamp(aim / each, 1.0, std::min(8.0 * std::max(chunk_, 1.0), 1e15));
  last_advance_ = seconds;
  next_advance_ = chunk_ * each;

  double taken = 0.0;
  double flop = 0.0;
  std::vector<double> share(members_.size());
  training_members_ = 0;
  for (std::size_t p = 0; p < members_.size(); ++p) {
    if (at_rest(p)) continue;
    Member& member = members_[p];
    const std::uint64_t before = std::exchange(member.step, training_->step(p));
    member.diverged_at = training_->diverged(p);
    share[p] = static_cast<double>(member.step - before);
    taken += share[p];
    const CellSettings& settings = cells_[p].settings;
    flop += training_flop(settings, member.weights, member.step) -
            training_flop(settings, member.weights, before);
    prune_due(p);
    if (member.step > before) swap_due(p);
    if (!at_rest(p)) ++training_members_;
  }
  if (taken > 0.0)
    for (std::size_t p = 0; p < members_.size(); ++p) members_[p].seconds += seconds * share[p] / taken;
  if (context_.trained) context_.trained(taken, flop, false);
}

/// Prunes a network that has come to the step of its next pruning; comes before the step is measured.
void PackRun::prune_due(std::size_t network) {
  Member& member = members_[network];
  if (member.step != member.next_pruning || member.diverged_at) return;
  const PruningSettings& pruning = cells_[network].settings.pruning;
  std::vector<std::byte> state = training_->save(network);
  prune_state(state, pack_.shape, pack_.precision, pruning, member.step);
  training_->restore(network, state);
  member.next_pruning = next_pruning(pruning, member.step + 1).value_or(no_step);
}

/// Lets units change places where connections get cheaper by it; comes before the step is measured.
void PackRun::swap_due(std::size_t network) {
  const Member& member = members_[network];
  const RegularizerSettings& settings = cells_[network].settings.regularizer;
  const std::uint64_t interval = swap_interval(settings);
  if (interval == 0 || member.step % interval != 0 || member.diverged_at) return;
  std::vector<std::byte> state = training_->save(network);
  if (swap_state(state, pack_.shape, pack_.precision, settings)) training_->restore(network, state);
}

/// Takes a measured step into account for early stopping. A network that stops has reached its last step.
void PackRun::stop_early(std::size_t network, const Measured& measured) {
  Member& member = members_[network];
  const CellSettings& settings = cells_[network].settings;
  if (!wants_best_step(settings)) return;
  const double loss =
      measured.measurement.number("validation_loss").value_or(std::numeric_limits<double>::quiet_NaN());
  if (member.best.update(member.step, loss) && settings.training.keep == Keep::best)
    member.best_parameters = measured.weights.values;
  if (member.step == member.total || !member.best.exhausts(settings.training.patience, member.step)) return;
  if (context_.trained)
    context_.trained(0.0,
                     training_flop(settings, member.weights, member.total) -
                         training_flop(settings, member.weights, member.step),
                     true);  // nothing is left of its work
  member.total = member.step;
  training_->stop(network);
}

void PackRun::record(std::size_t network, Measured measured) {
  Member& member = members_[network];
  stop_early(network, measured);
  // The loss of a step can be finite although the state is not: an infinite second moment, for example, only
  // stops the updates. So every measurement checks the state, also where no checkpoint follows: the result
  // must not depend on where a run was interrupted. After the last update no step computes a loss, so the
  // measured loss is checked instead. The engine may continue to train a network that diverged here, but the
  // network is not measured again.
  const bool is_last = member.step == member.total;
  if (!member.diverged_at &&
      (!measured.finite ||
       (is_last && !std::isfinite(measured.measurement.number("train_loss").value_or(0.0)))))
    member.diverged_at = member.step;
  if (at_rest(network)) {
    member.measured_last = true;
    if (!member.diverged_at && cells_[network].settings.measure.weights) {
      member.final_weights = std::move(measured.weights);
      if (!member.best_parameters.empty()) member.final_weights->values = member.best_parameters;
    }
  } else {
    member.next = next_measurement(cells_[network].settings, member.step + 1).value_or(member.total);
  }
  if (const auto first = measured.measurement.number("first_step_below"))
    member.first_step_below = static_cast<std::uint64_t>(*first);
  member.rows.push_back(std::move(measured.measurement));
  ++buffered_rows_;
}

void PackRun::measure_due(bool all_finished) {
  std::vector<MeasureRequest> due;
  std::vector<MeasureRequest> last;
  for (std::size_t p = 0; p < members_.size(); ++p) {
    const MeasureRequest request{p, &cells_[p].settings, members_[p].best, at_rest(p),
                                 members_[p].first_step_below};
    if (at_rest(p)) {
      if (!members_[p].measured_last) last.push_back(request);
    } else if (members_[p].step == members_[p].next) {
      due.push_back(request);
    }
  }
  const bool waited = steady_seconds() - last_final_ >= final_interval;
  if (!due.empty() || all_finished || waited || training_members_ == 0)
    due.insert(due.end(), last.begin(), last.end());
  if (due.empty()) return;
  if (!last.empty()) last_final_ = steady_seconds();
  std::vector<Measured> results = measure(*training_, pack_, due, context_.options.threads);
  for (std::size_t r = 0; r < due.size(); ++r) record(due[r].network, std::move(results[r]));
}

bool PackRun::checkpoint_due() const {
  // Commits one round (an advance with its measurements) early, so that `checkpoint_seconds` is not exceeded.
  return steady_seconds() - last_commit_ + last_round_ >= context_.options.checkpoint_seconds ||
         buffered_rows_ >= max_buffered_rows;
}

/// What is to be committed of a network: since the last time, or to its end.
CellProgress PackRun::progress_of(std::size_t network) {
  Member& member = members_[network];
  CellProgress entry;
  entry.cell = &cells_[network];
  entry.status = !member.measured_last ? CellStatus::running
                 : member.diverged_at  ? CellStatus::diverged
                                       : CellStatus::done;
  entry.step = member.step;
  entry.diverged_at = member.diverged_at;
  buffered_rows_ -= member.rows.size();
  entry.measurements = std::exchange(member.rows, {});
  entry.weights = std::move(member.final_weights);
  entry.seconds = member.seconds;
  const bool keeps_state = entry.status == CellStatus::done && cells_[network].settings.measure.state;
  if (!member.measured_last || keeps_state) {
    entry.checkpoint = training_->save(network);
    if (wants_best_step(cells_[network].settings))
      append_best(entry.checkpoint, {member.best, member.best_parameters});
  }
  return entry;
}

/// Commits the finished cells that were measured, with those that repeat them, and, if `with_running`, the
/// state of all others.
void PackRun::commit(bool with_running) {
  const double begin = steady_seconds();
  std::vector<CellProgress> progress;
  std::deque<Cell> repeats;  // progress refers to them
  std::vector<CellStatus> finished;
  std::vector<std::size_t> committed;
  for (std::size_t p = 0; p < members_.size(); ++p) {
    const Member& member = members_[p];
    const bool changed = member.step != member.committed_step || !member.rows.empty();
    if (member.finished || !(member.measured_last || (with_running && changed))) continue;
    progress.push_back(progress_of(p));
    committed.push_back(p);
    if (!member.measured_last) continue;
    const CellStatus status = progress.back().status;
    finished.push_back(status);
    for (Cell& cell : context_.repeats ? context_.repeats(cells_[p]) : std::vector<Cell>{}) {
      CellProgress& same = progress.emplace_back();
      same.cell = &repeats.emplace_back(std::move(cell));
      same.status = status;
      same.diverged_at = member.diverged_at;
      same.same_as = cells_[p].id;
      finished.push_back(status);
    }
  }
  if (!progress.empty())
    context_.store.commit(context_.sweep_id, std::move(progress), context_.engine.name(), context_.device);
  for (const std::size_t p : committed) {
    Member& member = members_[p];
    member.seconds = 0.0;
    member.committed_step = member.step;
    member.finished = member.measured_last;
  }
  if (context_.finished)
    for (const CellStatus status : finished) context_.finished(status);
  if (!with_running) return;
  last_commit_ = steady_seconds();
  if (!committed.empty()) last_save_ = last_commit_ - begin;
  if (context_.saved) context_.saved();
}

/// Seconds to allow for another advance, its measurements and a save: twice the time last measured, since
/// training and the disk can become slower.
double PackRun::seconds_to_end() const {
  const double measuring = std::max(0.0, last_round_ - last_advance_);
  return 2.0 * (next_advance_ + measuring + last_save_);
}

bool PackRun::run() {
  start();
  training_members_ = members_.size();
  for (double begin = steady_seconds();;
       last_round_ = steady_seconds() - std::exchange(begin, steady_seconds())) {
    const bool stopping = context_.stop && context_.stop(seconds_to_end());
    const bool checkpoint = stopping || checkpoint_due();
    measure_due(checkpoint);
    const bool any_through = std::any_of(members_.begin(), members_.end(),
                                         [](const Member& m) { return m.measured_last && !m.finished; });
    if (checkpoint || any_through) commit(checkpoint);
    if (std::all_of(members_.begin(), members_.end(), [](const Member& m) { return m.finished; }))
      return true;
    if (stopping) return false;
    advance();
  }
}

std::vector<Cell> PackRun::unfinished() && {
  std::vector<Cell> left;
  for (std::size_t p = 0; p < cells_.size(); ++p)
    if (p >= members_.size() || !members_[p].finished) left.push_back(std::move(cells_[p]));
  return left;
}

}  // namespace modsweep
