// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/brick_array.hpp"

#include <algorithm>
#include <numeric>

#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {

BrickArray::BrickArray(const ArchSpec& arch)
    : filters_(arch.integer("array.filters")),
      windows_(arch.integer("array.windows")),
      lanes_(arch.integer("array.lanes")),
      sums_(SumRules::of(arch, lanes_)),
      kind_(arch.text("array.kind")),
      machine_(arch.name),
      space_to_depth_(arch.text("array.first_layer") == "space_to_depth"),
      packed_(arch.text("array.operand_storage") == "packed"),
      word_bits_(arch.integer("output.word_bits")) {}

BrickSteps BrickArray::steps(const Problem& p) const {
  const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
  BrickSteps steps{.filter_sets = ceil_div(p.filters, filters_)};
  if (p.pass == Pass::kBackwardWeight) {
    steps.pallets = ceil_div(p.batch * windows, windows_);
    steps.bricks = ceil_div(p.channels * taps, lanes_);
    return steps;
  }
  steps.pallets = p.batch * ceil_div(windows, windows_);
  steps.bricks = taps * ceil_div(p.channels, lanes_);
  if (uses_space_to_depth(p)) {
    steps.bricks = ceil_div(p.kernel_height, p.stride) * ceil_div(p.kernel_width, p.stride) *
                   ceil_div(p.channels * p.stride * p.stride, lanes_);
  }
  if (sums_.one_channel_sums(p)) steps.bricks = p.channels * ceil_div(taps, lanes_);
  return steps;
}

std::array<std::vector<std::int64_t>, kLoopCount> BrickArray::tile_choices(const Problem& p, PassBits) const {
  const TileShape extents = loop_extents(p);
  std::array<std::vector<std::int64_t>, kLoopCount> choices;
  const auto offer = [&](Loop loop, std::int64_t step) {
    choices[static_cast<std::size_t>(loop)] = doubling_sizes(step, extents[loop]);
  };
  offer(Loop::kFilters, filters_);
  offer(Loop::kX, extents[Loop::kX]);
  if (p.pass == Pass::kBackwardWeight) {
    offer(Loop::kBatch, windows_ / std::gcd(windows_, p.out_height * p.out_width));
    offer(Loop::kY, lanes_ / std::gcd(lanes_, p.kernel_width));
    offer(Loop::kChannels, lanes_ / std::gcd(lanes_, p.kernel_height * p.kernel_width));
    std::vector<std::int64_t>& channels = choices[static_cast<std::size_t>(Loop::kChannels)];
    if (channels.front() != 1) channels.insert(channels.begin(), 1);  // rows are cut sample by sample
  } else {
    offer(Loop::kBatch, 1);
    offer(Loop::kY, windows_ / std::gcd(windows_, p.out_width));
    offer(Loop::kChannels, sums_.one_channel_sums(p) ? 1 : uses_space_to_depth(p) ? p.channels : lanes_);
  }
  return choices;
}

std::array<std::vector<std::int64_t>, kLoopCount> BrickArray::last_resort_choices(const Problem& p, PassBits) const {
  const TileShape extents = loop_extents(p);
  std::array<std::vector<std::int64_t>, kLoopCount> choices;
  for (std::size_t loop = 0; loop < kLoopCount; ++loop) choices[loop] = doubling_sizes(1, extents.extent[loop]);
  choices[static_cast<std::size_t>(Loop::kX)] = {extents[Loop::kX]};
  if (uses_space_to_depth(p)) choices[static_cast<std::size_t>(Loop::kChannels)] = {p.channels};
  return choices;
}

bool BrickArray::tile_allowed(const Problem& p, PassBits, const TileShape& tile) const {
  const TileShape extents = loop_extents(p);
  const auto aligned = [&](Loop loop, std::int64_t unit, std::int64_t width) {
    return tile[loop] == extents[loop] || tile[loop] * unit % width == 0;
  };
  if (tile[Loop::kX] != extents[Loop::kX] || !aligned(Loop::kFilters, 1, filters_)) return false;
  const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
  if (p.pass != Pass::kBackwardWeight) {
    const bool cuts_channels_freely = sums_.one_channel_sums(p);
    const bool channels = tile[Loop::kChannels] == p.channels || cuts_channels_freely ||
                          (!uses_space_to_depth(p) && aligned(Loop::kChannels, 1, lanes_));
    return channels && aligned(Loop::kY, p.out_width, windows_);
  }
  if (!aligned(Loop::kBatch, windows, windows_)) return false;
  if (tile[Loop::kY] == extents[Loop::kY]) return aligned(Loop::kChannels, taps, lanes_);
  return tile[Loop::kChannels] == 1 && aligned(Loop::kY, p.kernel_width, lanes_) &&
         (p.channels == 1 || taps % lanes_ == 0);
}

std::array<std::int64_t, kTensorCount> BrickArray::tile_bits(const Problem& p, PassBits bits,
                                                             const TileShape& shape) const {
  const TileGeometry tile(p, shape);
  return {tile.filters * tile.channels * tile.taps() * stored(bits.stationary),
          moving_elements(p, tile) * stored(bits.moving), tile.batch * tile.windows() * tile.filters * word_bits_};
}

BufferAccesses BrickArray::accesses(const Problem& p, PassBits bits, const TileShape& shape) const {
  const TileGeometry tile(p, shape);
  const BrickSteps tile_steps = steps(part(p, shape));
  const std::int64_t reduction = tile.channels * tile.taps(), windows = tile.batch * tile.windows();
  BufferAccesses a;
  a.stationary_read = tile_steps.pallets * tile.filters * reduction * stored(bits.stationary);
  a.moving_read = tile_steps.filter_sets * windows * reduction * stored(bits.moving);
  a.output_read = a.output_write = windows * tile.filters * word_bits_;
  a.register_write = tile_steps.pallets * tile.filters * reduction * bits.stationary +
                     tile_steps.filter_sets * windows * reduction * bits.moving;
  return a;
}

Problem BrickArray::part(const Problem& p, const TileShape& shape) {
  const TileGeometry tile(p, shape);
  Problem part = p;
  part.batch = tile.batch;
  part.filters = tile.filters;
  part.channels = tile.channels;
  part.out_height = tile.outs_y;
  part.out_width = tile.outs_x;
  part.kernel_height = tile.taps_y;
  part.kernel_width = tile.taps_x;
  return part;
}

std::vector<Parameter> brick_parameters(std::int64_t filters, std::int64_t windows, std::int64_t lanes,
                                        const std::string& operand_storage) {
  return {{.key = "array.filters",
           .unit = "filter",
           .initial = Value(filters),
           .least = 1,
           .most = 65536,
           .doc = "filters worked on at once: tiles x rows of a tile"},
          {.key = "array.windows",
           .unit = "window",
           .initial = Value(windows),
           .least = 1,
           .most = 4096,
           .doc = "windows (output positions) worked on at once: the columns of a tile"},
          {.key = "array.lanes",
           .unit = "lane",
           .initial = Value(lanes),
           .least = 1,
           .most = 4096,
           .doc = "products that one inner-product unit sums up at once: a brick of the reduction"},
          {.key = "array.first_layer",
           .type = ValueType::kText,
           .initial = Value(std::string("plain")),
           .choices = {"plain", "space_to_depth"},
           .doc = "forward pass of the network's first layer, if it is strided: space_to_depth folds stride x stride "
                  "positions into the channels, so that three channels do not leave most lanes idle"},
          {.key = "array.operand_storage",
           .type = ValueType::kText,
           .initial = Value(operand_storage),
           .choices = {"packed", "words"},
           .doc = "operands in buffers and DRAM: packed takes as many bits as their precision, words 16 bits each"}};
}

}  // namespace ldpsim
