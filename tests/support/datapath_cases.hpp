// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/random.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/datapath/reference.hpp"

namespace ldpsim::test {

/// A problem with operands.
struct Case {
  Problem problem;
  PassBits bits;
  QuantisedTensor moving, stationary;
  Arithmetic arithmetic = Arithmetic::kArray;
  PassOperands operands() const { return {&moving, &stationary, arithmetic}; }
};

enum class Machine { kBitSerial, kBrick, kLutMoving, kLutStationary, kWords16, kWords8, kTerms, kBoothTerms };
inline constexpr Machine kMachines[] = {Machine::kBitSerial,     Machine::kBrick,     Machine::kLutMoving,
                                        Machine::kLutStationary, Machine::kWords16,   Machine::kWords8,
                                        Machine::kTerms,         Machine::kBoothTerms};
inline const char* name_of(Machine machine) {
  constexpr std::array kNames{"serial",      "brick", "tables of stationary", "tables of moving", "16-bit words",
                              "8-bit words", "terms", "Booth-like terms"};
  return kNames[static_cast<std::size_t>(machine)];
}

inline std::unique_ptr<FunctionalTask> make_task(const Case& c, Machine machine,
                                                 const AccumulatorSpec& accumulator = {.bits = 48}) {
  const auto word = [&](int bits) { return machine == Machine::kWords8 && bits <= 8 ? 8 : 16; };
  switch (machine) {
    case Machine::kBitSerial:
      return make_bit_serial_task(c.problem, c.bits, c.operands(), accumulator);
    case Machine::kBrick:
      return make_brick_task(c.problem, c.bits, c.operands(), accumulator);
    case Machine::kLutMoving:
    case Machine::kLutStationary:
      return make_lut_task(c.problem, c.bits, c.operands(), machine == Machine::kLutMoving, accumulator);
    case Machine::kTerms:
      return make_term_task(c.problem, c.bits, c.operands(), TermEncoding::kBits, accumulator);
    case Machine::kBoothTerms:
      return make_term_task(c.problem, c.bits, c.operands(), TermEncoding::kBoothLike, accumulator);
    case Machine::kWords16:
    case Machine::kWords8:
      break;
  }
  return make_parallel_task(c.problem, c.bits, c.operands(), {word(c.bits.moving), word(c.bits.stationary)},
                            accumulator);
}

/// Random codes: uniform, or all at an end of the range, or mostly zero.
inline QuantisedTensor random_tensor(Random& random, std::int64_t size, int bits, bool is_signed, std::int64_t scales) {
  QuantisedTensor t;
  t.shape = {scales, size / scales};
  t.bits = bits;
  t.is_signed = is_signed;
  const std::int64_t least = is_signed ? -(std::int64_t{1} << (bits - 1)) : 0,
                     most = least + (std::int64_t{1} << bits) - 1;
  const std::int64_t kind = random.between(0, 7);
  for (std::int64_t i = 0; i < size; ++i) {
    std::int64_t code = random.between(least, most);
    if (kind == 0) code = most;
    if (kind == 1) code = least;
    if (kind == 2 && random.between(0, 7) != 0) code = 0;
    t.codes.push_back(static_cast<std::int32_t>(code));
  }
  for (std::int64_t i = 0; i < scales; ++i) {
    t.scale.push_back(0.001 + random.uniform());
    t.offset.push_back(random.uniform() - 0.5);
  }
  return t;
}

inline Layer random_layer(Random& random) {
  while (true) {
    Layer layer;
    layer.name = "random";
    layer.groups = random.between(0, 3) == 0 ? random.between(2, 3) : 1;
    layer.in_channels = layer.groups * random.between(1, 7);
    layer.out_channels = layer.groups * random.between(1, 7);
    layer.kernel_height = random.between(1, 4);
    layer.kernel_width = random.between(1, 4);
    layer.stride = random.between(1, 3);
    layer.dilation = random.between(0, 3) == 0 ? 2 : 1;
    layer.padding = random.between(0, 3);
    layer.in_height = random.between(1, 8);
    layer.in_width = random.between(1, 8);
    try {
      layer.check("random");
      return layer;
    } catch (const UserError&) {
    }
  }
}

/// One problem of one pass of `layer` with random operands; weights have a scale per output channel if `per_channel`.
inline Case make_case(Random& random, const Layer& layer, Pass pass, std::int64_t batch, PassBits bits,
                      InsertedZeros zeros, bool per_channel) {
  Case c;
  std::vector<Problem> problems;
  problems = lower(layer, pass, batch, zeros, per_channel);
  if (problems.empty()) problems = lower(layer, pass, batch, InsertedZeros::kCompute, per_channel);
  c.problem = problems[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(problems.size()) - 1))];
  c.bits = bits;
  const std::int64_t x = batch * layer.input_elements(),
                     w = layer.weight_elements() * (layer.kind == LayerKind::kMatmul ? batch : 1),
                     y = batch * layer.output_elements();
  const bool weights = pass != Pass::kBackwardWeight;
  c.moving = random_tensor(random, pass == Pass::kBackwardData ? y : x, bits.moving, bits.moving_signed, 1);
  c.stationary = random_tensor(random, weights ? w : y, bits.stationary, bits.stationary_signed,
                               weights && per_channel && layer.kind != LayerKind::kMatmul ? layer.out_channels : 1);
  return c;
}

inline Case random_case(Random& random, PassBits bits) {
  const Layer layer = random_layer(random);
  const Pass pass = kAllPasses[random.between(0, 2)];
  const InsertedZeros zeros = random.between(0, 1) == 0 ? InsertedZeros::kCompute : InsertedZeros::kSkip;
  return make_case(random, layer, pass, random.between(1, 3), bits, zeros, random.between(0, 1) == 0);
}

/// Walks a random tiling: each loop cut at random, loops nested in random order, all ascending.
inline void walk_random_tiles(Random& random, const Problem& problem, FunctionalTask& task) {
  const TileShape whole = loop_extents(problem);
  std::array<std::int64_t, kLoopCount> size{}, trips{}, order{};
  for (std::size_t l = 0; l < kLoopCount; ++l) {
    size[l] = random.between(1, whole.extent[l]);
    trips[l] = (whole.extent[l] + size[l] - 1) / size[l];
    order[l] = static_cast<std::int64_t>(l);
  }
  for (std::size_t l = kLoopCount - 1; l > 0; --l)
    std::swap(order[l], order[static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(l)))]);
  for (std::int64_t g = 0; g < problem.groups; ++g) {
    std::array<std::int64_t, kLoopCount> at{};
    while (true) {
      TileRange tile;
      tile.group = g;
      for (std::size_t l = 0; l < kLoopCount; ++l) {
        tile.first[l] = at[l] * size[l];
        tile.last[l] = std::min(whole.extent[l], tile.first[l] + size[l]);
      }
      task.compute(tile);
      std::size_t position = kLoopCount;
      while (position > 0) {
        const std::size_t loop = static_cast<std::size_t>(order[--position]);
        if (++at[loop] < trips[loop]) break;
        at[loop] = 0;
        if (position == 0) position = kLoopCount + 1;
        if (position > kLoopCount) break;
      }
      if (position > kLoopCount) break;
    }
  }
  task.finish();
}

inline void walk_whole(const Problem& problem, FunctionalTask& task) {
  for (std::int64_t g = 0; g < problem.groups; ++g) task.compute(whole_group(problem, g));
  task.finish();
}

/// Compares every completed scale group with the reference and counts the sums compared.
class GroupCheck {
 public:
  GroupCheck(const Case& c, const AccumulatorSpec& accumulator) : case_(c), accumulator_(accumulator) {}
  void operator()(const GroupSums& sums) {
    const Problem& p = case_.problem;
    const TileRange& t = *sums.tile;
    const auto [entry, fresh] = expected_.try_emplace({t.group, sums.channel});
    if (fresh) entry->second = reference_group_sums(p, case_.operands(), t.group, sums.channel, accumulator_);
    const IntegerSums& expected = entry->second;
    const std::int64_t plane = p.out_height * p.out_width;
    std::size_t product = 0, moving = 0, stationary = 0, tap = 0;
    const auto each_place = [&](auto visit) {
      for (std::int64_t y = t.begin(Loop::kY); y < t.end(Loop::kY); ++y)
        for (std::int64_t x = t.begin(Loop::kX); x < t.end(Loop::kX); ++x) visit(y * p.out_width + x);
    };
    const auto get = [](const std::vector<std::int64_t>& v, std::int64_t i) { return v[static_cast<std::size_t>(i)]; };
    for (std::int64_t f = t.begin(Loop::kFilters); f < t.end(Loop::kFilters); ++f) {
      each_place(
          [&](std::int64_t o) { differs += sums.stationary[stationary++] != get(expected.stationary, f * plane + o); });
      for (std::int64_t b = t.begin(Loop::kBatch); b < t.end(Loop::kBatch); ++b) {
        each_place([&](std::int64_t o) {
          differs += sums.products[product++] != get(expected.products, (b * p.filters + f) * plane + o);
        });
      }
    }
    for (std::int64_t b = t.begin(Loop::kBatch); b < t.end(Loop::kBatch); ++b) {
      each_place([&](std::int64_t o) { differs += sums.moving[moving++] != get(expected.moving, b * plane + o); });
    }
    each_place([&](std::int64_t o) { differs += sums.taps[tap++] != get(expected.taps, o); });
    compared += static_cast<std::int64_t>(product);
  }
  std::int64_t differs = 0, compared = 0;

 private:
  const Case& case_;
  AccumulatorSpec accumulator_;
  std::map<std::pair<std::int64_t, std::int64_t>, IntegerSums> expected_;  ///< by group and channel
};

/// The bits that the reference's sums need.
inline int reference_bits(const Case& c) {
  std::int64_t least = 0, most = 0;
  const auto widen = [&](const std::vector<std::int64_t>& sums) {
    for (const std::int64_t s : sums) least = std::min(least, s), most = std::max(most, s);
  };
  if (!c.problem.scale_per_channel) {
    widen(reference_sums(c.problem, c.operands()).products);
  } else {
    for (std::int64_t g = 0; g < c.problem.groups; ++g)
      for (std::int64_t k = 0; k < c.problem.channels; ++k)
        widen(reference_group_sums(c.problem, c.operands(), g, k).products);
  }
  return accumulator_bits_for(least, most, c.bits);
}

inline std::string describe(const Case& c, Machine machine) {
  const Problem& p = c.problem;
  return std::string(name_of(p.pass)) + ' ' + name_of(machine) + ' ' + std::to_string(c.bits.moving) +
         (c.bits.moving_signed ? "s x " : "u x ") + std::to_string(c.bits.stationary) +
         (c.bits.stationary_signed ? "s" : "u") + " b" + std::to_string(p.batch) + " g" + std::to_string(p.groups) +
         " f" + std::to_string(p.filters) + " c" + std::to_string(p.channels) + " o" + std::to_string(p.out_height) +
         "x" + std::to_string(p.out_width) + " k" + std::to_string(p.kernel_height) + "x" +
         std::to_string(p.kernel_width) + " s" + std::to_string(p.stride) + " d" + std::to_string(p.dilation) + " i" +
         std::to_string(p.insertion) + " pad " + std::to_string(p.pad_y) + "," + std::to_string(p.pad_x) +
         (p.scale_per_channel ? " grouped" : "");
}

/// Runs a task over a random tiling and holds all its sums against the reference. Returns its values.
inline std::vector<double> expect_equal_sums(const Case& c, Machine machine, const AccumulatorSpec& accumulator,
                                             Random& random) {
  const auto task = make_task(c, machine, accumulator);
  GroupCheck groups(c, accumulator);
  const bool observed = c.problem.scale_per_channel && c.arithmetic == Arithmetic::kArray;
  if (observed) task->observe_groups([&](const GroupSums& sums) { groups(sums); });
  walk_random_tiles(random, c.problem, *task);
  if (observed) {
    EXPECT_EQ(groups.differs, 0);
    EXPECT_EQ(groups.compared, c.problem.outputs() * c.problem.channels);
  } else if (!c.problem.scale_per_channel) {
    const IntegerSums expected = reference_sums(c.problem, c.operands(), accumulator);
    EXPECT_EQ(task->sums().products, expected.products);
    EXPECT_EQ(task->sums().moving, expected.moving);
    EXPECT_EQ(task->sums().stationary, expected.stationary);
    EXPECT_EQ(task->sums().taps, expected.taps);
  }
  EXPECT_EQ(task->accumulator_bits_needed(), reference_bits(c));
  return task->values();
}

/// Holds all that a task yields, on planes and on codes, over random tilings, against the reference.
inline void expect_equal(const Case& c, Machine machine, const AccumulatorSpec& accumulator, Random& random) {
  SCOPED_TRACE(describe(c, machine));
  Case on_codes = c;
  on_codes.arithmetic = Arithmetic::kCodes;
  const std::vector<double> values = expect_equal_sums(c, machine, accumulator, random);
  ASSERT_EQ(expect_equal_sums(on_codes, machine, accumulator, random), values);
  ASSERT_FALSE(testing::Test::HasFailure());
  if (accumulator.overflow != Overflow::kSplit) return;  // dequantised results follow the wrapped or saturated sums
  const std::vector<double> expected = reference_values(c.problem, c.operands());
  double largest = 0;
  for (const double v : expected) largest = std::max(largest, std::abs(v));
  for (std::size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(values[i], expected[i], 1e-12 * largest);
}

}  // namespace ldpsim::test
