// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "sim/core/suggest.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

/// Shape that a tensor of `layer` must have; 0 at the batch axis means any. Empty if there is no such tensor.
std::vector<std::int64_t> expected_shape(const Layer& layer, const std::string& tensor) {
  if (tensor == "weight" || tensor == "backward_weight") {
    if (layer.kind == LayerKind::kMatmul) return {0, layer.out_channels, layer.in_channels / layer.groups};
    return {layer.out_channels, layer.in_channels / layer.groups, layer.kernel_height, layer.kernel_width};
  }
  if (tensor == "activation" || tensor == "backward_data")
    return {0, layer.in_channels, layer.in_height, layer.in_width};
  if (tensor == "gradient" || tensor == "forward")
    return {0, layer.out_channels, layer.out_height(), layer.out_width()};
  return {};
}

bool fits(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& expected) {
  if (shape.size() != expected.size()) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (expected[i] == 0 ? shape[i] < 1 : shape[i] != expected[i]) return false;
  }
  return true;
}

std::string coordinates(const std::vector<std::int64_t>& shape, std::size_t at) {
  std::vector<std::int64_t> index(shape.size());
  auto rest = static_cast<std::int64_t>(at);
  for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) index[axis] = rest % shape[axis];
  return fmt::format("[{}]", fmt::join(index, ", "));
}

std::string scale_problem(const char* name, const std::vector<double>& values, std::size_t channels) {
  if (values.size() != 1 && (channels == 0 || values.size() != channels)) {
    const std::string allowed = channels == 0 ? "1" : fmt::format("1 or {}", channels);
    return fmt::format("it has {} values of {} where {} are expected", values.size(), name, allowed);
  }
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return fmt::format("{}[{}] is {}", name, i, values[i]);
  }
  return "";
}

std::string codes_problem(const Layer& layer, const TraceOperand& operand, std::size_t count) {
  if (operand.bits < 1 || operand.bits > 16) return fmt::format("it has {} bits; allowed: 1 to 16", operand.bits);
  if (!operand.values.empty()) return "it has results where codes are expected";
  if (operand.codes.size() != count)
    return fmt::format("it has {} codes where {} are expected", operand.codes.size(), count);
  const bool has_channels = operand.tensor == "weight" && layer.kind != LayerKind::kMatmul;
  const std::size_t channels = has_channels ? static_cast<std::size_t>(layer.out_channels) : 0;
  if (std::string problem = scale_problem("scale", operand.scale, channels); !problem.empty()) return problem;
  if (std::string problem = scale_problem("offset", operand.offset, channels); !problem.empty()) return problem;
  if (operand.scale.size() != operand.offset.size()) {
    return fmt::format("it has {} values of scale but {} of offset", operand.scale.size(), operand.offset.size());
  }
  const std::uint32_t end = std::uint32_t{1} << operand.bits;
  for (std::size_t i = 0; i < count; ++i) {
    if (operand.codes[i] >= end) {
      return fmt::format("code {} at {} is out of range; allowed with {} bits: 0 to {}", operand.codes[i],
                         coordinates(operand.shape, i), operand.bits, end - 1);
    }
  }
  return "";
}

std::string results_problem(const TraceOperand& operand, std::size_t count) {
  if (operand.bits != 64) return fmt::format("it has {} bits; results are float64: 64", operand.bits);
  if (!operand.codes.empty()) return "it has codes where results are expected";
  if (operand.values.size() != count)
    return fmt::format("it has {} results where {} are expected", operand.values.size(), count);
  for (std::size_t i = 0; i < count; ++i) {
    if (!std::isfinite(operand.values[i]))
      return fmt::format("result at {} is {}", coordinates(operand.shape, i), operand.values[i]);
  }
  return "";
}

}  // namespace

std::string operand_problem(const Layer& layer, const TraceOperand& operand) {
  const std::vector<std::int64_t> expected = expected_shape(layer, operand.tensor);
  if (expected.empty()) {
    static const std::vector<std::string> kTensors{"weight",  "activation",    "gradient",
                                                   "forward", "backward_data", "backward_weight"};
    return "there is no such tensor; " + allowed_hint(operand.tensor, kTensors);
  }
  if (!fits(operand.shape, expected)) {
    std::string wanted = fmt::format("{}", fmt::join(expected, ", "));
    if (expected[0] == 0) wanted.replace(0, 1, "images");
    return fmt::format("its shape is [{}]; the layer's is [{}]", fmt::join(operand.shape, ", "), wanted);
  }
  std::size_t count = 1;
  for (const std::int64_t extent : operand.shape) count *= static_cast<std::size_t>(extent);
  const bool is_code = operand.tensor == "weight" || operand.tensor == "activation" || operand.tensor == "gradient";
  return is_code ? codes_problem(layer, operand, count) : results_problem(operand, count);
}

}  // namespace ldpsim
