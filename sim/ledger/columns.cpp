// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/columns.hpp"

namespace ldpsim {

const std::vector<ColumnDoc>& ledger_column_docs() {
  static const std::vector<ColumnDoc> kDocs{
      {"pass", "", "forward, backward_data or backward_weight; training: their sum; inference: forward alone"},
      {"gmacs", "1e9 MAC", "multiply-accumulates of all iterations, padding included; of inference: of one sample"},
      {"gbitops", "1e9 bit operations", "multiply-accumulates x bits x bits of the two operands of the pass"},
      {"static_gbitops", "1e9 bit operations", "gbitops with every operand at the static precision"},
      {"ratio", "",
       "gbitops / static_gbitops; beside published rows the cost relative to static precision as papers count it"},
      {"saving_percent", "%", "100 x (1 - ratio)"},
      {"paper_gbitops", "1e9 bit operations of the published tables", "paper_static_gbitops x paper_ratio"},
      {"paper_static_gbitops", "1e9 bit operations of the published tables",
       "training: 3 x MACs x bits^2 x samples (64000 x 128, on ImageNet too; as the network's costs are published); "
       "inference: MACs x bits^2 / divisor (2 on CIFAR, 8 on ImageNet)"},
      {"paper_ratio", "",
       "mean cost of an iteration relative to static precision, three passes of every layer, the first layer too"},
      {"source", "", "file in published/ that quotes the figure"},
      {"table", "", "table of the publication"},
      {"network", "", "network of the row"},
      {"dataset", "", "data set of the row"},
      {"method", "", "training method of the row, as the publication names it"},
      {"precision", "", "FW: bits of weights and activations, BW: bits of gradients; in replays schedule or static"},
      {"quantity", "",
       "what the cell holds: a cost (training_gbitops, inference_gbitops, training_ratio), a quality "
       "(accuracy_percent, accuracy_deviation, psnr_db, perplexity) or a difference between rows "
       "(accuracy_gain_points, psnr_gain_db, perplexity_change, training_change_percent, "
       "inference_change_percent)"},
      {"basis", "",
       "arithmetic: the schedule is known without training; cells: recomputed from the printed cells; needs "
       "a run: only a training run can tell"},
      {"difference", "as the quantity", "computed - published"},
      {"measured_ratio", "", "cost of a trace relative to static precision, as paper_ratio"},
      {"measured", "as the quantity",
       "what a trace measured, in the units of the published row: costs are measured_ratio x the row's "
       "static cost by multiply-accumulates; qualities are those of the last test"},
      {"residual_measured_percent", "%", "100 x (measured - published) / published"},
      {"measured_scaled_static", "as the quantity", "measured_ratio x the published static cost of the same training"},
      {"item", "", "number in the list of a publication's contradictions"},
      {"where", "", "place in the publication"},
      {"says", "", "what it says there"},
      {"claimed", "as printed", "the figure of that statement; >= and <= where it is a bound"},
      {"verdict", "", "agrees or differs: whether the computed figure is the claimed one"},
      {"arithmetic", "", "how the computed figure came about, every cell as the number that it holds"},
      {"published_ratio", "", "published cost / published static cost of the same training"},
      {"published", "as the quantity", "the figure as printed"},
      {"computed", "as the quantity", "what the ledger makes of the row, operations = multiply-accumulates"},
      {"residual_percent", "%", "100 x (computed - published) / published"},
      {"residual_outputs_percent", "%", "the same with operations = multiply-accumulates + 1 per output"},
      {"residual_normalised_percent", "%",
       "the same with operations = multiply-accumulates + 1.5 per output (normalisation, activation)"},
      {"residual_nominal_percent", "%", "the same with the rounded count of operations that the network is known for"},
      {"scaled_static", "as the quantity", "ratio x the published static cost of the same training"},
      {"residual_scaled_percent", "%", "100 x (scaled_static - published) / published"},
  };
  return kDocs;
}

}  // namespace ldpsim
