// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/model/accelerator.hpp"
#include "tests/support/random_plan.hpp"

namespace ldpsim::test {

/// The machine once more, without SystemC and without events: one turn of a loop per clock cycle, block by block,
/// written from the description of TilePlan alone. Slow and plain on purpose.
class CycleByCycle {
 public:
  /// With `values`, what a step costs, as (compute, imbalance), from its indices by Loop.
  using Values = std::function<std::pair<Cycles, Cycles>(const std::array<std::int64_t, kLoopCount>&)>;
  explicit CycleByCycle(const Case& c, Values values = {}) : c_(c), values_(std::move(values)), trips_(c.plan.trips) {
    steps_ = c.plan.steps();
    for (std::size_t t = 0; t < 3; ++t) {
      span_[t] = 1;
      for (int i = 0; i < c.plan.resident_loops[t]; ++i) span_[t] *= trips_at(4 - i);
      present_[t].assign(static_cast<std::size_t>(steps_ / span_[t]), false);
      owed_[t].assign(present_[t].size(), c.plan.block_bits[t]);
    }
    results_.assign(present_[2].size(), c.plan.block_bits[2]);
    gone_.assign(present_[2].size(), false);
    mark_output_reads();
  }

  CycleStack run() {
    for (Cycles now = 0;; ++now) {
      if (dma_left_ == 0 && dma_active_) end_transfer();
      if (array_left_ == 0 && running_) {
        running_ = false;
        ++step_;
      }
      mark_unread_blocks();
      if (!running_ && step_ < steps_ && missing() == Cause::kIdle) begin_step();
      if (!dma_active_) begin_transfer();
      if (step_ == steps_ && !dma_active_) return stack_;
      charge();
      ++since_transfer_;
      --array_left_;
      --dma_left_;
    }
  }

 private:
  std::int64_t trips_at(int level) const {
    return trips_[static_cast<std::size_t>(c_.plan.order[static_cast<std::size_t>(level)])];
  }
  std::array<std::int64_t, 5> indices(std::int64_t step) const {  ///< by Loop
    std::array<std::int64_t, 5> index{};
    for (int level = 4; level >= 0; --level) {
      index[static_cast<std::size_t>(c_.plan.order[static_cast<std::size_t>(level)])] = step % trips_at(level);
      step /= trips_at(level);
    }
    return index;
  }
  void mark_output_reads() {
    // a block is read if its outputs were in a block before
    std::set<std::array<std::int64_t, 5>> seen;
    for (std::int64_t block = 0; block < steps_ / span_[2]; ++block) {
      std::array<std::int64_t, 5> key = indices(block * span_[2]);
      for (std::size_t l = 0; l < 5; ++l) {
        if (!depends_on(c_.plan.problem.pass, Tensor::kOutput, static_cast<Loop>(l))) key[l] = 0;
      }
      const bool again = !seen.insert(key).second;
      if (!c_.memory.outputs_always_read && !again) owed_[2][static_cast<std::size_t>(block)] = 0;
    }
  }
  std::int64_t halves() const { return c_.memory.double_buffered ? 2 : 1; }
  bool half_free(std::size_t t, std::int64_t block) const {
    const std::int64_t before = block - halves();
    if (before < 0) return true;
    return t == 2 ? static_cast<bool>(gone_[static_cast<std::size_t>(before)]) : step_ >= (before + 1) * span_[t];
  }
  std::int64_t first_absent(std::size_t t) const {
    std::int64_t block = 0;
    while (block < static_cast<std::int64_t>(present_[t].size()) && present_[t][static_cast<std::size_t>(block)])
      ++block;
    return block;
  }
  void mark_unread_blocks() {
    for (std::int64_t b = first_absent(2);
         b < steps_ / span_[2] && half_free(2, b) && owed_[2][static_cast<std::size_t>(b)] == 0; ++b) {
      if (!(dma_active_ && !dma_write_ && dma_tensor_ == 2))
        present_[2][static_cast<std::size_t>(b)] = true;
      else
        break;
    }
  }
  Cause missing() const {
    for (std::size_t t = 0; t < 3; ++t) {
      const std::int64_t block = step_ / span_[t];
      if (present_[t][static_cast<std::size_t>(block)]) continue;
      if (t == 0) return Cause::kWeightLoad;
      if (t == 1) return Cause::kDramStall;
      return half_free(2, block) ? Cause::kDramStall : Cause::kBufferStall;
    }
    return Cause::kIdle;
  }
  void begin_step() {
    const auto index = indices(step_);
    compute_left_ = c_.array.cycles_per_element;
    const TileShape whole = loop_extents(c_.plan.problem);
    for (std::size_t l = 0; l < 5; ++l) {
      const std::int64_t tile = c_.plan.tile.extent[l];
      compute_left_ *= c_.array.full_tiles ? tile : std::min(tile, whole.extent[l] - index[l] * tile);
    }
    imbalance_left_ = 0;
    if (values_) std::tie(compute_left_, imbalance_left_) = values_(index);
    stall_left_ = c_.array.overhead.buffer_stall;
    array_left_ = compute_left_ + imbalance_left_ + stall_left_ + (empty_ ? c_.array.fill : 0) +
                  (step_ == steps_ - 1 ? c_.array.drain : 0);
    if (!goes_on(index)) array_left_ += c_.array.overhead.fill_drain;
    running_ = true;
    empty_ = false;
  }
  /// Whether only loops along which the array is continued have advanced since the step before.
  bool goes_on(const std::array<std::int64_t, 5>& index) const {
    if (step_ == 0) return false;
    const auto before = indices(step_ - 1);
    for (std::size_t l = 0; l < 5; ++l) {
      if (index[l] != before[l] && !c_.array.continued[l]) return false;
    }
    // a continued loop further out than one that is not starts anew with it
    bool innermost = true;
    for (int level = 4; level >= 0; --level) {
      const auto loop = static_cast<std::size_t>(c_.plan.order[static_cast<std::size_t>(level)]);
      innermost = innermost && (c_.array.continued[loop] || trips_[loop] == 1);
      if (!innermost && index[loop] != before[loop]) return false;
    }
    return true;
  }
  void begin_transfer() {
    const std::int64_t next = running_ ? step_ + 1 : step_;
    struct Wish {
      std::int64_t deadline;
      std::size_t tensor;
      bool write;
      std::int64_t* bits;
    };
    std::vector<Wish> wishes;
    for (std::size_t t = 0; t < 3; ++t) {
      if (t == 2) {
        std::int64_t b = 0;
        while (b < static_cast<std::int64_t>(gone_.size()) && gone_[static_cast<std::size_t>(b)]) ++b;
        if (b < static_cast<std::int64_t>(gone_.size()) && step_ >= (b + 1) * span_[2]) {
          wishes.push_back(
              {std::min(steps_, (b + halves()) * span_[2]), 2, true, &results_[static_cast<std::size_t>(b)]});
        }
      }
      const std::int64_t b = first_absent(t);
      if (b < steps_ / span_[t] && half_free(t, b))
        wishes.push_back({b * span_[t], t, false, &owed_[t][static_cast<std::size_t>(b)]});
    }
    const auto best = std::min_element(wishes.begin(), wishes.end(),
                                       [](const Wish& a, const Wish& b) { return a.deadline < b.deadline; });
    if (best == wishes.end()) return;
    const std::int64_t beat = c_.memory.dram_bits_per_cycle;
    const std::int64_t burst = std::max(beat, c_.memory.dma_burst_bits / beat * beat);
    const std::int64_t bits = best->deadline <= next ? *best->bits : std::min(burst, *best->bits);
    *best->bits -= bits;
    dma_active_ = true;
    dma_tensor_ = best->tensor;
    dma_write_ = best->write;
    dma_left_ = (bits + beat - 1) / beat + (since_transfer_ == 0 ? 0 : c_.memory.dram_latency);
  }
  void end_transfer() {
    dma_active_ = false;
    since_transfer_ = 0;
    if (dma_write_) {
      for (std::size_t b = 0; b < gone_.size(); ++b) {
        if (results_[b] == 0) gone_[b] = true;
      }
    } else if (const auto b = static_cast<std::size_t>(first_absent(dma_tensor_)); owed_[dma_tensor_][b] == 0) {
      present_[dma_tensor_][b] = true;
    }
  }
  void charge() {
    if (running_) {
      const Cause cause = compute_left_-- > 0     ? Cause::kCompute
                          : imbalance_left_-- > 0 ? Cause::kImbalance
                          : stall_left_-- > 0     ? Cause::kBufferStall
                                                  : Cause::kFillDrain;
      ++stack_[cause];
      return;
    }
    ++stack_[step_ == steps_ ? Cause::kDramStall : missing()];
  }

  const Case& c_;
  Values values_;
  std::array<std::int64_t, 5> trips_;
  std::int64_t steps_ = 0, step_ = 0;
  std::array<std::int64_t, 3> span_{};
  std::array<std::vector<bool>, 3> present_;       ///< block has arrived
  std::array<std::vector<std::int64_t>, 3> owed_;  ///< bits of it still to be asked for
  std::vector<std::int64_t> results_;              ///< bits of an output block still to be written
  std::vector<bool> gone_;                         ///< output block written
  bool running_ = false, empty_ = true, dma_active_ = false, dma_write_ = false;
  std::size_t dma_tensor_ = 0;
  Cycles array_left_ = -1, compute_left_ = 0, imbalance_left_ = 0, stall_left_ = 0, dma_left_ = -1, since_transfer_ = 1;
  CycleStack stack_;
};

}  // namespace ldpsim::test
