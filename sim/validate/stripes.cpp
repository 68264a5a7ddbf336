// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/stripes.hpp"

namespace ldpsim {

StripesRun run_stripes(const Target& target, Bench& bench, const std::string& network, const std::string& profile) {
  NetworkTable table = bench.network(network, profile);
  const Bench::Settings rearranged{{"array.first_layer", "space_to_depth"}};
  Pricing& stripes = bench.pricing(target.machine, rearranged);
  Pricing& dadiannao = bench.pricing(target.text("baseline"), rearranged);
  StripesRun run;
  for (std::size_t i = 0; i < table.network.layers.size(); ++i) {
    Layer& layer = table.network.layers[i];
    if (layer.kind != LayerKind::kConv) continue;
    if (target.has("conv_groups") && target.text("conv_groups") == "ignore") layer.groups = 1;
    const double factor = i == 0 && target.has("first_layer_factor") ? target.real("first_layer_factor") : 1;
    const auto compute_cycles = [&](Pricing& pricing) {
      return factor * static_cast<double>(bench.price(pricing, table, i, Pass::kForward, 1).compute_cycles());
    };
    const double baseline = compute_cycles(dadiannao);
    run.baseline += baseline;
    run.ideal += baseline * table.bits[i].activation / 16;
    run.stripes += compute_cycles(stripes);
  }
  return run;
}

}  // namespace ldpsim
