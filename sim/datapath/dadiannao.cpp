// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/dadiannao.hpp"

#include "sim/datapath/brick_array.hpp"

namespace ldpsim {
namespace {

constexpr int kWordBits = 16;  ///< operands of a multiplier

class DaDianNaoArray final : public BrickArray {
 public:
  explicit DaDianNaoArray(const ArchSpec& arch) : BrickArray(arch) {}

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_parallel_task(problem, bits, operands, {kWordBits, kWordBits}, sums_.accumulator);
  }

 protected:
  Cycles step_cycles(const Problem&, PassBits) const override { return 1; }
};

}  // namespace

PeArrayKind dadiannao_kind() {
  return {
      .kind = "dadiannao",
      .doc =
          "bit-parallel array: filters x windows x lanes of 16-bit multipliers, a step a cycle whatever the precision "
          "(MICRO 2014; the baseline of Stripes)",
      .parameters = brick_parameters(256, 1, 16, "words"),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<DaDianNaoArray>(arch); },
      .precision_law = "a cycle takes as long at any precision: operands have 16 bits whatever their values need"};
}

}  // namespace ldpsim
