// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/cost.hpp"

namespace ldpsim::methods {
namespace {

template <typename LayerCost>
double mac_weighted(const Network& network, std::span<const Precision> precision, CountedLayers counted,
                    const LayerCost& cost) {
  double sum = 0, macs = 0;
  for (std::size_t i = 0; i < precision.size(); ++i) {
    if (counted == CountedLayers::kQuantised && !network.layers[i].quantised) continue;
    const auto layer_macs = static_cast<double>(network.layers[i].macs());
    sum += layer_macs * cost(precision[i]);
    macs += layer_macs;
  }
  return macs == 0 ? 1 : sum / macs;
}

double relative(int bits, int static_bits) { return bits == 0 ? 1 : static_cast<double>(bits) / static_bits; }

}  // namespace

double training_cost(const Network& network, std::span<const Precision> precision, int static_bits,
                     CountedLayers counted) {
  return mac_weighted(network, precision, counted, [static_bits](const Precision& p) {
    const double w = relative(p.weight, static_bits), a = relative(p.activation, static_bits),
                 g = relative(p.gradient, static_bits);
    return (w * a + w * g + a * g) / 3;
  });
}

double forward_cost(const Network& network, std::span<const Precision> precision, int static_bits,
                    CountedLayers counted) {
  return mac_weighted(network, precision, counted, [static_bits](const Precision& p) {
    return relative(p.weight, static_bits) * relative(p.activation, static_bits);
  });
}

double mean_bits(std::span<const Precision> precision) {
  double sum = 0;
  int layers = 0;
  for (const Precision& p : precision) {
    if (p.weight == 0) continue;
    sum += (p.weight + p.activation) / 2.0;
    ++layers;
  }
  return layers == 0 ? 0 : sum / layers;
}

}  // namespace ldpsim::methods
