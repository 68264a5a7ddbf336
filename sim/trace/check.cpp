// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>
#include <set>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

constexpr const char* kCodes[] = {"weight", "activation", "gradient"};

/// Thrown inside, never outside: the first problem ends the walk.
struct Found {
  std::string problem;
};

class Checker {
 public:
  explicit Checker(const TraceReader& trace) : trace_(trace), layers_(trace.network().layers) {}

  void iterations(TraceCheck& check) const {
    std::int64_t expected = trace_.iteration_range().first;
    trace_.for_each_iteration(
        expected, trace_.iteration_range().second,
        [&](const TraceIteration& iteration) {
          if (iteration.iteration != expected) throw Found{fmt::format("iteration {} is missing", expected)};
          iteration_bits(iteration);
          ++expected;
          ++check.iterations;
        },
        /*check=*/false);
  }

  void evaluations(TraceCheck& check) const {
    const auto [first, end] = trace_.iteration_range();
    for (const TraceEvaluation& evaluation : trace_.evaluations()) {
      const std::string place =
          fmt::format("iteration {}, evaluation '{} {}'", evaluation.iteration, evaluation.split, evaluation.metric);
      // An evaluation after the last iteration has the number of the one that would follow.
      if (evaluation.iteration < first || evaluation.iteration > end) {
        throw Found{fmt::format("{}: there is no such iteration; the trace has {}:{}", place, first, end)};
      }
      if (!std::isfinite(evaluation.value)) throw Found{fmt::format("{}: its value is {}", place, evaluation.value)};
      ++check.evaluations;
    }
  }

  void operands(TraceCheck& check) const {
    for (const std::int64_t iteration : trace_.captured_iterations()) {
      for (const auto& [layer, tensors] : captured(iteration)) layer_operands(iteration, layer, tensors, check);
    }
  }

  using Tensors = std::map<std::int64_t, std::set<std::string>>;

  /// The tensors of every layer in an iteration: what can be said of them without decoding any.
  Tensors captured(std::int64_t iteration) const {
    Tensors tensors;
    for (const auto& [layer, tensor] : trace_.captured_operands(iteration)) tensors[layer].insert(tensor);
    for (const auto& [layer, names] : tensors) {
      if (layer < 0 || static_cast<std::size_t>(layer) >= layers_.size()) {
        throw Found{fmt::format("iteration {}: there is an operand of layer {}, but there are {} layers", iteration,
                                layer, layers_.size())};
      }
    }
    const TraceIteration schedule = iteration_of(iteration);
    for (const auto& [layer, names] : tensors) {
      for (const std::string& tensor : names) known_tensor(schedule, layer, tensor);
      have_operands(iteration, layer, names);
    }
    return tensors;
  }

 private:
  std::string place(std::int64_t iteration, std::int64_t layer, const std::string& tensor) const {
    return fmt::format("iteration {}, layer '{}', tensor '{}'", iteration,
                       layers_[static_cast<std::size_t>(layer)].name, tensor);
  }

  static const std::vector<std::uint8_t>& bits_of(const TraceIteration& iteration, std::size_t operand) {
    return operand == 0 ? iteration.weight_bits : operand == 1 ? iteration.activation_bits : iteration.gradient_bits;
  }

  void iteration_bits(const TraceIteration& iteration) const {
    for (std::size_t operand = 0; operand < 3; ++operand) {
      const std::vector<std::uint8_t>& bits = bits_of(iteration, operand);
      for (std::size_t l = 0; l < layers_.size(); ++l) {
        const std::string what = fmt::format("iteration {}, layer '{}': {}_bits is {}", iteration.iteration,
                                             layers_[l].name, kCodes[operand], bits[l]);
        if (bits[l] > 16) throw Found{what + "; allowed: 0 (float) to 16"};
        if (bits[l] != 0 && !layers_[l].quantised) throw Found{what + ", but the layer is not quantised"};
      }
    }
  }

  TraceIteration iteration_of(std::int64_t iteration) const {
    TraceIteration found;
    found.iteration = -1;
    trace_.for_each_iteration(iteration, iteration + 1, [&](const TraceIteration& read) { found = read; });
    if (found.iteration != iteration)
      throw Found{fmt::format("iteration {} has operands, but is not in the schedule", iteration)};
    return found;
  }

  /// It is a tensor of the format, and codes have the bits that the schedule says.
  void known_tensor(const TraceIteration& schedule, std::int64_t layer, const std::string& tensor) const {
    const std::string here = place(schedule.iteration, layer, tensor) + ": ";
    static const std::vector<std::string> kResults{"forward", "backward_data", "backward_weight"};
    const auto* code = std::find(std::begin(kCodes), std::end(kCodes), tensor);
    if (code == std::end(kCodes)) {
      if (std::find(kResults.begin(), kResults.end(), tensor) != kResults.end()) return;
      throw Found{here + operand_problem(layers_[static_cast<std::size_t>(layer)], {.tensor = tensor})};
    }
    const auto operand = static_cast<std::size_t>(code - std::begin(kCodes));
    const std::int64_t bits = trace_.operand_bits(schedule.iteration, layer, tensor),
                       expected = bits_of(schedule, operand)[static_cast<std::size_t>(layer)];
    if (bits != expected) throw Found{fmt::format("{}it has {} bits, the schedule says {}", here, bits, expected)};
  }

  /// Every result has the two operands that it is the result of.
  void have_operands(std::int64_t iteration, std::int64_t layer, const std::set<std::string>& tensors) const {
    static const std::map<std::string, std::vector<std::string>> kNeeds{
        {"forward", {"weight", "activation"}},
        {"backward_data", {"weight", "gradient"}},
        {"backward_weight", {"activation", "gradient"}}};
    for (const auto& [result, operands] : kNeeds) {
      for (const std::string& operand : operands) {
        if (tensors.count(result) != 0 && tensors.count(operand) == 0) {
          throw Found{
              fmt::format("{}: it has no tensor '{}' to be the result of", place(iteration, layer, result), operand)};
        }
      }
    }
  }

  void layer_operands(std::int64_t iteration, std::int64_t layer, const std::set<std::string>& tensors,
                      TraceCheck& check) const {
    std::map<std::string, std::int64_t> images;
    for (const std::string& tensor : tensors) {
      const std::optional<TraceOperand> operand = trace_.operand(iteration, layer, tensor, /*check=*/false);
      const std::string problem = operand_problem(layers_[static_cast<std::size_t>(layer)], *operand);
      if (!problem.empty()) throw Found{place(iteration, layer, tensor) + ": " + problem};
      if (tensor != "weight" && tensor != "backward_weight") images[tensor] = operand->shape[0];
      ++check.operands;
    }
    for (const auto& [tensor, count] : images) {
      if (count != images.begin()->second) {
        throw Found{fmt::format("{}: it is of {} images, tensor '{}' of {}", place(iteration, layer, tensor), count,
                                images.begin()->first, images.begin()->second)};
      }
    }
  }

  const TraceReader& trace_;
  const std::vector<Layer>& layers_;
};

}  // namespace

std::string captured_problem(const TraceReader& trace, std::int64_t iteration) {
  try {
    Checker(trace).captured(iteration);
  } catch (const Found& found) {
    return found.problem;
  }
  return "";
}

TraceCheck check_trace(const TraceReader& trace) {
  trace.check_integrity();
  TraceCheck check;
  const Checker checker(trace);
  try {
    checker.iterations(check);
    checker.evaluations(check);
    checker.operands(check);
  } catch (const Found& found) {
    check.problem = found.problem;
  }
  return check;
}

}  // namespace ldpsim
