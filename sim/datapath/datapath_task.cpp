// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/datapath_task.hpp"

#include <algorithm>
#include <bit>
#include <functional>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/math.hpp"
#include "sim/datapath/lut_multiplier.hpp"
#include "sim/datapath/term_multiplier.hpp"

namespace ldpsim {
namespace {

using MultiplierMaker = std::function<std::unique_ptr<RowMultiplier>(PlaneCount moving, PlaneCount stationary)>;

std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                          const AccumulatorSpec& accumulator, PassBits widths,
                                          const MultiplierMaker& make_multiplier = {}) {
  auto shared = std::make_unique<DatapathOperands>();
  const QuantisedTensor &m = *operands.moving, &s = *operands.stationary;
  shared->problem = problem;
  shared->bits = bits;
  shared->accumulator = accumulator;
  shared->moving = count_planes(m, "moving", bits.moving, bits.moving_signed, widths.moving);
  shared->stationary = count_planes(s, "stationary", bits.stationary, bits.stationary_signed, widths.stationary);
  if (m.scale.size() != 1 || m.offset.size() != 1)
    throw InternalError("the moving operand must have one scale and one offset");
  shared->moving_scale = m.scale[0];
  shared->moving_offset = m.offset[0];
  shared->stationary_scale = s.scale;
  shared->stationary_offset = s.offset;
  accumulator_range(accumulator, bits);  // refuses impossible widths
  const bool grouped = problem.scale_per_channel;
  if (operands.arithmetic == Arithmetic::kCodes) {
    if (grouped && grouped_codes_suffice(*shared)) return make_grouped_code_task(std::move(shared), operands);
    if (!grouped && codes_suffice(*shared)) return make_code_task(std::move(shared), operands);
  }
  if (make_multiplier) shared->multiplier = make_multiplier(shared->moving, shared->stationary);
  shared->moving_bytes.fill(problem, m, shared->moving.slabs(),
                            grouped ? MovingBytes::Order::kChannelsOuter : MovingBytes::Order::kChannelsInner);
  shared->stationary_bytes.fill(problem, s, shared->stationary.slabs());
  return grouped ? make_grouped_task(std::move(shared)) : make_plane_task(std::move(shared));
}

/// The planes of up to 64 channels at one tap, bit i = channel i.
using StepPlanes = std::array<std::uint64_t, 16>;

StepPlanes step_planes(const std::uint8_t* const* slabs, const PlaneCount& planes, std::int64_t step,
                       std::int64_t channels) {
  StepPlanes words{};
  for (int plane = 0; plane < planes.planes; ++plane) {
    const std::uint8_t* codes = slabs[plane / 8];
    for (std::int64_t c = 0; c < channels; ++c) {
      words[static_cast<std::size_t>(plane)] |= static_cast<std::uint64_t>(codes[c * step] >> (plane % 8) & 1) << c;
    }
  }
  return words;
}

std::int64_t weight_of(const PlaneCount& planes, int plane) {
  const std::int64_t magnitude = std::int64_t{1} << plane;
  return planes.negative && plane == planes.planes - 1 ? -magnitude : magnitude;
}

std::int64_t product_of_planes(const DatapathOperands& o, const StepPlanes& moving, const StepPlanes& stationary) {
  std::int64_t sum = 0;
  for (int i = 0; i < o.moving.planes; ++i)
    for (int j = 0; j < o.stationary.planes; ++j) {
      const std::int64_t count =
          std::popcount(moving[static_cast<std::size_t>(i)] & stationary[static_cast<std::size_t>(j)]);
      sum += count * weight_of(o.moving, i) * weight_of(o.stationary, j);
    }
  return sum;
}

}  // namespace

std::int64_t saturating_sum_of_planes(const DatapathOperands& o, const OutputIndex& out, std::int64_t first,
                                      std::int64_t last) {
  const Problem& p = o.problem;
  const AccumulatorRange range = accumulator_range(o.accumulator, o.bits);
  std::int64_t sum = 0;
  for (std::int64_t block = first; block < last; block += o.accumulator.lanes)
    for (std::int64_t ky = 0; ky < p.kernel_height; ++ky)
      for (std::int64_t kx = 0; kx < p.kernel_width; ++kx) {
        const std::int64_t end = std::min(block + o.accumulator.lanes, last);
        std::int64_t step = 0;
        for (std::int64_t c = block; c < end; c += 64) {
          std::array<const std::uint8_t*, 2> moving{}, stationary{};
          for (int slab = 0; slab < o.moving.slabs(); ++slab) {
            moving[static_cast<std::size_t>(slab)] =
                o.moving_bytes.at(slab, out.batch, out.group, c, out.y * p.stride + ky * p.dilation, out.x) +
                kx * o.moving_bytes.column_step();
          }
          for (int slab = 0; slab < o.stationary.slabs(); ++slab) {
            stationary[static_cast<std::size_t>(slab)] = o.stationary_bytes.at(slab, out.group, out.filter, c, ky, kx);
          }
          const std::int64_t channels = std::min<std::int64_t>(64, end - c);
          step += product_of_planes(o, step_planes(moving.data(), o.moving, o.moving_bytes.channel_step(), channels),
                                    step_planes(stationary.data(), o.stationary, 1, channels));
        }
        sum = std::clamp(sum + step, range.least, range.most);
      }
  return sum;
}

std::int64_t wrapped_sum(std::int64_t sum, const AccumulatorSpec& accumulator, AccumulatorRange range) {
  const std::uint64_t mask = (std::uint64_t{1} << accumulator.bits) - 1;
  const std::int64_t low = static_cast<std::int64_t>(static_cast<std::uint64_t>(sum) & mask);
  return low > range.most ? low - (std::int64_t{1} << accumulator.bits) : low;
}

std::unique_ptr<FunctionalTask> make_bit_serial_task(const Problem& problem, PassBits bits,
                                                     const PassOperands& operands, const AccumulatorSpec& accumulator) {
  return make_task(problem, bits, operands, accumulator, bits);
}

std::unique_ptr<FunctionalTask> make_lut_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                              bool serial_is_moving, const AccumulatorSpec& accumulator) {
  const auto serial = serial_is_moving ? RowMultiplier::kMoving : RowMultiplier::kStationary;
  return make_task(problem, bits, operands, accumulator, bits, [=](PlaneCount moving, PlaneCount stationary) {
    return std::make_unique<LutMultiplier>(serial, bits, moving, stationary);
  });
}

std::unique_ptr<FunctionalTask> make_term_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                               TermEncoding encoding, const AccumulatorSpec& accumulator) {
  return make_task(problem, bits, operands, accumulator, bits, [=](PlaneCount moving, PlaneCount stationary) {
    return std::make_unique<TermMultiplier>(encoding, moving, stationary);
  });
}

std::unique_ptr<FunctionalTask> make_brick_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                                const AccumulatorSpec& accumulator) {
  const auto width = [](int b) { return static_cast<int>(std::max<std::int64_t>(2, ceil_pow2(b))); };
  return make_task(problem, bits, operands, accumulator,
                   {width(bits.moving), width(bits.stationary), bits.moving_signed, bits.stationary_signed});
}

std::unique_ptr<FunctionalTask> make_parallel_task(const Problem& problem, PassBits bits, const PassOperands& operands,
                                                   WordBits words, const AccumulatorSpec& accumulator) {
  if (bits.moving > words.moving || bits.stationary > words.stationary)
    throw InternalError("codes are wider than the words of a multiplier");
  return make_task(problem, bits, operands, accumulator,
                   {words.moving, words.stationary, bits.moving_signed, bits.stationary_signed});
}

}  // namespace ldpsim
