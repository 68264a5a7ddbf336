// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/schedule_cost.hpp"

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

std::int64_t product_of_bits(Pass pass, const LayerBits& bits) {
  const PassBits operands = pass_bits(pass, bits);
  return std::int64_t{operands.moving} * operands.stationary;
}

}  // namespace

ScheduledPass ScheduleCost::sum(std::optional<std::size_t> layer, std::optional<Pass> pass) const {
  ScheduledPass total{.layer = layer.value_or(0), .pass = pass.value_or(Pass::kForward)};
  for (const ScheduledPass& part : parts) {
    if ((layer && part.layer != *layer) || (pass && part.pass != *pass)) continue;
    total.cost += part.cost;
    total.bit_operations += part.bit_operations;
  }
  return total;
}

void ScheduleCost::add(const ScheduleCost& other) {
  if (parts.empty()) {
    *this = other;
    return;
  }
  if (parts.size() != other.parts.size()) throw InternalError("costs of different schedules are added");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].cost += other.parts[i].cost;
    parts[i].bit_operations += other.parts[i].bit_operations;
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    bits[i].weight += other.bits[i].weight;
    bits[i].activation += other.bits[i].activation;
    bits[i].gradient += other.bits[i].gradient;
    bits[i].iterations += other.bits[i].iterations;
  }
}

ScheduleCost price_schedule(Pricing& pricing, const Workload& workload, const BitsHistogram& histogram,
                            const std::vector<Pass>& passes) {
  ScheduleCost total;
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    PassQuestion question{.layer = workload.network.layers[i],
                          .first_layer = reads_network_input(workload.network, i),
                          .batch = workload.batch,
                          .weight_scale_per_channel = workload.weight_scale_per_channel,
                          .layer_index = i};
    for (const Pass pass : passes) {
      if (!pass_exists(workload.network, i, pass)) continue;
      question.pass = pass;
      ScheduledPass part{.layer = i, .pass = pass};
      for (const BitsCount& entry : histogram[i]) {
        question.bits = entry.bits;
        PassCost cost = pricing.price(question);
        part.bit_operations += static_cast<__int128>(cost.macs) * product_of_bits(pass, entry.bits) * entry.iterations;
        part.cost += cost *= entry.iterations;
      }
      total.parts.push_back(part);
    }
    BitsSum bits;
    for (const BitsCount& entry : histogram[i]) {
      bits.weight += entry.bits.weight * entry.iterations;
      bits.activation += entry.bits.activation * entry.iterations;
      bits.gradient += entry.bits.gradient * entry.iterations;
      bits.iterations += entry.iterations;
    }
    total.bits.push_back(bits);
  }
  return total;
}

PassCost price_inference(Pricing& pricing, const Workload& workload, const std::vector<LayerBits>& bits) {
  return price_schedule(pricing, workload, histogram_of(bits), {Pass::kForward}).sum({}, {}).cost;
}

BitsHistogram static_histogram(const BitsHistogram& histogram, int bits) {
  BitsHistogram uniform;
  for (const std::vector<BitsCount>& layer : histogram) {
    std::int64_t iterations = 0;
    for (const BitsCount& entry : layer) iterations += entry.iterations;
    uniform.push_back({{{bits, bits, bits}, iterations}});
  }
  return uniform;
}

}  // namespace ldpsim
