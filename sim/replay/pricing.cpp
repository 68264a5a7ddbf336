// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/pricing.hpp"

#include <algorithm>
#include <cmath>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

void add(PassCost::End& end, const PassCost::End& more) {
  end.cycles += more.cycles;
  end.counts += more.counts;
}

void multiply(PassCost::End& end, std::int64_t times) {
  end.cycles *= times;
  end.counts *= times;
}

}  // namespace

PassCost& PassCost::operator+=(const PassCost& other) {
  macs += other.macs;
  stack += other.stack;
  bound_cycles += other.bound_cycles;
  counts += other.counts;
  add(low, other.low);
  add(high, other.high);
  estimated = estimated || other.estimated;
  has_interval = has_interval && other.has_interval;
  captures = std::min(captures, other.captures);
  return *this;
}

PassCost& PassCost::operator*=(std::int64_t times) {
  macs *= times;
  stack *= times;
  bound_cycles *= times;
  counts *= times;
  multiply(low, times);
  multiply(high, times);
  return *this;
}

Pricing::Pricing(Accelerator& accelerator, const Machine& machine, bool remember, const ValueSource* values,
                 bool activity)
    : accelerator_(&accelerator), machine_(&machine), remember_(remember) {
  if (values == nullptr) return;
  if (machine.array().value_dependent()) {
    estimator_ = std::make_unique<ValueEstimator>(machine, *values);
  } else if (activity) {
    activity_ = std::make_unique<ActivityEstimator>(*values);
  }
}

Pricing Pricing::worst_case(Accelerator& accelerator, const Machine& machine) {
  Pricing pricing(accelerator, machine);
  pricing.at_worst_ = true;
  return pricing;
}

std::size_t Pricing::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = 0x9E3779B97F4A7C15ull;
  for (const std::int64_t value : key) {
    hash = (hash ^ static_cast<std::uint64_t>(value)) * 0xFF51AFD7ED558CCDull;
    hash ^= hash >> 32;
  }
  return hash;
}

Pricing::Key Pricing::key_of(const PassQuestion& q, PassBits bits) const {
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
          q.weight_scale_per_channel,
          estimator_ || activity_ ? static_cast<std::int64_t>(q.layer_index) : 0};
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
  cost.macs = Total{q.layer.macs()} * q.batch;
  check_size(q);
  ++simulated_;
  const Machine& m = *machine_;
  try {
    for (const Problem& problem : m.lower(q.layer, q.first_layer, q.pass, q.batch, q.weight_scale_per_channel)) {
      const TilePlan plan = map_problem(m.array(), m.memory(), m.energy(), problem, bits);
      if (!m.array().value_dependent() || at_worst_) {
        add_exact(cost, plan);
        continue;
      }
      if (!estimator_) {
        throw UserError(m.arch().name, "its cycles depend on the values of the operands, which a network table lacks",
                        "replay a trace with captured operands, or let --values uniform make operands up");
      }
      add_estimated(cost, plan, estimator_->estimate(q.layer_index, q.pass, bits, q.weight_scale_per_channel));
    }
  } catch (const UserError& error) {
    // the place is said anew: machine and layer instead of the machine alone
    const std::string text = error.what(), mark = ": error: ";
    const std::size_t at = text.find(mark);
    throw UserError(m.arch().name + ", layer " + q.layer.name,
                    at == std::string::npos ? text : text.substr(at + mark.size()), {}, error.code());
  }
  if (activity_) {
    const double quiet = 1 - activity_->of(q.layer_index, q.pass, bits);
    const auto cycles = std::llround(quiet * static_cast<double>(cost.counts[Action::kArrayCycle]));
    for (ActionTotals* counts : {&cost.counts, &cost.low.counts, &cost.high.counts})
      (*counts)[Action::kQuietCycle] = cycles;
  }
  return cost;
}

void Pricing::check_size(const PassQuestion& q) const {
  const std::int64_t largest = kLargestCount / std::max(q.layer.macs(), q.layer.input_elements());
  if (q.batch <= largest) return;
  throw UserError(machine_->arch().name + ", layer " + q.layer.name,
                  "a batch of " + std::to_string(q.batch) + " makes more than " + std::to_string(kLargestCount) +
                      " multiply-accumulates or elements in one pass",
                  "allowed: a batch of 1 to " + std::to_string(largest));
}

void Pricing::add_exact(PassCost& cost, const TilePlan& plan) {
  const ModelResult result = accelerator_->run(machine_->array(), machine_->memory(), plan);
  cost.stack += result.stack;
  cost.bound_cycles += result.bound_cycles;
  cost.counts += result.counts;
  add(cost.low, {result.stack.total(), result.counts});
  add(cost.high, {result.stack.total(), result.counts});
}

/// Tiles take whole cycles, rounded down; what is missing from the share of all of them is added at the end.
ModelResult Pricing::run_share(const TilePlan& plan, const ValueEstimate& estimate, double share) {
  const PeArray& array = machine_->array();
  EstimatedTiming timing(array, plan.problem, plan.bits, plan.tile, share, estimate.imbalance);
  ModelResult result = accelerator_->run(array, machine_->memory(), plan, nullptr, {.values = &timing});
  const std::int64_t groups = plan.problem.group_sets();
  const double worst = static_cast<double>(plan.compute_cycles * groups);
  const Cycles busy = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
  const Cycles missing = std::max<Cycles>(0, std::llround(share * worst) - busy);
  result.stack[Cause::kCompute] += missing;
  result.counts[Action::kArrayCycle] += missing * array.pes();
  // The last set of groups may be smaller than the planned ones, and so may its blocks be: what the sets took counts.
  const Cycles planned = groups * bound_of(plan, machine_->memory(), (busy + missing) / groups);
  result.bound_cycles = std::min(planned, result.bound_cycles + missing);
  for (const ActionDoc& doc : action_docs())
    result.counts[doc.action] += std::llround(estimate.differences[static_cast<std::size_t>(doc.action)] * worst);
  return result;
}

void Pricing::add_estimated(PassCost& cost, const TilePlan& plan, const ValueEstimate& estimate) {
  const ModelResult result = run_share(plan, estimate, estimate.cycles);
  cost.stack += result.stack;
  cost.bound_cycles += result.bound_cycles;
  cost.counts += result.counts;
  const auto end = [&](double share) {
    const ModelResult at = run_share(plan, estimate, std::clamp(share, 0.0, 1.0));
    return PassCost::End{at.stack.total(), at.counts};
  };
  const double half_width = estimate.half_width.value_or(0);
  add(cost.low, end(estimate.cycles - half_width));
  add(cost.high, end(estimate.cycles + half_width));
  cost.estimated = true;
  cost.has_interval = cost.has_interval && estimate.half_width.has_value();
  cost.captures = std::min(cost.captures, estimate.captures);
}

}  // namespace ldpsim
