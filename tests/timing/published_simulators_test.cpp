// SPDX-License-Identifier: Apache-2.0
// Layer by layer against published simulators, whose rules are written down here a second time: DNNsim (DaDianNao,
// Stripes, Loom, Pragmatic, Bit Fusion) and SCALE-Sim. Where the machines differ from them on purpose, their YAML files
// say so under not_modelled.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "sim/core/error.hpp"
#include "tests/support/random_operands.hpp"
#include "tests/support/stall_free.hpp"

namespace ldpsim {
namespace {

std::int64_t up(std::int64_t a, std::int64_t b) { return a / b + (a % b != 0); }

/// Tiles of rows x columns of units with lanes, fed window set after window set, in each filter set after filter set.
struct DnnSim {
  std::int64_t lanes = 16, columns = 16, rows = 16, tiles = 16;

  test::LoadedMachine::Settings settings() const {
    return {{"array.lanes", std::to_string(lanes)},
            {"array.windows", std::to_string(columns)},
            {"array.filters", std::to_string(rows * tiles)},
            {"array.first_layer", "space_to_depth"}};
  }
};

/// What DNNsim makes of a layer before it runs: strided pictures of three channels are folded; a depthwise layer takes
/// as many channels as a unit has lanes and a tile rows; otherwise a layer has one group or two.
struct Shape {
  std::int64_t groups = 1, channels = 1, filters = 1, kernel_y = 1, kernel_x = 1, windows = 1;
  std::int64_t window_sets = 1, filter_sets = 1, bricks = 1;
  bool linear = false;

  Shape(const DnnSim& sim, const Layer& l) {
    linear = l.kind == LayerKind::kLinear;
    windows = l.out_height() * l.out_width();
    kernel_y = l.kernel_height;
    kernel_x = l.kernel_width;
    channels = l.in_channels / l.groups;
    std::int64_t tiles = sim.tiles, rows = sim.rows;
    if (folds(l)) {
      channels *= l.stride * l.stride;
      kernel_y = up(kernel_y, l.stride);
      kernel_x = up(kernel_x, l.stride);
    }
    if (depthwise(l)) {
      rows = channels = filters = std::min(sim.lanes, sim.rows);
      groups = up(l.out_channels, filters);
    } else {
      groups = l.groups;
      filters = l.out_channels / groups;
    }
    window_sets = up(windows, sim.columns);
    filter_sets = up(up(filters, rows), tiles);
    bricks = kernel_y * kernel_x * up(channels, sim.lanes);
  }
  static bool folds(const Layer& l) { return l.in_channels == 3 && l.stride > 1; }
  static bool depthwise(const Layer& l) { return l.groups > 1 && l.groups == l.in_channels; }
};

/// Columns of a linear layer, which take the steps of all filter sets in turn; `cost` of a step's brick.
Cycles staggered(const Shape& s, std::int64_t columns, const std::function<Cycles(std::int64_t)>& cost) {
  std::vector<Cycles> ends(static_cast<std::size_t>(columns), 0);
  Cycles now = 0, last = 0;
  std::size_t column = 0;
  for (std::int64_t set = 0; set < s.filter_sets; ++set)
    for (std::int64_t brick = 0; brick < s.bricks; ++brick) {
      now = std::max(now, ends[column]);
      ends[column] = now + cost(brick);
      last = std::max(last, ends[column]);
      ++now;
      column = (column + 1) % ends.size();
    }
  return last;
}

/// Cycles of an image on a serial array whose steps all take as long.
Cycles serial_image(const DnnSim& sim, const Layer& layer, Cycles step) {
  const Shape s(sim, layer);
  if (s.linear) return staggered(s, sim.columns, [&](std::int64_t) { return step; });
  return s.groups * s.window_sets * s.filter_sets * s.bricks * step;
}

Layer random_layer(Random& random, std::int64_t channels, std::int64_t side) {
  for (;;) {
    Layer l{.name = "l",
            .in_channels = random.between(1, channels),
            .out_channels = random.between(1, channels),
            .in_height = random.between(1, side),
            .in_width = random.between(1, side),
            .kernel_height = random.between(1, 5),
            .stride = random.between(1, 3),
            .padding = random.between(0, 2)};
    l.kernel_width = l.kernel_height;
    switch (random.between(0, 6)) {
      case 0:  // fully connected
        l = {
            .name = "fc", .kind = LayerKind::kLinear, .in_channels = 4 * l.in_channels, .out_channels = l.out_channels};
        break;
      case 1:  // depthwise
        l.out_channels = l.groups = l.in_channels;
        break;
      case 2:  // pointwise
        l.kernel_height = l.kernel_width = 1;
        break;
      case 3:  // in two groups
        l.groups = 2;
        l.in_channels *= 2;
        l.out_channels *= 2;
        break;
      case 4:  // a picture; folded ones are square, and the fold must not add windows, as DNNsim's sometimes does
        l.in_channels = 3;
        l.in_width = l.in_height;
        if (l.stride > 1 &&
            up(l.in_height + 2 * l.padding, l.stride) - up(l.kernel_height, l.stride) + 1 != l.out_height())
          continue;
        break;
      default:
        break;
    }
    // ours folds first layers alone, and theirs every picture
    if (l.out_height() > 0 && l.out_width() > 0 && (!Shape::folds(l) || l.in_width == l.in_height)) {
      try {
        l.check("random");
        return l;
      } catch (const UserError&) {
      }
    }
  }
}

Problem problem_of(const PeArray& array, const Layer& layer, std::int64_t batch) {
  Problem p = lower(layer, Pass::kForward, batch).front();
  p.first_layer = Shape::folds(layer);
  p.groups_at_once = array.groups_at_once(p);
  return p;
}

/// Cycles of the array, as mapped with the machine's own buffers: memory apart.
Cycles array_cycles(const test::LoadedMachine& machine, const Layer& layer, std::int64_t batch, PassBits bits) {
  const TilePlan plan = machine.map(problem_of(*machine.array, layer, batch), bits);
  const CycleStack stack = test::machine().run(*machine.array, machine.memory, plan).stack;
  return stack[Cause::kCompute] + stack[Cause::kFillDrain];
}

PassBits random_bits(Random& random) {
  const int bits = static_cast<int>(random.between(1, 16));
  return {.moving = bits, .stationary = random.between(0, 1) != 0 ? bits : static_cast<int>(random.between(1, 16))};
}

std::string text_of(const Layer& l) {
  return l.name + " " + std::to_string(l.in_channels) + "->" + std::to_string(l.out_channels) + " /" +
         std::to_string(l.groups) + " " + std::to_string(l.in_height) + "x" + std::to_string(l.in_width) + " k" +
         std::to_string(l.kernel_height) + " s" + std::to_string(l.stride) + " p" + std::to_string(l.padding);
}

DnnSim random_sim(Random& random) {
  return {.lanes = std::int64_t{4} << random.between(0, 2),
          .columns = std::int64_t{4} << random.between(0, 2),
          .rows = 16,
          .tiles = std::int64_t{1} << random.between(0, 4)};
}

TEST(DnnSim, StripesLoomAndDaDianNaoTakeTheSameCyclesLayerByLayer) {
  Random random(2020);
  int depthwise = 0, linear = 0, folded = 0;
  for (int trial = 0; trial < 60; ++trial) {
    const DnnSim sim = random_sim(random);
    DnnSim parallel = sim;
    parallel.columns = 1;
    const std::int64_t serial = std::int64_t{1} << random.between(0, 2);
    auto loom_settings = sim.settings();
    loom_settings.emplace_back("array.serial_bits", std::to_string(serial));
    const test::LoadedMachine stripes("stripes", sim.settings()), loom("loom", loom_settings),
        dadiannao("dadiannao", parallel.settings());
    for (int i = 0; i < 6; ++i) {
      const Layer layer = random_layer(random, 300, 20);
      SCOPED_TRACE(text_of(layer));
      const PassBits bits = random_bits(random);
      const Shape s(parallel, layer);
      for (const std::int64_t batch : {1, 16}) {
        ASSERT_EQ(array_cycles(stripes, layer, batch, bits), batch * serial_image(sim, layer, bits.moving));
        ASSERT_EQ(array_cycles(loom, layer, batch, bits),
                  batch * serial_image(sim, layer, up(bits.moving, serial) * bits.stationary));
        ASSERT_EQ(array_cycles(dadiannao, layer, batch, bits), batch * s.groups * s.windows * s.filter_sets * s.bricks);
      }
      depthwise += Shape::depthwise(layer);
      linear += s.linear;
      folded += Shape::folds(layer);
    }
  }
  EXPECT_GT(depthwise, 20);
  EXPECT_GT(linear, 20);
  EXPECT_GT(folded, 10);
}

/// Fully connected layers that no buffer holds, in tiles.
TEST(DnnSim, LargeLinearLayersTakeTheSameCyclesHoweverTheyAreCut) {
  const test::LoadedMachine stripes("stripes"), loom("loom");
  const Layer fc{.name = "fc6", .kind = LayerKind::kLinear, .in_channels = 9216, .out_channels = 4096};
  for (const PassBits bits : {PassBits{10, 9}, PassBits{16, 16}, PassBits{3, 16}})
    for (const std::int64_t batch : {1, 16}) {
      EXPECT_EQ(array_cycles(stripes, fc, batch, bits), batch * serial_image({}, fc, bits.moving));
      EXPECT_EQ(array_cycles(loom, fc, batch, bits),
                batch * serial_image({.tiles = 8}, fc, bits.moving * bits.stationary));
    }
}

/// The codes of a layer's input as DNNsim reads them: padded, [image][channel][y][x].
class Input {
 public:
  Input(const Layer& layer, std::vector<std::int32_t> codes) : l_(layer), codes_(std::move(codes)) {}
  std::int32_t at(std::int64_t image, std::int64_t channel, std::int64_t y, std::int64_t x) const {
    y -= l_.padding;
    x -= l_.padding;
    if (channel >= l_.in_channels || y < 0 || x < 0 || y >= l_.in_height || x >= l_.in_width) return 0;
    return codes_[static_cast<std::size_t>(((image * l_.in_channels + channel) * l_.in_height + y) * l_.in_width + x)];
  }

 private:
  Layer l_;
  std::vector<std::int32_t> codes_;
};

using Lanes = std::vector<std::int32_t>;

/// The lanes of one window's brick.
Lanes lanes_of(const DnnSim& sim, const Shape& s, const Layer& l, const Input& input, std::int64_t image,
               std::int64_t group, std::int64_t window, std::int64_t brick) {
  const std::int64_t sets = up(s.channels, sim.lanes), tap = brick / sets, first = brick % sets * sim.lanes;
  const std::int64_t side = Shape::folds(l) ? l.stride : 1;
  const std::int64_t y = window / l.out_width() * l.stride + tap / s.kernel_x * side,
                     x = window % l.out_width() * l.stride + tap % s.kernel_x * side;
  Lanes lanes;
  for (std::int64_t c = first; c < std::min(first + sim.lanes, s.channels); ++c) {
    if (side > 1) {  // folded channel c: 3 channels of one place after the other, a place of the square each
      const std::int64_t place = c / l.in_channels;
      lanes.push_back(input.at(image, c % l.in_channels, y + place % side, x + place / side));
    } else {
      lanes.push_back(input.at(image, group * s.channels + c, y, x));
    }
  }
  return lanes;
}

/// Bits until the last lane has sent all its terms: a cycle takes from every lane its lowest term within reach of the
/// lowest of all.
Cycles pragmatic_unit(const Lanes& lanes, int first_stage_bits) {
  std::vector<std::set<int>> terms;
  for (const std::int32_t code : lanes) {
    terms.emplace_back();
    for (int bit = 0; bit < 20; ++bit)
      if ((std::abs(code) >> bit & 1) != 0) terms.back().insert(bit);
  }
  for (Cycles cycles = 0;; ++cycles) {
    int lowest = 99;
    for (const auto& lane : terms)
      if (!lane.empty()) lowest = std::min(lowest, *lane.begin());
    if (lowest == 99) return std::max<Cycles>(cycles, 1);
    for (auto& lane : terms)
      if (!lane.empty() && *lane.begin() < lowest + (1 << first_stage_bits)) lane.erase(lane.begin());
  }
}

/// Bits of the largest code of some lanes, without a sign.
Cycles loom_unit(const Lanes& lanes) {
  Cycles most = 1;
  for (const std::int32_t code : lanes)
    while (code >> most != 0) ++most;
  return most;
}

/// Steps that columns take at their own pace, at most `registers` steps ahead of the slowest; 0: all together.
class Columns {
 public:
  Columns(std::int64_t columns, std::int64_t registers)
      : ends_(static_cast<std::size_t>(columns), 0), earlier_(static_cast<std::size_t>(registers), 0) {}
  void step(const std::vector<Cycles>& costs) {
    for (std::size_t c = 0; c < costs.size(); ++c) ends_[c] = std::max(ready_, ends_[c]) + costs[c];
    const Cycles slowest = *std::max_element(ends_.begin(), ends_.end());
    if (earlier_.empty()) {
      std::fill(ends_.begin(), ends_.end(), slowest);
      return;
    }
    ready_ = earlier_[at_];
    earlier_[at_] = slowest;
    at_ = (at_ + 1) % earlier_.size();
  }
  Cycles end() const { return *std::max_element(ends_.begin(), ends_.end()); }

 private:
  std::vector<Cycles> ends_, earlier_;
  std::size_t at_ = 0;
  Cycles ready_ = 0;
};

Cycles valued_image(const DnnSim& sim, const Layer& l, const Input& input, std::int64_t image, std::int64_t registers,
                    const std::function<Cycles(const Lanes&)>& unit) {
  const Shape s(sim, l);
  const auto cost = [&](std::int64_t group, std::int64_t window, std::int64_t brick) {
    return unit(lanes_of(sim, s, l, input, image, group, window, brick));
  };
  if (s.linear) return staggered(s, sim.columns, [&](std::int64_t brick) { return cost(0, 0, brick); });
  Columns columns(sim.columns, registers);
  Cycles all = 0;
  for (std::int64_t group = 0; group < s.groups; ++group)
    for (std::int64_t set = 0; set < s.window_sets; ++set)
      for (std::int64_t filters = 0; filters < s.filter_sets; ++filters)
        for (std::int64_t brick = 0; brick < s.bricks; ++brick) {
          std::vector<Cycles> costs;
          for (std::int64_t w = set * sim.columns; w < std::min((set + 1) * sim.columns, s.windows); ++w)
            costs.push_back(cost(group, w, brick));
          columns.step(costs);
          if (brick + 1 == s.bricks && filters + 1 == s.filter_sets && set + 1 == s.window_sets) {
            all += columns.end();  // here groups do not overlap; theirs do by a step or two
            columns = Columns(sim.columns, registers);
          }
        }
  return all;
}

TEST(DnnSim, PragmaticAndTrimmedLoomTakeTheSameCyclesOnTheSameOperands) {
  Random random(1610);
  int linear = 0, depthwise = 0;
  for (int trial = 0; trial < 120; ++trial) {
    DnnSim sim = random_sim(random);
    sim.tiles = 1;
    const std::int64_t stage = random.between(0, 4), registers = random.between(0, 2), batch = random.between(1, 2);
    auto settings = sim.settings(), trimming = sim.settings();
    settings.emplace_back("array.first_stage_bits", std::to_string(stage));
    settings.emplace_back("array.synchronisation", registers > 0 ? "column" : "pallet");
    settings.emplace_back("array.column_registers", std::to_string(std::max<std::int64_t>(registers, 1)));
    trimming.emplace_back("array.trimming", "dynamic");
    const test::LoadedMachine pragmatic("pragmatic", settings), loom("loom", trimming);
    const Layer layer = random_layer(random, 40, 8);
    SCOPED_TRACE(text_of(layer));
    PassBits bits = random_bits(random);
    const auto cycles = [&](const test::LoadedMachine& machine, const QuantisedTensor& moving) {
      const Problem p = problem_of(*machine.array, layer, batch);
      const QuantisedTensor weights{.shape = {1}, .codes = {}, .scale = {1}, .offset = {0}};
      const auto timing = machine.array->make_timing(p, bits, {&moving, &weights});
      Cycles all = 0;
      for (std::int64_t g = 0; g < p.groups; g += p.groups_at_once)
        all += timing->tile_cost(whole_group(p, g)).cycles();
      return all;
    };
    for (const bool is_signed : {false, true}) {
      bits.moving_signed = is_signed;
      QuantisedTensor moving{.shape = {batch, layer.input_elements()},
                             .bits = bits.moving,
                             .is_signed = is_signed,
                             .codes = {},
                             .scale = {1},
                             .offset = {0}};
      const std::int32_t most = (1 << (is_signed ? bits.moving - 1 : bits.moving)) - 1;
      for (std::int64_t i = 0; i < batch * layer.input_elements(); ++i) {
        const auto code = random.between(is_signed ? -most : 0, most) >> random.between(0, 4);
        moving.codes.push_back(static_cast<std::int32_t>(code));
      }
      const Input input(layer, moving.codes);
      Cycles terms = 0, trimmed = 0;
      for (std::int64_t image = 0; image < batch; ++image) {
        terms += valued_image(sim, layer, input, image, registers,
                              [&](const Lanes& lanes) { return pragmatic_unit(lanes, static_cast<int>(stage)); });
        if (is_signed) continue;  // DNNsim trims signs and magnitudes, ours two's complement
        trimmed += valued_image(sim, layer, input, image, 0,
                                [&](const Lanes& lanes) { return bits.stationary * loom_unit(lanes); });
      }
      ASSERT_EQ(cycles(pragmatic, moving), terms);
      if (!is_signed) {
        ASSERT_EQ(cycles(loom, moving), trimmed);
      }
    }
    linear += layer.kind == LayerKind::kLinear;
    depthwise += Shape::depthwise(layer);
  }
  EXPECT_GT(linear, 5);
  EXPECT_GT(depthwise, 5);
}

/// DNNsim's Bit Fusion: fused units side by side along the channels, operands above 8 bits in two steps each.
Cycles bit_fusion_image(const Layer& l, std::int64_t rows, std::int64_t columns, PassBits bits) {
  std::int64_t steps = 1, factor = 1;
  for (const int width : {bits.moving, bits.stationary}) {
    if (width > 8) steps *= 2;
    factor *= 8 / std::clamp(width, 2, 8);
  }
  return l.groups * up(l.out_channels / l.groups, columns) * l.out_height() * l.out_width() * l.kernel_height *
         l.kernel_width * up(l.in_channels / l.groups, rows * factor) * steps;
}

TEST(DnnSim, BitFusionTakesTheSameCyclesLayerByLayer) {
  Random random(2018);
  for (int trial = 0; trial < 200; ++trial) {
    const std::int64_t rows = random.between(1, 20), columns = random.between(1, 40);
    const test::LoadedMachine machine =
        test::machine_without_stalls("bitfusion", {{"array.rows", std::to_string(rows)},
                                                   {"array.columns", std::to_string(columns)},
                                                   {"array.fill_drain", "none"},
                                                   {"array.first_layer", "direct"}});
    const Layer layer = random_layer(random, 200, 12);
    SCOPED_TRACE(text_of(layer));
    const PassBits bits = random_bits(random);
    for (const std::int64_t batch : {1, 16})
      ASSERT_EQ(array_cycles(machine, layer, batch, bits), batch * bit_fusion_image(layer, rows, columns, bits));
  }
}

/// SCALE-Sim: a depthwise layer's channels one by one; a batch is so many pixels. It reports a cycle less a layer.
Cycles scale_sim(const std::string& dataflow, std::int64_t rows, std::int64_t columns, const Layer& l,
                 std::int64_t batch) {
  const std::int64_t pixels = batch * l.out_height() * l.out_width(),
                     products = l.kernel_height * l.kernel_width * l.in_channels / l.groups,
                     filters = l.out_channels / l.groups;
  if (dataflow == "output_stationary")
    return l.groups * up(pixels, rows) * up(filters, columns) * (products + rows + columns - 2);
  if (dataflow == "weight_stationary")
    return l.groups * up(products, rows) * up(filters, columns) * (pixels + 2 * rows + columns - 2);
  return l.groups * up(products, rows) * up(pixels, columns) * (filters + 2 * rows + columns - 2);
}

TEST(ScaleSim, EveryDataflowTakesTheSameCyclesLayerByLayer) {
  Random random(2019);
  for (const char* dataflow : {"output_stationary", "weight_stationary", "input_stationary"})
    for (int trial = 0; trial < 60; ++trial) {
      const std::int64_t rows = random.between(2, 40), columns = random.between(2, 40);
      const test::LoadedMachine machine("systolic", {{"array.dataflow", dataflow},
                                                     {"array.rows", std::to_string(rows)},
                                                     {"array.columns", std::to_string(columns)}});
      const Layer layer = random_layer(random, 150, 14);
      SCOPED_TRACE(std::string(dataflow) + " " + text_of(layer));
      const std::int64_t batch = random.between(0, 1) != 0 ? 1 : 16;
      const int words = static_cast<int>(random.between(1, 8));  // operands of up to 8 bits
      const Cycles cycles = array_cycles(machine, layer, batch, {words, static_cast<int>(random.between(1, 8))});
      ASSERT_EQ(cycles, scale_sim(dataflow, rows, columns, layer, batch));
    }
}

}  // namespace
}  // namespace ldpsim
