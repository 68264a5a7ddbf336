// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/operand_bytes.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "sim/core/error.hpp"
#include "sim/core/math.hpp"

namespace ldpsim {
namespace {

std::uint8_t slab_of(std::int32_t code, int slab) {
  return static_cast<std::uint8_t>(static_cast<std::uint32_t>(code) >> (8 * slab));
}

[[noreturn]] void refuse_code(const QuantisedTensor& tensor, const char* role, int bits, bool is_signed) {
  const std::int32_t least = is_signed ? -(1 << (bits - 1)) : 0,
                     most = is_signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
  const auto bad =
      std::find_if(tensor.codes.begin(), tensor.codes.end(), [&](std::int32_t c) { return c < least || c > most; });
  throw UserError(std::string(role) + " operand",
                  "code " + std::to_string(*bad) + " of element " + std::to_string(bad - tensor.codes.begin()) +
                      " does not fit " + std::to_string(bits) + (is_signed ? " signed bits" : " bits"),
                  "allowed: " + std::to_string(least) + " to " + std::to_string(most));
}

}  // namespace

PlaneCount count_planes(const QuantisedTensor& tensor, const char* role, int bits, bool is_signed, int width) {
  // of a signed code, the bits that differ from its sign must fit below the sign bit
  std::uint32_t used = 0;
  if (is_signed) {
    for (const std::int32_t code : tensor.codes) used |= static_cast<std::uint32_t>(code ^ (code >> 31));
  } else {
    for (const std::int32_t code : tensor.codes) used |= static_cast<std::uint32_t>(code);
  }
  if (used >> (is_signed ? bits - 1 : bits) != 0) refuse_code(tensor, role, bits, is_signed);
  if (is_signed) return {width, true};
  return {std::max(1, static_cast<int>(std::bit_width(used))), false};
}

RealSpan real_span(std::int64_t inputs, std::int64_t insertion, std::int64_t pad, std::int64_t extent) {
  RealSpan span{pad < 0 ? ceil_div(-pad, insertion) : 0, inputs};
  const std::int64_t room = extent - 1 - pad;
  span.last = room < 0 ? 0 : std::min(inputs, room / insertion + 1);
  span.last = std::max(span.first, span.last);
  return span;
}

void MovingBytes::fill(const Problem& p, const QuantisedTensor& tensor, int slabs, Order order) {
  stride_ = p.stride;
  dilation_ = p.dilation;
  const std::int64_t height = (p.out_height - 1) * p.stride + (p.kernel_height - 1) * p.dilation + 1;
  const std::int64_t width = (p.out_width - 1) * p.stride + (p.kernel_width - 1) * p.dilation + 1;
  const std::int64_t columns = ceil_div(width, dilation_), inner = order == Order::kChannelsInner ? p.channels : 1;
  column_ = inner;
  phase_ = columns * inner;
  row_ = dilation_ * phase_;
  batch_ = height * row_;
  channel_ = inner > 1 ? 1 : p.batch * batch_;
  group_ = order == Order::kChannelsInner ? p.batch * batch_ : p.channels * channel_;
  const RealSpan ys = real_span(p.in_height, p.insertion, p.pad_y, height),
                 xs = real_span(p.in_width, p.insertion, p.pad_x, width);
  for (int slab = 0; slab < slabs; ++slab) {
    std::uint8_t* bytes = bytes_[static_cast<std::size_t>(slab)].resize(p.groups * group_);
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t b = 0; b < p.batch; ++b)
        for (std::int64_t iy = ys.first; iy < ys.last; ++iy)
          for (std::int64_t c = 0; c < p.channels; ++c) {
            const std::int32_t* codes = tensor.codes.data() + p.moving.at(b, g, 0, c, iy, 0);
            std::uint8_t* row = bytes + offset(b, g, c, iy * p.insertion + p.pad_y, 0);
            if (dilation_ == 1) {
              std::uint8_t* to = row + p.pad_x * column_;
              for (std::int64_t ix = xs.first; ix < xs.last; ++ix)
                to[ix * p.insertion * column_] = slab_of(codes[ix * p.moving.x], slab);
            } else {
              for (std::int64_t ix = xs.first; ix < xs.last; ++ix) {
                const std::int64_t x = ix * p.insertion + p.pad_x;
                row[x % dilation_ * phase_ + x / dilation_ * column_] = slab_of(codes[ix * p.moving.x], slab);
              }
            }
          }
  }
}

void StationaryBytes::fill(const Problem& p, const QuantisedTensor& tensor, int slabs) {
  column_ = p.channels;
  row_ = p.kernel_width * column_;
  filter_ = p.kernel_height * row_;
  group_ = p.filters * filter_;
  for (int slab = 0; slab < slabs; ++slab) {
    std::uint8_t* bytes = bytes_[static_cast<std::size_t>(slab)].resize(p.groups * group_);
    for (std::int64_t g = 0; g < p.groups; ++g)
      for (std::int64_t f = 0; f < p.filters; ++f)
        for (std::int64_t c = 0; c < p.channels; ++c)
          for (std::int64_t ky = 0; ky < p.kernel_height; ++ky) {
            const std::int32_t* codes = tensor.codes.data() + p.stationary.at(0, g, f, c, ky, 0);
            std::uint8_t* row = bytes + g * group_ + f * filter_ + ky * row_ + c;
            for (std::int64_t kx = 0; kx < p.kernel_width; ++kx)
              row[kx * column_] = slab_of(codes[kx * p.stationary.x], slab);
          }
  }
}

}  // namespace ldpsim
