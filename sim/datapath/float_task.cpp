// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/float_task.hpp"

#include <cmath>

#include "sim/datapath/tile_cover.hpp"
#include "sim/datapath/tile_inputs.hpp"

namespace ldpsim {
namespace {

class FloatTask final : public FunctionalTask {
 public:
  FloatTask(const Problem& problem, const FloatRules& rules, const PassOperands& operands)
      : p_(problem),
        rules_(rules),
        cover_(p_),
        moving_(float_data(*operands.moving, rules)),
        stationary_(float_data(*operands.stationary, rules)),
        values_(static_cast<std::size_t>(problem.outputs())) {
    spec_.bits = 1 + rules.wide.exponent_bits + rules.wide.mantissa_bits;
  }

  void compute(const TileRange& tile) override {
    if (cover_.completes_group(tile)) compute_group(tile.group);
  }
  void finish() override { cover_.check_complete(); }
  void observe_groups(GroupObserver) override {}
  const IntegerSums& sums() const override { return sums_; }
  const std::vector<double>& values() const override { return values_; }
  int accumulator_bits_needed() const override { return spec_.bits; }
  const AccumulatorSpec& accumulator() const override { return spec_; }
  std::int64_t spills() const override { return 0; }

 private:
  struct Input {
    std::int64_t place, element;
  };

  void compute_group(std::int64_t group) {
    const TileRange whole = whole_group(p_, group);
    const TileInputs inputs(p_, whole);
    gather_stationary(inputs);
    const std::int64_t plane = p_.out_height * p_.out_width;
    std::vector<Input> left;
    inputs.for_each_window([&](std::int64_t b, std::int64_t y, std::int64_t x) {
      left.clear();
      std::int64_t place = 0;
      inputs.for_each_moving(b, y, x, [&](std::int64_t element) {
        if (element >= 0 && moving_.numbers[static_cast<std::size_t>(element)].significand != 0)
          left.push_back({place, element});
        ++place;
      });
      for (std::int64_t f = 0; f < p_.filters; ++f) {
        const std::int64_t out = ((b * p_.groups + group) * p_.filters + f) * plane + y * p_.out_width + x;
        values_[static_cast<std::size_t>(out)] = sum(left, f * inputs.reduction());
      }
    });
  }

  /// Elements of the stationary operand: [filter][place].
  void gather_stationary(const TileInputs& inputs) {
    weights_.clear();
    for (std::int64_t f = 0; f < p_.filters; ++f)
      inputs.for_each_stationary(
          f, [&](std::int64_t element) { weights_.push_back(stationary_.numbers[static_cast<std::size_t>(element)]); });
  }

  double sum(const std::vector<Input>& left, std::int64_t first_weight) const {
    std::uint32_t accumulator = 0;
    for (const Input& input : left) {
      const std::uint32_t product =
          multiply_floats(moving_.numbers[static_cast<std::size_t>(input.element)],
                          weights_[static_cast<std::size_t>(first_weight + input.place)], rules_.wide);
      accumulator = add_floats(unpack_float(accumulator, rules_.wide), unpack_float(product, rules_.wide), rules_.wide);
    }
    return std::ldexp(value_of(accumulator, rules_.wide), moving_.shift + stationary_.shift);
  }

  Problem p_;
  FloatRules rules_;
  TileCover cover_;
  FloatData moving_, stationary_;
  std::vector<UnpackedFloat> weights_;
  IntegerSums sums_;  ///< stays empty
  std::vector<double> values_;
  AccumulatorSpec spec_;
};

}  // namespace

std::unique_ptr<FunctionalTask> make_float_task(const Problem& problem, const FloatRules& rules,
                                                const PassOperands& operands) {
  return std::make_unique<FloatTask>(problem, rules, operands);
}

}  // namespace ldpsim
