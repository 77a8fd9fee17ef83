// Trains a sweep with one setting changed, shows how far it is, and reads results by column.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "modsweep/results.h"
#include "modsweep/session.h"

class Tenths : public modsweep::SessionWatcher {
 public:
  void update(const modsweep::ProgressState& state) override {
    const double fraction = state.work / (state.work + state.work_left);
    if (fraction < shown_ + 0.1) return;
    shown_ = fraction;
    std::printf("%.0f %% of %.0f networks\n", 100 * fraction, static_cast<double>(state.cells));
  }

 private:
  double shown_ = 0.0;
};

int main(int argc, char** argv) try {
  if (argc != 3) throw modsweep::InputError("usage: train SWEEP.toml STORE.db");
  const modsweep::Sweep sweep =
      modsweep::read_sweep(argv[1], {"training.steps=600", "measure.every_steps=0"});
  modsweep::Session session(argv[2], {.threads = 1});  // what the store has already is not trained again
  Tenths tenths;
  if (!session.train(sweep, tenths)) return 130;

  const modsweep::ResultColumns results =
      modsweep::read_results(session.store(), modsweep::Table::results, {"noise.exponent", "test_loss"});
  const std::vector<double> exponent = results.numbers("noise.exponent");
  const std::vector<double> loss = results.numbers("test_loss");  // NaN: the network diverged
  std::map<double, std::vector<double>> losses;
  for (std::size_t row = 0; row < results.rows(); ++row)
    if (!std::isnan(loss[row])) losses[exponent[row]].push_back(loss[row]);
  for (auto& [alpha, values] : losses) {
    std::sort(values.begin(), values.end());
    std::printf("exponent %g: median test loss %.3g\n", alpha, values[values.size() / 2]);
  }
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "train: %s\n", error.what());
  return 1;
}
