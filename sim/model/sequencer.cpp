// SPDX-License-Identifier: Apache-2.0
#include "sim/model/sequencer.hpp"

#include "sim/core/error.hpp"

namespace ldpsim {

Sequencer::Sequencer(const sc_core::sc_module_name& name, std::array<Scratchpad*, kTensorCount> pads, Dma& dma,
                     PeArrayModule& array)
    : sc_module(name), pads_(pads), dma_(dma), array_(array), start_("start") {
  SC_METHOD(tick);
  sensitive << start_ << dma_.ended() << array_.done();
  dont_initialize();
}

void Sequencer::configure(const Walk& walk, Timing timing, bool fast_forward) {
  walk_ = &walk;
  timing_ = timing;
  fast_forward_ = fast_forward;
  if (fast_forward_) repetitions_.configure(walk, dma_.burst_bits());
  index_.fill(0);
  step_ = 0;
  advanced_level_ = 0;
  empty_ = true;
  stack_ = {};
  difference_ = {};
  skipped_ = 0;
  failure_ = nullptr;
}

void Sequencer::start() {
  started_at_ = charged_until_ = kernel_cycles();
  start_.notify(sc_core::SC_ZERO_TIME);
}

void Sequencer::finish() {
  if (failure_) std::rethrow_exception(failure_);
  if (step_ != walk_->steps() || dma_.busy() || pads_[static_cast<std::size_t>(Tensor::kOutput)]->wants_write()) {
    throw InternalError("the machine came to rest before its walk ended");
  }
  if (stack_.total() != kernel_cycles() - started_at_ + skipped_)
    throw InternalError("the causes do not add up to the cycles");
}

void Sequencer::tick() {
  // The kernel would wrap an exception into a report and lose its type; and without further events it comes to rest by
  // itself.
  try {
    act(kernel_cycles());
  } catch (...) {
    failure_ = std::current_exception();
    dma_.cancel();
    array_.cancel();
  }
}

void Sequencer::act(Cycles now) {
  if (!array_.busy() && now > charged_until_) {
    stack_[missing()] += now - charged_until_;
    charged_until_ = now;
  }
  dma_.settle(now);
  if (array_.busy() && array_.ends_at() == now) leave_step();
  if (!array_.busy() && step_ < walk_->steps() && ready()) try_start(now);
  dma_.dispatch(now, array_.busy() ? step_ + 1 : step_);
}

void Sequencer::leave_step() {
  array_.finish();
  ++step_;
  advanced_level_ = walk_->advance(index_);
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    if (advanced_level_ < walk_->block_level(static_cast<Tensor>(t))) pads_[t]->retire();
  }
}

void Sequencer::try_start(Cycles now) {
  if (fast_forward_) skip_repetitions(now);
  const TileCost cost = step_cost();
  const TileOverhead overhead = walk_->step_overhead(index_);
  const Cycles fill_drain =
      overhead.fill_drain + (empty_ ? timing_.fill : 0) + (step_ + 1 == walk_->steps() ? timing_.drain : 0);
  const Cycles cycles = cost.cycles() + overhead.buffer_stall + fill_drain;
  array_.compute(index_, 1, timing_.group);
  stack_[Cause::kCompute] += cost.compute;
  stack_[Cause::kImbalance] += cost.imbalance;
  stack_[Cause::kBufferStall] += overhead.buffer_stall;
  stack_[Cause::kFillDrain] += fill_drain;
  difference_ += cost.difference;
  charged_until_ = now + cycles;
  empty_ = false;
  array_.start(now, cycles);
}

TileCost Sequencer::step_cost() const {
  const Cycles most = walk_->step_cycles(index_);
  if (timing_.values == nullptr) return {.compute = most};
  TileCost cost = timing_.values->tile_cost(walk_->range(index_, timing_.group));
  if (cost.cycles() < 1 || cost.cycles() > most || cost.compute < 0 || cost.imbalance < 0)
    throw InternalError("the values of a tile make it cost more than the worst case, or nothing");
  if (timing_.values->equal_for_equal_shapes() && cost.difference != ActionCounts{})
    throw InternalError("a timing by shapes alone must not change counts");
  return cost;
}

bool Sequencer::ready() const { return pads_[0]->ready() && pads_[1]->ready() && pads_[2]->ready(); }

Cause Sequencer::missing() const {
  const auto& [stationary, moving, output] = pads_;
  if (step_ == walk_->steps()) return Cause::kDramStall;
  if (!stationary->ready()) return Cause::kWeightLoad;
  if (!moving->ready()) return Cause::kDramStall;
  return output->occupied() ? Cause::kBufferStall : Cause::kDramStall;
}

void Sequencer::skip_repetitions(Cycles now) {
  for (int level = advanced_level_; level < static_cast<int>(kLoopCount); ++level) {
    if (walk_->trips(level) < 4) continue;
    std::int64_t& index = index_[static_cast<std::size_t>(level)];
    MachineState state = state_at(now);
    const FastForward::Jump jump = repetitions_.at_iteration(level, index, state);
    if (jump.iterations == 0) continue;
    const std::int64_t steps = jump.iterations * walk_->iteration_steps(level);
    array_.compute(index_, steps, timing_.group);
    skipped_ += state.stack.total() - stack_.total();
    adopt(state);
    index += jump.iterations;
    step_ += steps;
  }
}

MachineState Sequencer::state_at(Cycles now) const {
  MachineState state;
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    state.pads[t] = {
        pads_[t]->arrived, pads_[t]->retired, pads_[t]->freed, {pads_[t]->read_left, pads_[t]->write_left}};
  }
  state.dma_busy = dma_.busy();
  if (dma_.busy()) {
    state.dma_tensor = dma_.transfer().tensor;
    state.dma_write = dma_.transfer().write;
    state.dma_bits = dma_.transfer().bits;
    state.dma_cycles = dma_.ends_at() - now;
  } else {
    state.dma_cycles = dma_.ends_at() == now ? 0 : 1;
  }
  state.empty = empty_;
  state.stack = stack_;
  state.read_bits = dma_.read_bits;
  state.write_bits = dma_.write_bits;
  return state;
}

void Sequencer::adopt(const MachineState& state) {
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    Scratchpad& pad = *pads_[t];
    pad.arrived = state.pads[t].arrived;
    pad.retired = state.pads[t].retired;
    pad.freed = state.pads[t].freed;
    pad.read_left = state.pads[t].left[0];
    pad.write_left = state.pads[t].left[1];
  }
  stack_ = state.stack;
  dma_.read_bits = state.read_bits;
  dma_.write_bits = state.write_bits;
}

}  // namespace ldpsim
