// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/core/random.hpp"
#include "sim/trace/trace.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::testing_support {

/// Writes a trace of `iterations` iterations of a network of this source tree: every quantised layer changes its
/// precision (weights and activations alike, 3 to 8 bits) at random once in a while; gradients have 8 bits; other
/// layers are float.
inline void write_made_up_run(const std::string& file, const std::string& network, std::int64_t iterations,
                              std::uint64_t seed, const std::string& weight_range = "channel",
                              const std::string& method = "") {
  const NetworkTable table = read_network_csv(std::string(LDPSIM_SOURCE_DIR) + "/networks/" + network + ".csv");
  TraceMeta meta{{"network", network}, {"batch", "128"}, {"static_bits", "8"}, {"weight_range", weight_range}};
  if (!method.empty()) meta["method"] = method;
  TraceWriter writer = TraceWriter::create(file, meta, table.network.layers);
  Random random(seed);
  const std::size_t layers = table.network.layers.size();
  TraceIteration now;
  now.weight_bits.assign(layers, 0);
  for (std::size_t i = 0; i < layers; ++i) now.weight_bits[i] = table.network.layers[i].quantised ? 8 : 0;
  now.gradient_bits = now.weight_bits;
  for (now.iteration = 0; now.iteration < iterations; ++now.iteration) {
    for (std::size_t i = 0; i < layers; ++i) {
      if (table.network.layers[i].quantised && random.between(0, 9) == 0)
        now.weight_bits[i] = static_cast<std::uint8_t>(random.between(3, 8));
    }
    now.activation_bits = now.weight_bits;
    writer.add(now);
  }
  writer.commit();
}

}  // namespace ldpsim::testing_support
