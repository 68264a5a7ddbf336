// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/datapath/functional.hpp"
#include "sim/replay/machine.hpp"
#include "sim/validate/bench.hpp"
#include "sim/validate/target.hpp"

namespace ldpsim {

/// Settings under which every operand stays in its buffer: what publications of chips measure.
Bench::Settings with_large_buffers(Bench::Settings settings = {});

/// A layer on a chip that nothing makes wait.
struct ChipRun {
  std::int64_t macs = 0;  ///< of the layer, skipped ones included
  Cycles cycles = 0;
  ActionCounts counts;
  Energy energy;
  double frequency_mhz = 1;
  double gops() const;     ///< two operations a product
  double chip_pj() const;  ///< without DRAM
  double milliwatt() const;
  double tops_per_watt() const;
};

/// Forward pass of one image of `layer`, whatever the values.
ChipRun run_chip(const Machine& machine, const Layer& layer, PassBits bits);
/// The same on these operands.
ChipRun run_chip(const Machine& machine, const Layer& layer, PassBits bits, const PassOperands& operands);

/// The target's `machine` with large buffers and `settings`, activations of 16 bits and weights of the target's
/// `weight_bits`, on a layer of so many channels and 960 kernels: it fills every row, lane and port at every precision,
/// and is so long that reading operands and writing results counts little.
ChipRun run_at_peak(const Target& target, Bench& bench, std::int64_t in_channels, Bench::Settings settings = {});

/// Codes 1 .. 2^bits - 1 that stand for themselves, of which about the fraction `zeros` is 0; seeded.
QuantisedTensor made_up_tensor(std::int64_t elements, int bits, double zeros);

}  // namespace ldpsim
