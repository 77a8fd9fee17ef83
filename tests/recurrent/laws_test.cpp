#include "recurrent/laws.h"

namespace modsweep::test {
namespace {

template <typename Scalar>
struct LawsOnCpu {
  using T = Scalar;
  static constexpr bool form_of_packs = false;
  static constexpr std::uint32_t epochs = 6;
  static constexpr std::uint32_t epoch_steps = 7;
  static std::unique_ptr<recurrent::Runs<T>> make(const std::vector<recurrent::RunSettings>& runs,
                                                  std::size_t threads) {
    return std::make_unique<recurrent::RecurrentTraining<T>>(runs, cpu::best_isa(), threads);
  }
};
using OnCpu = testing::Types<LawsOnCpu<float>, LawsOnCpu<double>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Cpu, RecurrentLaws, OnCpu);

}  // namespace
}  // namespace modsweep::test
