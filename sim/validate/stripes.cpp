// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/stripes.hpp"

namespace ldpsim {
namespace {

/// 16 bits in parallel: 256 filters x 16 channels a cycle, one window; a strided first layer rearranged like on
/// Stripes.
Cycles baseline_cycles(const Layer& layer, bool first_layer) {
  std::int64_t channels = layer.in_channels / layer.groups;
  std::int64_t taps = layer.kernel_height * layer.kernel_width;
  if (first_layer && layer.stride > 1) {
    channels *= layer.stride * layer.stride;
    taps = ceil_div(layer.kernel_height, layer.stride) * ceil_div(layer.kernel_width, layer.stride);
  }
  return layer.groups * ceil_div(layer.out_channels / layer.groups, 256) * layer.out_height() * layer.out_width() *
         taps * ceil_div(channels, 16);
}

}  // namespace

StripesRun run_stripes(const Target& target, Bench& bench, const std::string& network, const std::string& profile) {
  NetworkTable table = bench.network(network, profile);
  Pricing& pricing = bench.pricing(target.machine, {{"array.first_layer", "space_to_depth"}});
  StripesRun run;
  for (std::size_t i = 0; i < table.network.layers.size(); ++i) {
    Layer& layer = table.network.layers[i];
    if (layer.kind != LayerKind::kConv) continue;
    if (target.has("conv_groups") && target.text("conv_groups") == "ignore") layer.groups = 1;
    const double factor = i == 0 && target.has("first_layer_factor") ? target.real("first_layer_factor") : 1;
    const PassCost cost = bench.price(pricing, table, i, Pass::kForward, 1);
    const double baseline = static_cast<double>(baseline_cycles(layer, reads_network_input(table.network, i)));
    run.baseline += factor * baseline;
    run.ideal += factor * baseline * table.bits[i].activation / 16;
    run.stripes += factor * static_cast<double>(cost.compute_cycles());
  }
  return run;
}

}  // namespace ldpsim
