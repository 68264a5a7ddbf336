// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "sim/reproduce/plan.hpp"
#include "sim/trace/trace.hpp"
#include "sim/workload/network_csv.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {

/// Data on which `experiment` trains.
inline void replace_datasets(Experiment& experiment, const std::vector<std::string>& datasets) {
  experiment.scales.at("small").cases[0].datasets = datasets;
}

/// Static precision and LDP on one data set, 20 iterations; the static row stands in two groups.
inline Experiment made_up_experiment(const testing_support::ScratchFolder& scratch) {
  const std::string rows = "      - {method: SBM, precision: FW8/BW8, run: {method: static, bits: 8}}\n",
                    ldp =
                        "      - {method: LDP, precision: FW3-8/BW8, run: {method: ldp, bits: \"3:8\", budget: 0.6}}\n";
  const std::string text =
      "title: Made up\nquality: accuracy\npublished: {file: ldp_2022, table: 3}\ngroups:\n"
      "  - name: first\n    improvement: true\n    rows:\n" +
      rows + ldp + "  - name: second\n    rows:\n" + rows +
      "scales:\n  small:\n    remark: very small\n    stand_ins: {cifar10: fashion-mnist}\n    cases:\n"
      "      - {networks: [resnet20], datasets: [fashion-mnist], options: {iterations: 20, batch: 16}}\n"
      "figures:\n"
      "  - {kind: scatter, name: points, caption: Points.}\n"
      "  - {kind: curves, name: blocks, method: LDP, caption: Blocks.}\n"
      "  - {kind: bars, name: ends, method: LDP, by: layer, caption: Ends.}\n";
  return read_experiment(scratch.write("made-up.yaml", text), scratch.path(""));
}

inline PlanRequest request_in(const testing_support::ScratchFolder& scratch, std::int64_t seeds) {
  return {.scale = "small", .folder = scratch.path("runs"), .seeds = seeds, .data = {}, .use = {}};
}

/// Answers as the trainer does: defaults for what is not given, errors for what it does not know.
inline std::vector<RunDescription> describe_as_trainer(const std::vector<std::vector<std::string>>& runs) {
  std::vector<RunDescription> all;
  for (const auto& words : runs) {
    RunDescription one{{{"iterations", "64000"},
                        {"batch", "128"},
                        {"bits", "3:8"},
                        {"seed", "1"},
                        {"threads", "2"},
                        {"image_height", "32"},
                        {"evaluate_every", "400"}},
                       ""};
    for (std::size_t i = 0; i + 1 < words.size(); i += 2) one.meta[words[i].substr(2)] = words[i + 1];
    if (one.meta["method"] == "ldp") {
      one.meta.emplace("budget", "0.6");
      one.meta.emplace("alpha", "1");
    }
    if (one.meta["network"] != "resnet20") one = {{}, "--network: error: unknown network"};
    if (one.error.empty() && one.meta["dataset"] == "cifar10" && !one.meta.contains("data"))
      one = {{}, "--data: error: no folder"};
    one.meta.erase("data");
    one.meta.erase("test-data");
    all.push_back(std::move(one));
  }
  return all;
}

/// A trace of ResNet-20 of this run: `iterations` at `bits` (rising by one after the first half), gradients at 8,
/// tested after the 10th and the last iteration.
inline void write_run(const std::string& file, std::map<std::string, std::string> meta, std::int64_t iterations,
                      double accuracy_percent, int bits = 8, const std::string& metric = "accuracy") {
  std::filesystem::create_directories(std::filesystem::path(file).parent_path());
  const Network network = read_network_csv(std::string(LDPSIM_SOURCE_DIR) + "/networks/resnet20.csv").network;
  meta["static_bits"] = "8";
  TraceWriter writer = TraceWriter::create(file, meta, network.layers);
  for (std::int64_t i = 0; i < iterations; ++i) {
    TraceIteration row;
    row.iteration = i;
    for (const Layer& layer : network.layers) {
      const int now = bits == 0 || bits == 8 || 2 * i < iterations ? bits : bits + 1;
      row.weight_bits.push_back(static_cast<std::uint8_t>(layer.quantised ? now : 0));
      row.gradient_bits.push_back(layer.quantised && bits != 0 ? 8 : 0);
    }
    row.activation_bits = row.weight_bits;
    writer.add(row);
    if (i == 9) writer.add(TraceEvaluation{i, "test", metric, 0.9});
    if (i + 1 == iterations) writer.add(TraceEvaluation{i, "test", metric, accuracy_percent / 100});
  }
  writer.commit();
}

}  // namespace ldpsim
