// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/simulate.hpp"

#include "sim/replay/columns.hpp"

namespace ldpsim {

Table simulate_table(Pricing& pricing, const Workload& workload, const std::vector<LayerBits>& bits,
                     const std::vector<Pass>& passes) {
  std::vector<std::string> columns{"arch", "rescale",     "batch",           "layer",
                                   "pass", "weight_bits", "activation_bits", "gradient_bits"};
  columns.insert(columns.end(), cost_columns().begin(), cost_columns().end());
  Table table(columns);
  const Machine& machine = pricing.machine();
  const auto add = [&](const std::string& layer, const std::string& pass, const LayerBits* precision,
                       const ScheduledPass& part) {
    std::vector<Cell> row{machine.arch().name, machine.arch().text("rescale"), workload.batch, layer, pass};
    for (int LayerBits::*operand : {&LayerBits::weight, &LayerBits::activation, &LayerBits::gradient}) {
      row.emplace_back();
      if (precision != nullptr) row.back() = std::int64_t{precision->*operand};
    }
    for (Cell& cell : cost_cells(machine, part.cost, part.bit_operations)) row.push_back(std::move(cell));
    table.add(std::move(row));
  };
  const ScheduleCost cost = price_schedule(pricing, workload, histogram_of(bits), passes);
  for (const ScheduledPass& part : cost.parts) {
    add(workload.network.layers[part.layer].name, name_of(part.pass), &bits[part.layer], part);
  }
  add("total", "all", nullptr, cost.sum({}, {}));
  return table;
}

}  // namespace ldpsim
