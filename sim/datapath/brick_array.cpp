// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/brick_array.hpp"

#include <algorithm>
#include <numeric>

#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {

BrickArray::BrickArray(const ArchSpec& arch)
    : BrickArray(arch, {arch.integer("array.filters"), arch.integer("array.windows"), arch.integer("array.lanes")}) {}

BrickArray::BrickArray(const ArchSpec& arch, BrickShape shape)
    : filters_(shape.filters),
      windows_(shape.windows),
      lanes_(shape.lanes),
      sums_(SumRules::of(arch, lanes_)),
      word_bits_(arch.integer("output.word_bits")),
      kind_(arch.text("array.kind")),
      machine_(arch.name),
      space_to_depth_(arch.text("array.first_layer") == "space_to_depth"),
      packed_(arch.text("array.operand_storage") == "packed") {}

BrickSteps BrickArray::steps(const Problem& p, PassBits bits) const {
  const BrickShape at_once = shape(p, bits);
  const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
  BrickSteps steps{.filter_sets = ceil_div(p.filters, at_once.filters)};
  steps.pallets =
      windows_are_flat(p) ? ceil_div(p.batch * windows, at_once.windows) : p.batch * ceil_div(windows, at_once.windows);
  if (p.pass == Pass::kBackwardWeight) {
    steps.bricks = ceil_div(p.channels * taps, at_once.lanes);
    return steps;
  }
  steps.bricks = taps * ceil_div(p.channels, at_once.lanes);
  if (uses_space_to_depth(p)) {
    steps.bricks = ceil_div(p.kernel_height, p.stride) * ceil_div(p.kernel_width, p.stride) *
                   ceil_div(p.channels * p.stride * p.stride, at_once.lanes);
  }
  if (sums_.one_channel_sums(p)) steps.bricks = p.channels * ceil_div(taps, at_once.lanes);
  return steps;
}

std::array<std::vector<std::int64_t>, kLoopCount> BrickArray::tile_choices(const Problem& p, PassBits bits) const {
  const TileShape extents = loop_extents(p);
  const BrickShape unit = cut(p, bits);
  const std::int64_t windows = p.out_height * p.out_width;
  std::array<std::vector<std::int64_t>, kLoopCount> choices;
  const auto offer = [&](Loop loop, std::int64_t step) {
    choices[static_cast<std::size_t>(loop)] = doubling_sizes(step, extents[loop]);
  };
  offer(Loop::kFilters, unit.filters);
  offer(Loop::kX, extents[Loop::kX]);
  offer(Loop::kBatch, windows_are_flat(p) ? unit.windows / std::gcd(unit.windows, windows) : 1);
  if (p.pass == Pass::kBackwardWeight) {
    offer(Loop::kY, unit.lanes / std::gcd(unit.lanes, p.kernel_width));
    offer(Loop::kChannels, unit.lanes / std::gcd(unit.lanes, p.kernel_height * p.kernel_width));
    std::vector<std::int64_t>& channels = choices[static_cast<std::size_t>(Loop::kChannels)];
    if (channels.front() != 1) channels.insert(channels.begin(), 1);  // rows are cut sample by sample
  } else {
    offer(Loop::kY, unit.windows / std::gcd(unit.windows, p.out_width));
    offer(Loop::kChannels, sums_.one_channel_sums(p) ? 1 : uses_space_to_depth(p) ? p.channels : unit.lanes);
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

bool BrickArray::tile_allowed(const Problem& p, PassBits bits, const TileShape& tile) const {
  const TileShape extents = loop_extents(p);
  const BrickShape unit = cut(p, bits);
  const auto aligned = [&](Loop loop, std::int64_t unit, std::int64_t width) {
    return tile[loop] == extents[loop] || tile[loop] * unit % width == 0;
  };
  if (tile[Loop::kX] != extents[Loop::kX] || !aligned(Loop::kFilters, 1, unit.filters)) return false;
  const std::int64_t windows = p.out_height * p.out_width, taps = p.kernel_height * p.kernel_width;
  if (windows_are_flat(p) && !aligned(Loop::kBatch, windows, unit.windows)) return false;
  if (p.pass != Pass::kBackwardWeight) {
    const bool cuts_channels_freely = sums_.one_channel_sums(p);
    const bool channels = tile[Loop::kChannels] == p.channels || cuts_channels_freely ||
                          (!uses_space_to_depth(p) && aligned(Loop::kChannels, 1, unit.lanes));
    return channels && aligned(Loop::kY, p.out_width, unit.windows);
  }
  if (tile[Loop::kY] == extents[Loop::kY]) return aligned(Loop::kChannels, taps, unit.lanes);
  return tile[Loop::kChannels] == 1 && aligned(Loop::kY, p.kernel_width, unit.lanes) &&
         (p.channels == 1 || taps % unit.lanes == 0);
}

std::array<std::int64_t, kTensorCount> BrickArray::tile_bits(const Problem& p, PassBits bits,
                                                             const TileShape& shape) const {
  const TileGeometry tile(p, shape);
  return {tile.filters * tile.channels * tile.taps() * stored(bits.stationary),
          moving_elements(p, tile) * stored(bits.moving), tile.batch * tile.windows() * tile.filters * word_bits_};
}

BufferAccesses BrickArray::accesses(const Problem& p, PassBits bits, const TileShape& shape) const {
  const TileGeometry tile(p, shape);
  const BrickSteps tile_steps = steps(part(p, shape), bits);
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
