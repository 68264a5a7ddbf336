// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/pricing.hpp"

#include "sim/core/error.hpp"

namespace ldpsim {

PassCost& PassCost::operator+=(const PassCost& other) {
  macs += other.macs;
  stack += other.stack;
  bound_cycles += other.bound_cycles;
  counts += other.counts;
  return *this;
}

PassCost& PassCost::operator*=(std::int64_t times) {
  macs *= times;
  stack *= times;
  bound_cycles *= times;
  counts *= times;
  return *this;
}

std::size_t Pricing::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = 0x9E3779B97F4A7C15ull;
  for (const std::int64_t value : key) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0xFF51AFD7ED558CCDull;
    hash ^= hash >> 32;
  }
  return hash;
}

Pricing::Key Pricing::key_of(const PassQuestion& q, PassBits bits) {
  const Layer& l = q.layer;
  return {static_cast<std::int64_t>(l.kind),
          l.in_channels,
          l.out_channels,
          l.in_height,
          l.in_width,
          l.kernel_height,
          l.kernel_width,
          l.stride,
          l.padding,
          l.dilation,
          l.groups,
          q.first_layer,
          static_cast<std::int64_t>(q.pass),
          bits.moving,
          bits.stationary,
          bits.moving_signed,
          bits.stationary_signed,
          q.batch,
          q.weight_scale_per_channel};
}

PassCost Pricing::price(const PassQuestion& question) {
  const PassBits bits = pass_bits(question.pass, question.bits);
  if (!remember_) return simulate(question, bits);
  const auto [place, is_new] = known_.try_emplace(key_of(question, bits));
  if (!is_new) return place->second;
  try {
    return place->second = simulate(question, bits);
  } catch (...) {
    known_.erase(place);
    throw;
  }
}

PassCost Pricing::simulate(const PassQuestion& q, PassBits bits) {
  PassCost cost;
  cost.macs = q.layer.macs() * q.batch;
  ++simulated_;
  const Machine& m = *machine_;
  try {
    for (const Problem& problem : m.lower(q.layer, q.first_layer, q.pass, q.batch, q.weight_scale_per_channel)) {
      const TilePlan plan = map_problem(m.array(), m.memory(), m.energy(), problem, bits);
      const ModelResult result = accelerator_->run(m.array(), m.memory(), plan);
      cost.stack += result.stack;
      cost.bound_cycles += result.bound_cycles;
      cost.counts += result.counts;
    }
  } catch (const UserError& error) {
    // the place is said anew: machine and layer instead of the machine alone
    const std::string text = error.what(), mark = ": error: ";
    const std::size_t at = text.find(mark);
    throw UserError(m.arch().name + ", layer " + q.layer.name,
                    at == std::string::npos ? text : text.substr(at + mark.size()), {}, error.code());
  }
  return cost;
}

}  // namespace ldpsim
