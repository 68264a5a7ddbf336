// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/ledger.hpp"

#include <string>
#include <utility>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

constexpr int kLargestBits = 16;

std::size_t index_of(Pass pass) { return static_cast<std::size_t>(pass); }

void check_bits(int bits, int least, const std::string& what) {
  if (bits < least || bits > kLargestBits) {
    throw UserError(what, "bits are " + std::to_string(bits), "allowed: 1 to " + std::to_string(kLargestBits));
  }
}

}  // namespace

Ledger::Ledger(Network network, int static_bits)
    : network_(std::move(network)), static_bits_(static_bits), layers_(network_.layers.size()) {
  check_bits(static_bits, 1, "static precision");
}

void Ledger::add(std::span<const LayerBits> bits, std::int64_t repeat) {
  if (bits.size() != layers_.size()) {
    throw UserError("network '" + network_.name + "'", "has " + std::to_string(layers_.size()) +
                                                           " layers, but the schedule has bits for " +
                                                           std::to_string(bits.size()));
  }
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const auto counted = [&](int b) {
      check_bits(b, 0, "layer '" + network_.layers[i].name + "'");
      return std::int64_t{b == 0 ? static_bits_ : b};
    };
    const std::int64_t weight = counted(bits[i].weight), activation = counted(bits[i].activation),
                       gradient = counted(bits[i].gradient);
    Sums& sums = layers_[i];
    sums.products[index_of(Pass::kForward)] += repeat * weight * activation;
    sums.products[index_of(Pass::kBackwardData)] += repeat * weight * gradient;
    sums.products[index_of(Pass::kBackwardWeight)] += repeat * activation * gradient;
    sums.last_forward = weight * activation;
  }
  iterations_ += repeat;
}

__int128 Ledger::bitops(std::size_t layer, Pass pass) const {
  return __int128{network_.layers[layer].macs()} * layers_[layer].products[index_of(pass)];
}

__int128 Ledger::static_bitops(std::size_t layer) const {
  return __int128{network_.layers[layer].macs()} * static_bits_ * static_bits_ * iterations_;
}

__int128 Ledger::bitops(Pass pass) const {
  __int128 sum = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (pass_exists(network_, i, pass)) sum += bitops(i, pass);
  }
  return sum;
}

__int128 Ledger::static_bitops(Pass pass) const {
  __int128 sum = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    if (pass_exists(network_, i, pass)) sum += static_bitops(i);
  }
  return sum;
}

double Ledger::training_ratio() const {
  __int128 sum = 0, at_static_bits = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    for (const Pass pass : kAllPasses) sum += bitops(i, pass);
    at_static_bits += 3 * static_bitops(i);
  }
  return at_static_bits == 0 ? 1.0 : static_cast<double>(sum) / static_cast<double>(at_static_bits);
}

__int128 Ledger::inference_bitops() const {
  __int128 sum = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) sum += __int128{network_.layers[i].macs()} * layers_[i].last_forward;
  return sum;
}

double Ledger::inference_ratio() const {
  if (iterations_ == 0) return 1.0;
  const __int128 at_static_bits = __int128{network_.macs()} * static_bits_ * static_bits_;
  return static_cast<double>(inference_bitops()) / static_cast<double>(at_static_bits);
}

}  // namespace ldpsim
