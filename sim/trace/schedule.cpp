// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

constexpr std::size_t kOperands = 3;
constexpr std::size_t kValues = 17;  // 0 to 16 bits
constexpr const char* kBifurcatedMethod = "sbm-original";

[[noreturn]] void missing(const TraceReader& trace, std::int64_t iteration) {
  throw DamagedFile(trace.file(), fmt::format("iteration {} is missing", iteration),
                    "a trace has every iteration of its run");
}

}  // namespace

double training_cost_ratio(const Network& network, const BitsHistogram& histogram, int static_bits,
                           std::span<const Pass> passes) {
  const auto cost = [&](const LayerBits& bits) {
    int products = 0;
    for (const Pass pass : passes) {
      const PassBits operands = pass_bits(pass, bits);
      products += operands.moving * operands.stationary;
    }
    return static_cast<double>(products);
  };
  const double static_cost = cost({static_bits, static_bits, static_bits});
  double sum = 0, reference = 0;
  for (std::size_t l = 0; l < network.layers.size(); ++l) {
    const auto macs = static_cast<double>(network.layers[l].macs());
    for (const BitsCount& entry : histogram[l]) {
      const auto iterations = static_cast<double>(entry.iterations);
      sum += macs * iterations * cost(entry.bits);
      reference += macs * iterations * static_cost;
    }
  }
  return reference > 0 ? sum / reference : 0;
}

double forward_cost_ratio(const Network& network, const BitsHistogram& histogram, int static_bits) {
  return training_cost_ratio(network, histogram, static_bits, std::array{Pass::kForward});
}

Schedule::Schedule(const TraceReader& trace, std::int64_t first, std::int64_t last, int float_layer_bits)
    : network_(trace.network()),
      batch_(trace.batch()),
      first_(first),
      static_bits_(static_cast<int>(trace.meta_integer("static_bits", 1, 16))) {
  float_layer_bits_ = float_layer_bits != 0 ? float_layer_bits : static_bits_;
  const auto [begin, end] = trace.iteration_range();
  if (begin == end) throw UserError(trace.file(), "the trace has no iterations yet");
  first_ = first == kBegin ? begin : first;
  const std::int64_t stop = last == kEnd ? end : last;
  if (first_ < begin || stop > end || first_ >= stop) {
    throw UserError(trace.file(), fmt::format("there are no iterations {}:{} in the trace", first_, stop),
                    fmt::format("it has {}:{}", begin, end));
  }
  const auto method = trace.meta().find("method");
  if (method != trace.meta().end() && method->second == kBifurcatedMethod) {
    remark_ = fmt::format(
        "method {} makes gradients of weights from gradients that are not quantised (bifurcated), as no integer "
        "machine "
        "does; backward_weight is charged as if they had the bits of those that are",
        kBifurcatedMethod);
  }
  const std::size_t layers = network_.layers.size();
  trace.for_each_iteration(first_, stop, [&](const TraceIteration& iteration) {
    if (iteration.iteration != this->last()) missing(trace, this->last());
    ++count_;
    for (std::size_t l = 0; l < layers; ++l) {
      bits_.insert(bits_.end(), {iteration.weight_bits[l], iteration.activation_bits[l], iteration.gradient_bits[l]});
    }
  });
  if (this->last() != stop) missing(trace, this->last());
  if (all_float()) {
    remark_ = fmt::format("all layers are in float in every iteration: that they cost {} bits is an assumption",
                          float_layer_bits_);
  }
}

const std::uint8_t* Schedule::at(std::int64_t iteration) const {
  if (iteration < first() || iteration >= last())
    throw InternalError(fmt::format("the schedule has no iteration {}", iteration));
  return bits_.data() + static_cast<std::size_t>(iteration - first_) * network_.layers.size() * kOperands;
}

LayerBits Schedule::bits(std::int64_t iteration, std::size_t layer) const {
  const std::uint8_t* b = at(iteration) + layer * kOperands;
  const auto effective = [&](std::uint8_t value) { return value != 0 ? int{value} : float_layer_bits_; };
  return {effective(b[0]), effective(b[1]), effective(b[2])};
}

std::vector<LayerBits> Schedule::final_bits() const {
  std::vector<LayerBits> final;
  for (std::size_t l = 0; l < network_.layers.size(); ++l) final.push_back(bits(last() - 1, l));
  return final;
}

bool Schedule::has_float(std::size_t layer) const {
  for (std::int64_t i = first(); i < last(); ++i) {
    const std::uint8_t* b = at(i) + layer * kOperands;
    if (b[0] == 0 || b[1] == 0 || b[2] == 0) return true;
  }
  return false;
}

bool Schedule::all_float() const {
  return std::all_of(bits_.begin(), bits_.end(), [](std::uint8_t bits) { return bits == 0; });
}

BitsHistogram Schedule::histogram(std::int64_t first, std::int64_t last) const {
  const std::size_t layers = network_.layers.size();
  BitsHistogram histogram(layers);
  if (first >= last) return histogram;
  at(first), at(last - 1);  // the range must be inside
  std::vector<std::int64_t> counts(layers * kValues * kValues * kValues);
  const auto key = [](std::size_t w, std::size_t a, std::size_t g) { return (w * kValues + a) * kValues + g; };
  const std::uint8_t* b = at(first);
  const auto float_bits = static_cast<std::size_t>(float_layer_bits_);
  const auto effective = [&](std::uint8_t value) { return value != 0 ? std::size_t{value} : float_bits; };
  for (std::int64_t i = first; i < last; ++i) {
    for (std::size_t l = 0; l < layers; ++l, b += kOperands) {
      ++counts[l * kValues * kValues * kValues + key(effective(b[0]), effective(b[1]), effective(b[2]))];
    }
  }
  for (std::size_t l = 0; l < layers; ++l) {
    for (std::size_t w = 1; w < kValues; ++w)
      for (std::size_t a = 1; a < kValues; ++a)
        for (std::size_t g = 1; g < kValues; ++g) {
          const std::int64_t count = counts[l * kValues * kValues * kValues + key(w, a, g)];
          if (count != 0)
            histogram[l].push_back({{static_cast<int>(w), static_cast<int>(a), static_cast<int>(g)}, count});
        }
  }
  return histogram;
}

BitsHistogram histogram_of(std::span<const LayerBits> bits) {
  BitsHistogram histogram;
  for (const LayerBits& b : bits) histogram.push_back({{b, 1}});
  return histogram;
}

std::string canonical_workload(const Network& network, std::int64_t batch, const BitsHistogram& histogram) {
  std::string text = fmt::format("batch={}\n", batch);
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& l = network.layers[i];
    text += fmt::format(
        "layer={}:{} {} {}x{}x{} to {} kernel={}x{} stride={} padding={} dilation={} groups={} quantised={} bits=",
        l.name.size(), l.name, name_of(l.kind), l.in_channels, l.in_height, l.in_width, l.out_channels, l.kernel_height,
        l.kernel_width, l.stride, l.padding, l.dilation, l.groups, l.quantised ? 1 : 0);
    for (const BitsCount& entry : histogram[i]) {
      text +=
          fmt::format("{}/{}/{}*{};", entry.bits.weight, entry.bits.activation, entry.bits.gradient, entry.iterations);
    }
    text += "\n";
  }
  return text;
}

}  // namespace ldpsim
