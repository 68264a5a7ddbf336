// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/check.hpp"

#include <fmt/format.h>

#include <cmath>
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
      std::map<std::int64_t, std::set<std::string>> tensors;
      for (const auto& [layer, tensor] : trace_.captured_operands(iteration)) tensors[layer].insert(tensor);
      for (const auto& [layer, names] : tensors) {
        if (layer < 0 || static_cast<std::size_t>(layer) >= layers_.size()) {
          throw Found{fmt::format("iteration {}: there is an operand of layer {}, but there are {} layers", iteration,
                                  layer, layers_.size())};
        }
        layer_operands(iteration, layer, names, check);
      }
    }
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

  void layer_operands(std::int64_t iteration, std::int64_t layer, const std::set<std::string>& tensors,
                      TraceCheck& check) const {
    const TraceIteration schedule = iteration_of(iteration);
    std::map<std::string, std::int64_t> images;
    for (const std::string& tensor : tensors) {
      const std::optional<TraceOperand> operand = trace_.operand(iteration, layer, tensor, /*check=*/false);
      const std::string here = place(iteration, layer, tensor) + ": ";
      const std::string problem = operand_problem(layers_[static_cast<std::size_t>(layer)], *operand);
      if (!problem.empty()) throw Found{here + problem};
      for (std::size_t i = 0; i < 3; ++i) {
        const int bits = bits_of(schedule, i)[static_cast<std::size_t>(layer)];
        if (tensor == kCodes[i] && bits != operand->bits)
          throw Found{fmt::format("{}it has {} bits, the schedule says {}", here, operand->bits, bits)};
      }
      if (tensor != "weight" && tensor != "backward_weight") images[tensor] = operand->shape[0];
      ++check.operands;
    }
    for (const auto& [tensor, count] : images) {
      if (count != images.begin()->second) {
        throw Found{fmt::format("{}: it is of {} images, tensor '{}' of {}", place(iteration, layer, tensor), count,
                                images.begin()->first, images.begin()->second)};
      }
    }
    const std::map<std::string, std::vector<std::string>> needs{{"forward", {"weight", "activation"}},
                                                                {"backward_data", {"weight", "gradient"}},
                                                                {"backward_weight", {"activation", "gradient"}}};
    for (const auto& [result, operands] : needs) {
      for (const std::string& operand : operands) {
        if (tensors.count(result) != 0 && tensors.count(operand) == 0) {
          throw Found{
              fmt::format("{}: it has no tensor '{}' to be the result of", place(iteration, layer, result), operand)};
        }
      }
    }
  }

  const TraceReader& trace_;
  const std::vector<Layer>& layers_;
};

}  // namespace

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
