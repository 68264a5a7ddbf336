// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <systemc>

#include "sim/model/walk.hpp"

namespace ldpsim {

/// The buffer of one tensor, one or two halves of a block each. It knows which blocks are there; it holds no values.
///
/// Life of block b: its half becomes free, it is filled from DRAM (output blocks seen for the first time need no
/// filling), the array works on it, the array leaves it, and an output block is written back. Counters run over blocks:
/// freed <= retired <= arrived <= freed + halves.
class Scratchpad final : public sc_core::sc_module {
 public:
  explicit Scratchpad(const sc_core::sc_module_name& name) : sc_module(name) {}
  void configure(const Walk& walk, Tensor tensor, bool double_buffered);

  /// Whether the block that the next step works on is there.
  bool ready() const { return arrived > retired; }
  /// Whether the half for that block is still being written back.
  bool occupied() const { return retired >= freed + halves_; }
  bool wants_read() const { return arrived < blocks_ && arrived < freed + halves_; }
  bool wants_write() const { return freed < retired; }
  /// First step that cannot start before the block to be read has arrived, or the block to be written has gone.
  std::int64_t read_deadline() const { return arrived * span_; }
  std::int64_t write_deadline() const { return std::min((freed + halves_) * span_, walk_->steps()); }
  std::int64_t block_bits() const { return block_bits_; }
  /// The array has left the current block.
  void retire();
  /// The DMA has moved the last part of the block to be read or written.
  void filled();
  void drained();

  std::int64_t arrived = 0, retired = 0,
               freed = 0;  ///< blocks that came, that the array left, whose half is free again
  std::int64_t read_left = 0,
               write_left = 0;  ///< bits of the block to be read / written that the DMA has not asked for yet

 private:
  void skip_unread();

  const Walk* walk_ = nullptr;
  Tensor tensor_ = Tensor::kStationary;
  std::int64_t span_ = 1, blocks_ = 0, block_bits_ = 0, halves_ = 2;
};

}  // namespace ldpsim
