// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/listing_columns.hpp"

namespace ldpsim::cli {
namespace {

std::vector<ColumnDoc> list_docs() {
  return {{"array", "", "kind of PE array (array.kind); 'ldpsim list arrays' says what each does"},
          {"frequency_mhz", "MHz", "clock of the machine: clock.frequency_mhz"},
          {"dram_bits_per_cycle", "bit", "what DRAM gives or takes in a cycle: dram.bits_per_cycle"},
          {"assumed_values", "", "values of the machine that no source states; 'ldpsim explain ARCH' says why"},
          {"description", "", "what it is, in a sentence"},
          {"layers", "", "layers of the network, or those that the profile names"},
          {"file", "", "where it is defined"},
          {"profile", "", "precisions of published work, taken with --profile"},
          {"task", "", "what the data set is for"},
          {"here", "", "whether the data set can be read now, or only with --data"},
          {"how_to_get", "", "how to get the data set"},
          {"action", "", "what models count and energy tables price"},
          {"key", "", "key of a machine, as --set and YAML files have it"},
          {"default", "as the key", "value where no file sets the key; required: there is none"},
          {"allowed", "as the key", "values that the key may have"},
          {"energy_table", "", "name of a table in arch_configs/energy/"},
          {"voltage", "V", "supply voltage of the table's process; empty: the table does not state it"},
          {"rows", "", "actions that the table prices, leakage not counted"},
          {"area_rows", "", "parts of a machine of which the table has the area"},
          {"preset", "", "value of dram.preset"},
          {"pj_per_bit", "pJ", "energy of a DRAM bit: dram.pj_per_bit"}};
}

/// Of trace info: how the precision of an operand went over the run.
std::vector<ColumnDoc> precision_docs() {
  std::vector<ColumnDoc> docs;
  for (const char* operand : {"weight", "activation", "gradient"}) {
    const std::string column = std::string(operand) + "_bits_", of = std::string(" of the layer's ") + operand + "s";
    docs.push_back({column + "mean", "bit", "mean precision" + of + " over the iterations that are not in float"});
    docs.push_back({column + "least", "bit", "lowest precision" + of + " in any of them"});
    docs.push_back({column + "most", "bit", "highest precision" + of + " in any of them"});
    docs.push_back({column + "last", "bit", "precision" + of + " in the last iteration; 0: float"});
  }
  return docs;
}

}  // namespace

const std::vector<ColumnDoc>& listing_column_docs() {
  static const std::vector<ColumnDoc> kDocs = [] {
    std::vector<ColumnDoc> docs = list_docs();
    const std::vector<ColumnDoc> precisions = precision_docs(),
                                 others{{"kind", "", "of a layer: conv, linear or matmul; of a difference: the table"},
                                        {"shape", "", "channels x height x width of input -> output, a sample"},
                                        {"kernel", "", "height x width of the kernel / stride"},
                                        {"point", "", "what was asked: the label of the results"},
                                        {"row", "", "the texts of the row: machine, layer, pass"},
                                        {"column", "", "column that differs"},
                                        {"a", "as the column", "value in the first file"},
                                        {"b", "as the column", "value in the second file"},
                                        {"relative_difference", "", "(b - a) / |a|; empty where that is no number"}};
    docs.insert(docs.end(), precisions.begin(), precisions.end());
    docs.insert(docs.end(), others.begin(), others.end());
    return docs;
  }();
  return kDocs;
}

}  // namespace ldpsim::cli
