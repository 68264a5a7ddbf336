// SPDX-License-Identifier: Apache-2.0
// V1: the rows released with Bit Fusion's simulator, layer by layer.
#include <fmt/format.h>

#include <algorithm>

#include "sim/core/csv.hpp"
#include "sim/core/error.hpp"
#include "sim/validate/bit_fusion.hpp"
#include "sim/validate/checks.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kLargestFigure = std::int64_t{1} << 50;

/// Columns of the released rows; the shapes are for people and tests: here they are those of the network's table.
const std::vector<CsvColumn> kColumns{{"network"},
                                      {"layer"},
                                      {"cycles"},
                                      {"stall_cycles"},
                                      {"dram_read_bits"},
                                      {"dram_write_bits"},
                                      {"kernel", false},
                                      {"stride", false},
                                      {"out", false},
                                      {"in_channels", false},
                                      {"out_channels", false},
                                      {"activation_bits", false},
                                      {"weight_bits", false},
                                      {"first_layer", false}};

/// A figure of a layer, as released and as computed here.
struct Figure {
  const char* column;
  std::int64_t released;
  Total computed;
};

double compute(const Target& target, Bench& bench) {
  const BitFusionRun run = run_bit_fusion(target, bench);
  if (target.text("figure") == "cycles") return static_cast<double>(run.total.bound_cycles);
  CsvTable table(validation_file(target.text("rows")), kColumns);
  const std::vector<Layer>& layers = run.network->network.layers;
  int exact = 0;
  while (table.next()) {
    if (table.text(0) != target.text("released_as")) continue;
    const std::string& name = table.text(1);
    const auto at = std::find_if(layers.begin(), layers.end(), [&](const Layer& layer) { return layer.name == name; });
    if (at == layers.end())
      throw UserError(table.where(), "network " + target.workload + " has no layer '" + name + "'");
    const PassCost& cost = run.layers[static_cast<std::size_t>(at - layers.begin())];
    const auto released = [&](std::size_t column) { return table.integer(column, 0, kLargestFigure); };
    for (const Figure& figure : {Figure{"cycles", released(2), cost.bound_cycles},
                                 Figure{"stall_cycles", released(3), cost.bound_cycles - cost.compute_cycles()},
                                 Figure{"dram_read_bits", released(4), cost.counts[Action::kDramRead]},
                                 Figure{"dram_write_bits", released(5), cost.counts[Action::kDramWrite]}}) {
      exact += figure.released == figure.computed;
      if (figure.released != figure.computed)
        bench.note(fmt::format("{}: {} layer {}: {} is {}, released as {}", target.check, target.workload, name,
                               figure.column, figure.computed, figure.released));
    }
  }
  return exact;
}

}  // namespace

Check bit_fusion_rows_check() { return {"V1", "bit-fusion-rows", compute}; }

}  // namespace ldpsim
