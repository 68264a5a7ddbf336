// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/datapath/essential_bits.hpp"
#include "sim/datapath/row_multiplier.hpp"

namespace ldpsim {

/// The arithmetic of Bit-Pragmatic's PEs: every term of a moving code shifts the stationary codes that it meets by its
/// position and adds or subtracts them.
class TermMultiplier final : public RowMultiplier {
 public:
  TermMultiplier(TermEncoding encoding, PlaneCount moving, PlaneCount stationary)
      : RowMultiplier(moving, stationary), encoding_(encoding) {}
  void multiply(std::int64_t moving_step, std::int64_t stationary_step, std::int64_t* out) override;

 private:
  static constexpr std::int64_t kLanes = 64;  ///< stationary rows worked on together
  void fill_lanes(std::int64_t first_row);
  void add_terms(const std::int32_t* codes, std::int64_t places);

  TermEncoding encoding_;
  std::vector<std::int64_t> lanes_;  ///< [place][lane]
  std::array<std::int64_t, kLanes> sums_{};
};

}  // namespace ldpsim
