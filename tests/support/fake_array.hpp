// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/core/error.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/mapping/tile_plan.hpp"

namespace ldpsim::test {

/// An array without a datapath: a tile takes a fixed number of cycles per element of its five-dimensional box.
class FakeArray : public PeArray {
 public:
  Cycles cycles_per_element = 1, fill = 0, drain = 0;
  TileOverhead overhead;                     ///< of every tile
  std::array<bool, kLoopCount> continued{};  ///< continued_loops
  bool full_tiles = false;

  const std::string& kind() const override { return kind_; }
  std::int64_t pes() const override { return 1; }
  void check(const Problem&, PassBits) const override {}
  Cycles closed_form_cycles(const Problem&, PassBits) const override { return -1; }
  bool charges_full_tiles() const override { return full_tiles; }
  std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem&, PassBits) const override { return {}; }
  bool tile_allowed(const Problem&, PassBits, const TileShape&) const override { return true; }
  Cycles tile_cycles(const Problem&, PassBits, const TileShape& tile) const override {
    Cycles cycles = cycles_per_element;
    for (const std::int64_t extent : tile.extent) cycles *= extent;
    return cycles;
  }
  Cycles fill_cycles() const override { return fill; }
  Cycles drain_cycles() const override { return drain; }
  TileOverhead tile_overhead(const Problem&, PassBits, const TileShape&) const override { return overhead; }
  bool has_tile_overhead() const override { return true; }
  std::array<bool, kLoopCount> continued_loops(const Problem&, PassBits, const TileShape&) const override {
    return continued;
  }
  std::array<std::int64_t, kTensorCount> tile_bits(const Problem&, PassBits, const TileShape&) const override {
    return {};
  }
  BufferAccesses accesses(const Problem&, PassBits, const TileShape&) const override { return {}; }
  ActionCounts overhead_actions(const Problem&, PassBits) const override { return {}; }
  std::unique_ptr<FunctionalTask> make_task(const Problem&, PassBits, const PassOperands&) const override {
    return nullptr;
  }

 private:
  std::string kind_ = "fake";
};

}  // namespace ldpsim::test
