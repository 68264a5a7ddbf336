// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/brick_array.hpp"

#include <algorithm>
#include <numeric>

#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {

BrickArray::BrickArray(const ArchSpec& arch)
    : BrickArray(arch, {arch.integer("array.filters"), arch.integer("array.windows"), arch.integer("array.lanes")}) {
  shares_lanes_ = arch.text("array.groups") == "side_by_side";
  const auto columns = arch.values().find("array.linear_columns");
  staggers_ = columns != arch.values().end() && arch.text(columns->first) == "staggered";
}

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
  BrickSteps steps{.filter_sets = ceil_div(p.filters * p.groups_at_once, at_once.filters)};
  steps.pallets =
      windows_are_flat(p) ? ceil_div(p.batch * windows, at_once.windows) : p.batch * ceil_div(windows, at_once.windows);
  if (p.pass == Pass::kBackwardWeight) {
    steps.bricks = ceil_div(p.channels * taps, at_once.lanes);
    return steps;
  }
  steps.bricks = taps * ceil_div(p.channels * p.groups_at_once, at_once.lanes);
  if (uses_space_to_depth(p)) {
    steps.bricks = ceil_div(p.kernel_height, p.stride) * ceil_div(p.kernel_width, p.stride) *
                   ceil_div(p.channels * p.stride * p.stride, at_once.lanes);
  }
  if (runs_channel_by_channel(p)) steps.bricks = p.channels * ceil_div(taps, at_once.lanes);
  return steps;
}

bool BrickArray::staggers(const Problem& p) const {
  return staggers_ && p.kind == LayerKind::kLinear && p.pass != Pass::kBackwardWeight && p.one_position();
}

StaggeredSteps BrickArray::sample_steps(const Problem& p, PassBits bits) const {
  return {steps(p, bits).total() / p.batch, step_cycles(p, bits), windows_};
}

Cycles BrickArray::closed_form_cycles(const Problem& p, PassBits bits) const {
  if (!staggers(p)) return steps(p, bits).total() * step_cycles(p, bits);
  const StaggeredSteps sample = sample_steps(p, bits);
  return p.batch * (sample.work() + (value_dependent() ? sample.tail() : 0));
}

TileOverhead BrickArray::tile_overhead(const Problem& p, PassBits bits, const TileShape&) const {
  if (!staggers(p) || value_dependent()) return {};
  return {.fill_drain = p.batch * sample_steps(p, bits).tail()};  // of all samples, since the tiles go on
}

std::array<bool, kLoopCount> BrickArray::continued_loops(const Problem& p, PassBits, const TileShape&) const {
  std::array<bool, kLoopCount> continued{};
  continued.fill(staggers(p) && !value_dependent());
  return continued;
}

bool BrickArray::keeps_rounds(const Problem& p, PassBits bits, const TileShape& tile) const {
  Problem sample = p;
  sample.batch = 1;
  const auto work = [&](std::int64_t filters, std::int64_t channels) {
    sample.filters = filters;
    sample.channels = channels;
    return filters == 0 || channels == 0 ? 0 : sample_steps(sample, bits).work();
  };
  const std::int64_t f = tile[Loop::kFilters], c = tile[Loop::kChannels];
  const std::int64_t whole_f = p.filters / f, whole_c = p.channels / c, rest_f = p.filters % f, rest_c = p.channels % c;
  const Cycles cut =
      whole_f * (whole_c * work(f, c) + work(f, rest_c)) + whole_c * work(rest_f, c) + work(rest_f, rest_c);
  return cut == work(p.filters, p.channels);
}

std::int64_t BrickArray::groups_at_once(const Problem& p) const {
  const bool one_channel = sums_.one_channel_sums(p);
  if (!shares_lanes_ || p.groups == 1 || p.pass == Pass::kBackwardWeight || uses_space_to_depth(p) ||
      (one_channel && p.channels > 1))
    return 1;
  const std::int64_t most = std::min({p.groups, lanes_ / p.channels, filters_ / p.filters});
  const std::int64_t taps = p.kernel_height * p.kernel_width;
  // sums of one channel put the taps on the lanes, which may take fewer steps than a group a lane
  return one_channel && most * ceil_div(taps, lanes_) <= taps ? 1 : std::max<std::int64_t>(most, 1);
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
    offer(Loop::kChannels, runs_channel_by_channel(p) ? 1 : uses_space_to_depth(p) ? p.channels : unit.lanes);
  }
  return choices;
}

std::array<std::vector<std::int64_t>, kLoopCount> BrickArray::last_resort_choices(const Problem& p,
                                                                                  PassBits bits) const {
  const TileShape extents = loop_extents(p);
  std::array<std::vector<std::int64_t>, kLoopCount> choices;
  const auto aligned = tile_choices(p, bits);  // cuts that lose nothing along one loop, if not along all of them
  for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
    std::vector<std::int64_t>& sizes = choices[loop] = doubling_sizes(1, extents.extent[loop]);
    sizes.insert(sizes.end(), aligned[loop].begin(), aligned[loop].end());
  }
  std::vector<std::int64_t>& filters = choices[static_cast<std::size_t>(Loop::kFilters)];
  const std::vector<std::int64_t> ports = doubling_sizes(shape(p, bits).filters, p.filters);
  filters.insert(filters.end(), ports.begin(), ports.end());
  for (std::vector<std::int64_t>& sizes : choices) {
    std::sort(sizes.begin(), sizes.end());
    sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  }
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
    if (staggers(p) && !value_dependent() && !keeps_rounds(p, bits, tile)) return false;
    const bool cuts_channels_freely = runs_channel_by_channel(p);
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
  const std::int64_t groups = p.groups_at_once;
  return {groups * tile.filters * tile.channels * tile.taps() * stored(bits.stationary),
          groups * moving_elements(p, tile) * stored(bits.moving),
          groups * tile.batch * tile.windows() * tile.filters * word_bits_};
}

BufferAccesses BrickArray::accesses(const Problem& p, PassBits bits, const TileShape& shape) const {
  const TileGeometry tile(p, shape);
  const BrickSteps tile_steps = steps(part(p, shape), bits);
  const std::int64_t reduction = tile.channels * tile.taps(), windows = p.groups_at_once * tile.batch * tile.windows();
  const std::int64_t weights = p.groups_at_once * tile.filters * reduction;
  BufferAccesses a;
  a.stationary_read = tile_steps.pallets * weights * stored(bits.stationary);
  a.moving_read = tile_steps.filter_sets * windows * reduction * stored(bits.moving);
  a.output_read = a.output_write = windows * tile.filters * word_bits_;
  a.register_write =
      tile_steps.pallets * weights * bits.stationary + tile_steps.filter_sets * windows * reduction * bits.moving;
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
  part.cuts_positions = p.cuts_positions || tile.outs_y * tile.outs_x < p.out_height * p.out_width;
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
          {.key = "array.groups",
           .type = ValueType::kText,
           .initial = Value(std::string("side_by_side")),
           .choices = {"side_by_side", "one_by_one"},
           .doc = "groups of a convolution, forward and backward-data: side_by_side takes as many at once as there are "
                  "lanes for their channels and filters for their filters, each filter with zero weights for the "
                  "channels of the others (a depthwise layer: a channel a lane, as in DNNsim); one_by_one takes each "
                  "by itself. Where sums end with a channel (rescale), only groups of one channel, and only if that "
                  "takes fewer steps than their taps on the lanes"},
          {.key = "array.operand_storage",
           .type = ValueType::kText,
           .initial = Value(operand_storage),
           .choices = {"packed", "words"},
           .doc = "operands in buffers and DRAM: packed takes as many bits as their precision, words 16 bits each"}};
}

Parameter linear_columns_parameter() {
  return {.key = "array.linear_columns",
          .type = ValueType::kText,
          .initial = Value(std::string("staggered")),
          .choices = {"staggered", "windows"},
          .doc =
              "linear layers of one window a sample, forward and backward-data: staggered begins a step a cycle in "
              "the next column, or as soon as it is free, so that the n steps of a sample of c cycles in w columns "
              "take n + (c-1) cycles, or ceil(n/w) x c + (n-1) mod w if c is above w (as DNNsim; the second term is "
              "charged to fill_drain); windows leaves all columns but one idle and takes n x c. Where cycles depend "
              "on values, columns end with every tile and sample, and all is compute"};
}

}  // namespace ldpsim
