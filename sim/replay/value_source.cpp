// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/value_source.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"
#include "sim/replay/captured_operand.hpp"

namespace ldpsim {
namespace {

/// The part of a tensor [image, ...] that is one image's.
QuantisedTensor image_of(const QuantisedTensor& tensor, std::int64_t image) {
  QuantisedTensor one = tensor;
  const auto size = static_cast<std::int64_t>(tensor.codes.size()) / tensor.shape[0];
  one.shape[0] = 1;
  one.codes.assign(tensor.codes.begin() + image * size, tensor.codes.begin() + (image + 1) * size);
  return one;
}

class CapturedValues final : public ValueSource {
 public:
  CapturedValues(const std::string& file, std::int64_t first, std::int64_t last)
      : file_(file), first_(first), last_(last) {}

  const Network& network() const override { return trace().network(); }

  void for_each_sample(std::size_t layer, Pass pass, PassBits bits,
                       const std::function<void(const ValueSample&)>& visit) const override {
    const OperandNames names = operands_of(pass);
    for (const std::int64_t iteration : iterations()) {
      const QuantisedTensor* moving = tensor(iteration, layer, names.moving);
      const QuantisedTensor* stationary = tensor(iteration, layer, names.stationary);
      if (moving == nullptr || stationary == nullptr) continue;
      const bool weights = pass != Pass::kBackwardWeight && network().layers[layer].kind != LayerKind::kMatmul;
      const std::int64_t images =
          std::min({kMostImages, moving->shape[0], weights ? kMostImages : stationary->shape[0]});
      ValueSample sample{.iteration = iteration};
      if (weights) sample.stationary = at_bits(*stationary, bits.stationary);
      for (std::int64_t image = 0; image < images; ++image) {
        sample.moving = at_bits(image_of(*moving, image), bits.moving);
        if (!weights) sample.stationary = at_bits(image_of(*stationary, image), bits.stationary);
        visit(sample);
      }
    }
  }

  std::vector<std::string> notes() const override {
    std::int64_t layers = 0;
    for (std::size_t layer = 0; layer < network().layers.size(); ++layer)
      layers += tensor(iterations().front(), layer, "activation") != nullptr ? 1 : 0;
    return {fmt::format("operands: {} captured iterations ({} to {}) of {} in the trace, with {} of {} layers",
                        iterations().size(), iterations().front(), iterations().back(),
                        trace().captured_iterations().size(), layers, network().layers.size())};
  }

  std::string canonical() const override {
    if (!canonical_.empty()) return canonical_;  // every point of a sweep asks
    std::string text = "captured\n";
    if (!trace().captured_iterations().empty()) {
      for (const std::int64_t iteration : iterations())
        text += fmt::format("{} {}\n", iteration, trace().operands_digest(iteration));
    }
    return canonical_ = text;
  }

 private:
  static QuantisedTensor at_bits(QuantisedTensor tensor, int bits) {
    requantise(tensor, bits);
    return tensor;
  }

  const TraceReader& trace() const {
    if (!trace_) trace_.emplace(file_);
    return *trace_;
  }

  const std::vector<std::int64_t>& iterations() const {
    if (!iterations_.empty()) return iterations_;
    const std::vector<std::int64_t> all = trace().captured_iterations();
    if (all.empty()) {
      throw UserError(file_, "the trace has no captured operands, on whose values the cycles of this machine depend",
                      "train with --capture every=N,images=K, or let --values uniform make operands up");
    }
    std::vector<std::int64_t> asked;
    for (const std::int64_t iteration : all) {
      if (iteration >= first_ && iteration < last_) asked.push_back(iteration);
    }
    if (asked.empty()) asked = all;
    const std::size_t count = std::min(asked.size(), kMostCaptures);
    for (std::size_t i = 0; i < count; ++i)
      iterations_.push_back(asked[count == 1 ? 0 : i * (asked.size() - 1) / (count - 1)]);
    return iterations_;
  }

  /// Of one layer at a time, since questions come layer by layer.
  const QuantisedTensor* tensor(std::int64_t iteration, std::size_t layer, const std::string& name) const {
    if (layer != held_layer_) held_.clear();
    held_layer_ = layer;
    const auto [place, fresh] = held_.try_emplace({iteration, name});
    if (fresh) {
      if (auto operand = trace().operand(iteration, static_cast<std::int64_t>(layer), name))
        place->second = tensor_of(std::move(*operand));
    }
    return place->second.codes.empty() ? nullptr : &place->second;
  }

  mutable std::string canonical_;
  std::string file_;
  std::int64_t first_, last_;
  mutable std::optional<TraceReader> trace_;
  mutable std::vector<std::int64_t> iterations_;
  mutable std::size_t held_layer_ = 0;
  mutable std::map<std::pair<std::int64_t, std::string>, QuantisedTensor> held_;
};

class UniformValues final : public ValueSource {
 public:
  explicit UniformValues(const Network& network) : network_(network) {}
  const Network& network() const override { return network_; }

  void for_each_sample(std::size_t layer, Pass pass, PassBits bits,
                       const std::function<void(const ValueSample&)>& visit) const override {
    const Layer& l = network_.layers[layer];
    const std::int64_t moving = pass == Pass::kBackwardData ? l.output_elements() : l.input_elements(),
                       stationary = pass == Pass::kBackwardWeight ? l.output_elements() : l.weight_elements();
    for (std::int64_t draw = 0; draw < kDraws; ++draw) {
      Random random(static_cast<std::uint64_t>(1 + draw));
      for (std::int64_t image = 0; image < (samples_share_steps(l, pass) ? kMostImages : 1); ++image)
        visit({.iteration = draw,
               .moving = drawn(random, moving, bits.moving),
               .stationary = drawn(random, stationary, bits.stationary)});
    }
  }

  std::vector<std::string> notes() const override {
    return {
        fmt::format("operands are made up: codes equally distributed over their range, {} draws; real operands have "
                    "fewer bits set",
                    kDraws)};
  }
  std::string canonical() const override { return fmt::format("uniform {}\n", kDraws); }

 private:
  static constexpr std::int64_t kDraws = 4;
  static QuantisedTensor drawn(Random& random, std::int64_t elements, int bits) {
    QuantisedTensor tensor{.shape = {elements}, .bits = bits, .codes = {}, .scale = {1}, .offset = {0}};
    for (std::int64_t i = 0; i < elements; ++i)
      tensor.codes.push_back(static_cast<std::int32_t>(random.between(0, (1 << bits) - 1)));
    return tensor;
  }
  Network network_;
};

}  // namespace

void requantise(QuantisedTensor& tensor, int bits) {
  if (tensor.bits == bits) return;
  const std::int64_t from = (std::int64_t{1} << tensor.bits) - 1, to = (std::int64_t{1} << bits) - 1;
  for (std::int32_t& code : tensor.codes) code = static_cast<std::int32_t>((2 * code * to + from) / (2 * from));
  for (double& scale : tensor.scale) scale *= static_cast<double>(from) / static_cast<double>(to);
  tensor.bits = bits;
}

std::unique_ptr<ValueSource> make_captured_values(const std::string& file, std::int64_t first, std::int64_t last) {
  return std::make_unique<CapturedValues>(file, first, last);
}

std::unique_ptr<ValueSource> make_uniform_values(const Network& network) {
  return std::make_unique<UniformValues>(network);
}

}  // namespace ldpsim
