// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "frontend/methods/method.hpp"

namespace ldpsim::methods {

enum class CountedLayers { kAll, kQuantised };

/// Cost of one training iteration relative to static_bits everywhere, in MACs x bits x bits: forward w*a, backward-data
/// w*g, backward-weight a*g, a third each. A float layer or tensor costs as much as static_bits; float layers can be
/// left out.
double training_cost(const Network& network, std::span<const Precision> precision, int static_bits,
                     CountedLayers counted = CountedLayers::kAll);

/// The same of the forward pass alone.
double forward_cost(const Network& network, std::span<const Precision> precision, int static_bits,
                    CountedLayers counted = CountedLayers::kAll);

/// Mean over the quantised layers of the mean of weight and activation bits; 0 if all layers are float.
double mean_bits(std::span<const Precision> precision);

}  // namespace ldpsim::methods
