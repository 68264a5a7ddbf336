// SPDX-License-Identifier: Apache-2.0
#include "sim/model/fast_forward.hpp"

#include <algorithm>
#include <limits>

namespace ldpsim {
namespace {

std::uint64_t hash_of(std::span<const std::int64_t> values) {
  std::uint64_t hash = 0x9E3779B97F4A7C15ull;
  for (const std::int64_t value : values) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0xFF51AFD7ED558CCDull;
    hash ^= hash >> 29;
  }
  return hash;
}

}  // namespace

void FastForward::configure(const Walk& walk, std::int64_t burst_bits) {
  walk_ = &walk;
  burst_bits_ = burst_bits;
  for (History& history : histories_) {
    history.hashes.resize(kRemembered);
    history.entries.resize(kRemembered);
    history.count = 0;
  }
}

FastForward::Jump FastForward::at_iteration(int level, std::int64_t index, MachineState& state) {
  // two iterations to see a repetition, one to skip, and the last
  if (walk_->trips(level) < 4) return {};
  History& history = histories_[static_cast<std::size_t>(level)];
  if (index == 0) history.count = 0;
  const bool comparable = index > 0 || !walk_->first_iteration_differs(level);
  if (!comparable || index >= walk_->trips(level) - 1) return {};
  const Signature signature = signature_of(level, state);
  const std::uint64_t hash = hash_of(signature);
  Jump jump;
  if (const Entry* then = find(level, hash, signature)) {
    const std::int64_t times = repetitions(level, index, *then, state);
    if (times > 0) {
      jump = {level, times * (index - then->index)};
      repeat(times, then->state, state);
      history.count = 0;
      return jump;
    }
  }
  remember(level, index, hash, signature, state);
  return jump;
}

FastForward::Signature FastForward::signature_of(int level, const MachineState& state) const {
  Signature signature;
  std::size_t at = 0;
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    const MachineState::Pad& pad = state.pads[t];
    const bool exact = !stays(level, static_cast<Tensor>(t));
    signature[at++] = pad.arrived - pad.retired;
    signature[at++] = pad.retired - pad.freed;
    for (const std::int64_t left : pad.left) signature[at++] = exact ? left : 0;
    signature[at++] = exact ? 1 : 0;
  }
  for (const std::int64_t value :
       {std::int64_t{state.dma_busy}, std::int64_t{state.dma_write}, static_cast<std::int64_t>(state.dma_tensor),
        state.dma_bits, state.dma_cycles, std::int64_t{state.empty}}) {
    signature[at++] = value;
  }
  return signature;
}

const FastForward::Entry* FastForward::find(int level, std::uint64_t hash, const Signature& signature) const {
  const History& history = histories_[static_cast<std::size_t>(level)];
  const std::size_t held = std::min(history.count, kRemembered);
  for (std::size_t back = 1; back <= held; ++back) {  // the latest first: the shortest period
    const std::size_t at = (history.count - back) % kRemembered;
    if (history.hashes[at] == hash && history.entries[at].signature == signature) return &history.entries[at];
  }
  return nullptr;
}

void FastForward::remember(int level, std::int64_t index, std::uint64_t hash, const Signature& signature,
                           const MachineState& state) {
  History& history = histories_[static_cast<std::size_t>(level)];
  const std::size_t at = history.count++ % kRemembered;
  history.hashes[at] = hash;
  history.entries[at] = {signature, index, state};
}

std::int64_t FastForward::repetitions(int level, std::int64_t index, const Entry& then, const MachineState& now) const {
  std::int64_t times = (walk_->trips(level) - 1 - index) / (index - then.index);
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    if (!stays(level, static_cast<Tensor>(t))) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      const std::int64_t left = now.pads[t].left[side], moved = then.state.pads[t].left[side] - left;
      if (moved > 0) times = std::min(times, (left - burst_bits_) / moved);
    }
  }
  return std::max<std::int64_t>(times, 0);
}

void FastForward::repeat(std::int64_t times, const MachineState& then, MachineState& now) {
  for (std::size_t t = 0; t < kTensorCount; ++t) {
    MachineState::Pad& pad = now.pads[t];
    const MachineState::Pad& before = then.pads[t];
    pad.arrived += times * (pad.arrived - before.arrived);
    pad.retired += times * (pad.retired - before.retired);
    pad.freed += times * (pad.freed - before.freed);
    for (std::size_t side = 0; side < 2; ++side) pad.left[side] += times * (pad.left[side] - before.left[side]);
  }
  for (std::size_t i = 0; i < kCauseCount; ++i)
    now.stack.cycles[i] += times * (now.stack.cycles[i] - then.stack.cycles[i]);
  now.read_bits += times * (now.read_bits - then.read_bits);
  now.write_bits += times * (now.write_bits - then.write_bits);
}

}  // namespace ldpsim
