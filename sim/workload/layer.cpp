// SPDX-License-Identifier: Apache-2.0
#include "sim/workload/layer.hpp"

#include <array>
#include <sstream>
#include <utility>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim {
namespace {

constexpr std::array kKinds{std::pair{LayerKind::kConv, "conv"}, std::pair{LayerKind::kLinear, "linear"},
                            std::pair{LayerKind::kMatmul, "matmul"}};
constexpr std::int64_t kLargestExtent = std::int64_t{1}
                                        << 24;  // products of three extents stay within 63 bits where they are formed

/// "3.5e+16"
std::string count_text(__int128 count) {
  std::ostringstream text;
  text.precision(2);
  text << static_cast<double>(count);
  return text.str();
}

void check_counts(const Layer& l, const std::string& where) {
  const __int128 positions = static_cast<__int128>(l.out_height()) * l.out_width();
  const __int128 weights =
      static_cast<__int128>(l.out_channels) * (l.in_channels / l.groups) * l.kernel_height * l.kernel_width;
  const std::array<std::pair<const char*, __int128>, 3> counts{
      {{"weights", weights},
       {"input elements", static_cast<__int128>(l.in_channels) * l.in_height * l.in_width},
       {"multiply-accumulates", weights > kLargestCount ? weights : weights * positions}}};
  for (const auto& [what, count] : counts) {
    if (count > kLargestCount) {
      throw UserError(where, "layer '" + l.name + "': its sizes make " + count_text(count) + " " + what,
                      "allowed: up to " + std::to_string(kLargestCount) + " a sample");
    }
  }
}

}  // namespace

const char* name_of(LayerKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  throw InternalError("layer kind without a name");
}

LayerKind layer_kind_of(const std::string& name, const std::string& where) {
  std::vector<std::string> names;
  for (const auto& [value, known] : kKinds) {
    if (name == known) return value;
    names.emplace_back(known);
  }
  throw UserError(where, "unknown layer kind '" + name + "'", allowed_hint(name, names));
}

void Layer::check(const std::string& where) const {
  const std::array<std::pair<const char*, std::int64_t>, 10> extents{{{"in_channels", in_channels},
                                                                      {"out_channels", out_channels},
                                                                      {"in_height", in_height},
                                                                      {"in_width", in_width},
                                                                      {"kernel_height", kernel_height},
                                                                      {"kernel_width", kernel_width},
                                                                      {"stride", stride},
                                                                      {"dilation", dilation},
                                                                      {"groups", groups},
                                                                      {"padding", padding + 1}}};
  for (const auto& [key, value] : extents) {
    const bool is_padding = std::string(key) == "padding";
    if (value < 1 || value > kLargestExtent) {
      throw UserError(where, "layer '" + name + "': " + key + " is " + std::to_string(is_padding ? value - 1 : value),
                      is_padding ? "allowed: 0 to 16777215" : "allowed: 1 to 16777216");
    }
  }
  if (in_channels % groups != 0 || out_channels % groups != 0) {
    throw UserError(where, "layer '" + name + "': groups is " + std::to_string(groups) +
                               ", which does not divide in_channels " + std::to_string(in_channels) +
                               " and out_channels " + std::to_string(out_channels));
  }
  if (kind != LayerKind::kConv && (kernel_height != 1 || kernel_width != 1 || stride != 1 || padding != 0)) {
    throw UserError(where,
                    "layer '" + name + "': a " + name_of(kind) + " layer has a 1x1 kernel, stride 1 and no padding");
  }
  const auto fits = [&](std::int64_t in, std::int64_t kernel) {
    return in + 2 * padding >= dilation * (kernel - 1) + 1;
  };
  if (!fits(in_height, kernel_height) || !fits(in_width, kernel_width)) {
    throw UserError(where, "layer '" + name + "': the kernel " + std::to_string(kernel_height) + "x" +
                               std::to_string(kernel_width) + " does not fit into the padded input of " +
                               std::to_string(in_height + 2 * padding) + "x" + std::to_string(in_width + 2 * padding));
  }
  check_counts(*this, where);
}

std::int64_t Network::macs() const {
  std::int64_t sum = 0;
  for (const Layer& layer : layers) sum += layer.macs();
  return sum;
}

}  // namespace ldpsim
