// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/core/database.hpp"
#include "sim/core/random.hpp"
#include "sim/trace/trace.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::testing_support {

inline TraceMeta sample_meta() { return {{"network", "sample"}, {"batch", "4"}, {"static_bits", "8"}, {"seed", "1"}}; }

inline std::vector<Layer> sample_layers() {
  return {{.name = "conv1",
           .in_channels = 3,
           .out_channels = 4,
           .in_height = 6,
           .in_width = 6,
           .kernel_height = 3,
           .kernel_width = 3,
           .padding = 1},
          {.name = "conv2",
           .in_channels = 4,
           .out_channels = 6,
           .in_height = 6,
           .in_width = 6,
           .kernel_height = 3,
           .kernel_width = 3,
           .stride = 2,
           .padding = 1},
          {.name = "fc", .kind = LayerKind::kLinear, .in_channels = 6, .out_channels = 10, .quantised = false}};
}

/// Layers of one shape, each with a name of its own.
inline std::vector<Layer> alike_layers(std::size_t count) {
  std::vector<Layer> layers(count, sample_layers()[0]);
  for (std::size_t l = 0; l < count; ++l) layers[l].name = "conv" + std::to_string(l + 1);
  return layers;
}

inline TraceIteration sample_iteration(std::int64_t i) {
  const auto bits = static_cast<std::uint8_t>(3 + i % 6);
  return {.iteration = i,
          .epoch = i / 10,
          .loss = 2.0 / static_cast<double>(i + 1),
          .learning_rate = 0.1,
          .weight_bits = {3, bits, 0},
          .activation_bits = {bits, bits, 0},
          .gradient_bits = {8, 12, 0}};
}

/// Operands of the two quantised layers in iteration `i`, weights with a scale per output channel, of two images.
inline std::vector<TraceOperand> sample_operands(std::int64_t i) {
  const TraceIteration iteration = sample_iteration(i);
  Random random(static_cast<std::uint64_t>(i) + 7);
  std::vector<TraceOperand> operands;
  for (std::size_t l = 0; l < 2; ++l) {
    const Layer layer = sample_layers()[l];
    const std::vector<std::int64_t> weight{layer.out_channels, layer.in_channels, 3, 3},
        input{2, layer.in_channels, layer.in_height, layer.in_width},
        output{2, layer.out_channels, layer.out_height(), layer.out_width()};
    const auto add = [&](const std::string& tensor, int bits, const std::vector<std::int64_t>& shape) {
      TraceOperand operand{
          .iteration = i, .layer = static_cast<std::int64_t>(l), .tensor = tensor, .bits = bits, .shape = shape};
      const std::size_t scales = tensor == "weight" ? static_cast<std::size_t>(shape[0]) : 1;
      std::int64_t count = 1;
      for (const std::int64_t extent : shape) count *= extent;
      for (std::int64_t k = 0; k < count; ++k) {
        if (bits == 64)
          operand.values.push_back(random.uniform() - 0.5);
        else
          operand.codes.push_back(static_cast<std::uint16_t>(random.between(0, (1 << bits) - 1)));
      }
      for (std::size_t k = 0; bits != 64 && k < scales; ++k) {
        operand.scale.push_back(random.uniform());
        operand.offset.push_back(-random.uniform());
      }
      operands.push_back(operand);
    };
    add("weight", iteration.weight_bits[l], weight);
    add("activation", iteration.activation_bits[l], input);
    add("gradient", iteration.gradient_bits[l], output);
    add("forward", 64, output);
    if (l != 0) add("backward_data", 64, input);
    add("backward_weight", 64, weight);
  }
  return operands;
}

/// Iterations first..last-1, captures every ten, evaluations at 5 and 15, a commit every four.
inline void add_iterations(TraceWriter& writer, std::int64_t first, std::int64_t last) {
  for (std::int64_t i = first; i < last; ++i) {
    writer.add(sample_iteration(i));
    if (i % 10 == 0) {
      for (const TraceOperand& operand : sample_operands(i)) writer.add(operand);
    }
    if (i % 10 == 5) writer.add(TraceEvaluation{i, "test", "accuracy", i == 15 ? 0.75 : 0.5});
    if (i % 4 == 3) writer.commit();
  }
  writer.commit();
}

inline void write_sample_trace(const std::string& file, std::int64_t iterations) {
  TraceWriter writer = TraceWriter::create(file, sample_meta(), sample_layers());
  add_iterations(writer, 0, iterations);
}

/// Everything in a trace as text, in the order of the keys.
inline std::string dump(const std::string& file) {
  const Database database(file, Database::Mode::kRead, {"trace", "", 0});
  std::string text;
  for (const char* query :
       {"SELECT quote(key)||quote(value) FROM meta ORDER BY key", "SELECT id||quote(name) FROM layer ORDER BY id",
        "SELECT iteration||','||epoch||quote(loss)||quote(weight_bits)||quote(activation_bits)||quote(gradient_bits) "
        "FROM iteration ORDER BY iteration",
        "SELECT iteration||split||metric||quote(value) FROM evaluation ORDER BY iteration,split,metric",
        "SELECT iteration||','||layer||tensor||bits||shape||quote(scale)||quote(offset)||quote(codes)||quote(result) "
        "FROM operand ORDER BY iteration,layer,tensor"}) {
    Statement rows = database.prepare(query);
    while (rows.step()) text += rows.text(0) + "\n";
  }
  return text;
}

}  // namespace ldpsim::testing_support
