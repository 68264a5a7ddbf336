// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "sim/core/error.hpp"
#include "sim/core/index.hpp"
#include "sim/datapath/expected_values.hpp"
#include "sim/datapath/functional.hpp"
#include "sim/replay/captured_operand.hpp"
#include "sim/replay/captured_passes.hpp"
#include "sim/replay/verify_reference.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kMostReported = 5;  // mismatches told of a pass and machine

/// Everything captured of one pass.
struct CapturedPass {
  std::int64_t iteration = 0, images = 0;
  std::size_t layer_index = 0;
  Pass pass = Pass::kForward;
  PassBits bits;
  QuantisedTensor moving, stationary;
  std::int64_t damaged = 0;     ///< operands with codes that exceed their bits
  std::vector<double> results;  ///< empty if not captured
};

/// Where the outputs of a problem lie among those of the pass in one piece: a phase of a strided backward-data has
/// every so many.
struct Placement {
  std::int64_t y_first, y_step, x_first, x_step;
  Placement(const Problem& part, const Problem& whole) {
    const std::int64_t shift = part.output.origin - whole.output.origin;
    y_first = shift / whole.output.y;
    x_first = shift % whole.output.y / whole.output.x;
    y_step = part.output.y / whole.output.y;
    x_step = part.output.x / whole.output.x;
  }
  std::int64_t plane_index(std::int64_t y, std::int64_t x, const Problem& whole) const {
    return (y_first + y * y_step) * whole.out_width + x_first + x * x_step;
  }
};

/// Copies [outer, y, x] of a part into its place among the whole's.
template <class T>
void place(const std::vector<T>& part, const Problem& p, const Placement& placement, const Problem& whole,
           std::vector<T>& out) {
  const std::int64_t plane = whole.out_height * whole.out_width;
  std::int64_t index = 0;
  for (std::int64_t outer = 0; index < static_cast<std::int64_t>(part.size()); ++outer)
    for (std::int64_t y = 0; y < p.out_height; ++y)
      for (std::int64_t x = 0; x < p.out_width; ++x, ++index)
        out[at(outer * plane + placement.plane_index(y, x, whole))] = part[at(index)];
}

/// Compares one machine's run of one pass.
class PassCheck {
 public:
  PassCheck(const CapturedPass& captured, const Layer& layer, const std::string& arch, const VerifyOptions& options,
            PassReference& reference)
      : captured_(captured), layer_(layer), options_(options), reference_(reference), whole_(reference.problem()) {
    row_.arch = arch;
    row_.iteration = captured.iteration;
    row_.layer = layer.name;
    row_.pass = captured.pass;
    row_.bits = captured.bits;
    row_.mismatches = captured.damaged;
    const std::int64_t plane = whole_.out_height * whole_.out_width;
    values_.resize(at(whole_.outputs()));
    sums_.products.resize(at(whole_.outputs()));
    sums_.moving.resize(at(whole_.batch * whole_.groups * plane));
    sums_.stationary.resize(at(whole_.groups * whole_.filters * plane));
    sums_.taps.resize(at(plane));
  }

  void run(const Machine& machine, Accelerator& accelerator, bool first_layer, bool per_channel) {
    // what is verified is the arithmetic of the arrays themselves
    const PassOperands operands{&captured_.moving, &captured_.stationary, Arithmetic::kArray};
    AccumulatorSpec accumulator;
    for (const Problem& problem : machine.lower(layer_, first_layer, captured_.pass, captured_.images, per_channel)) {
      machine.array().check(problem, captured_.bits);
      const TilePlan plan = map_problem(machine.array(), machine.memory(), machine.energy(), problem, captured_.bits);
      const auto task = machine.array().make_task(problem, captured_.bits, operands);
      const Placement placement(problem, whole_);
      expect(machine.array().expected_values(problem, captured_.bits, operands));
      task->observe_groups(
          [&](const GroupSums& sums) { compare_group(sums, problem, placement, task->accumulator()); });
      std::unique_ptr<ValueTiming> values;
      if (machine.array().value_dependent()) values = machine.array().make_timing(problem, captured_.bits, operands);
      row_.cycles +=
          accelerator.run(machine.array(), machine.memory(), plan, task.get(), {.values = values.get()}).stack.total();
      row_.macs += problem.macs();
      row_.spills += task->spills();
      row_.accumulator_bits = std::max(row_.accumulator_bits, task->accumulator_bits_needed());
      place(task->values(), problem, placement, whole_, values_);
      if (has_no_sums()) compare_values(*expected_, task->values(), problem, placement);
      if (problem.scale_per_channel || has_no_sums()) continue;
      place(task->sums().products, problem, placement, whole_, sums_.products);
      place(task->sums().moving, problem, placement, whole_, sums_.moving);
      place(task->sums().stationary, problem, placement, whole_, sums_.stationary);
      place(task->sums().taps, problem, placement, whole_, sums_.taps);
      accumulator = task->accumulator();
    }
    if (!whole_.scale_per_channel && !has_no_sums()) compare_sums(accumulator);
    if (!captured_.results.empty()) compare_results();
  }

  const VerifiedPass& row() const { return row_; }

 private:
  /// Takes note of what an array computes that does not compute the exact products. Operands that it changes are those
  /// of the whole pass, whatever the problem.
  void expect(std::shared_ptr<const ExpectedValues> expected) {
    const bool first = expected_ == nullptr;
    expected_ = std::move(expected);
    if (expected_ == nullptr || has_no_sums() || !first) return;
    changed_ = expected_;
    const PassOperands operands{changed_->moving ? &*changed_->moving : &captured_.moving,
                                changed_->stationary ? &*changed_->stationary : &captured_.stationary};
    own_reference_.emplace(whole_, operands, captured_.bits);
  }
  bool has_no_sums() const { return expected_ != nullptr && !expected_->values.empty(); }
  PassReference& reference() { return own_reference_ ? *own_reference_ : reference_; }

  /// Results of an array without integer sums, to the last bit; and whether they are as near to the trainer's as the
  /// array's formats allow.
  void compare_values(const ExpectedValues& expected, const std::vector<double>& have, const Problem& p,
                      const Placement& placement) {
    row_.accumulators += static_cast<std::int64_t>(have.size());
    const std::int64_t plane = p.out_height * p.out_width;
    for (std::size_t i = 0; i < have.size(); ++i) {
      const auto flat = static_cast<std::int64_t>(i);
      const std::int64_t y = flat % plane / p.out_width, x = flat % p.out_width, f = flat / plane % p.filters,
                         g = flat / plane / p.filters % p.groups, b = flat / plane / p.filters / p.groups;
      const std::int64_t place = placement.plane_index(y, x, whole_);
      if (have[i] != expected.values[i])
        mismatch("floating-point sum", coordinates(b, g, f, place),
                 fmt::format("the machine has {}, the reference {}", have[i], expected.values[i]));
      if (captured_.results.empty()) continue;
      const double want =
          captured_.results[at(whole_.output.at(b, g, f, 0, place / whole_.out_width, place % whole_.out_width))];
      if (std::abs(have[i] - want) > expected.bounds[i] + kVerifyTolerance * std::abs(want))
        mismatch("result", coordinates(b, g, f, place),
                 fmt::format("the machine has {}, the trainer {}, and its formats allow a difference of {:.3g}",
                             have[i], want, expected.bounds[i]));
    }
  }

  /// Coordinates in the result tensor of (batch, group, filter) or, where one is -1, of the sums that all of them
  /// share.
  std::string coordinates(std::int64_t b, std::int64_t g, std::int64_t f, std::int64_t plane_index) const {
    const auto number = [](std::int64_t v) { return v < 0 ? std::string("*") : std::to_string(v); };
    const std::int64_t y = plane_index / whole_.out_width, x = plane_index % whole_.out_width;
    const std::int64_t filter = f < 0 ? -1 : g * whole_.filters + f;
    if (captured_.pass == Pass::kBackwardWeight)
      return fmt::format("[{}, {}, {}, {}]", number(filter), number(b), y, x);
    return fmt::format("[{}, {}, {}, {}]", number(b), number(filter), y, x);
  }

  void mismatch(const std::string& what, const std::string& where, const std::string& values) {
    if (++row_.mismatches > kMostReported || !options_.on_mismatch) return;
    options_.on_mismatch(fmt::format("{}: iteration {}, layer {}, {}: {} at {}: {}", row_.arch, row_.iteration,
                                     row_.layer, name_of(row_.pass), what, where, values));
  }

  void compare(const char* what, const std::string& group, std::int64_t have, std::int64_t expected, std::int64_t b,
               std::int64_t g, std::int64_t f, std::int64_t plane_index) {
    if (have == expected) return;
    mismatch(what + group, coordinates(b, g, f, plane_index),
             fmt::format("the machine has {}, the reference {}", have, expected));
  }

  /// Of tensors [batch, group, filter, plane] without the axes whose extent is 0.
  void compare_all(const char* what, const std::vector<std::int64_t>& have, const std::vector<std::int64_t>& expected,
                   bool by_batch, bool by_filter) {
    row_.accumulators += static_cast<std::int64_t>(have.size());
    if (have == expected) return;
    const std::int64_t plane = whole_.out_height * whole_.out_width;
    for (std::size_t i = 0; i < have.size(); ++i) {
      std::int64_t rest = static_cast<std::int64_t>(i);
      const std::int64_t place = rest % plane;
      rest /= plane;
      const std::int64_t f = by_filter ? rest % whole_.filters : -1;
      if (by_filter) rest /= whole_.filters;
      const std::int64_t g = rest % whole_.groups;
      compare(what, "", have[i], expected[i], by_batch ? rest / whole_.groups : -1, g, f, place);
    }
  }

  void compare_sums(const AccumulatorSpec& accumulator) {
    const IntegerSums& expected = reference().sums(accumulator);
    compare_all("sum of products", sums_.products, expected.products, true, true);
    compare_all("sum of moving codes", sums_.moving, expected.moving, true, false);
    compare_all("sum of stationary codes", sums_.stationary, expected.stationary, false, true);
    compare_all("number of valid taps", sums_.taps, expected.taps, false, false);
  }

  void compare_group(const GroupSums& sums, const Problem& p, const Placement& placement,
                     const AccumulatorSpec& accumulator) {
    const TileRange& tile = *sums.tile;
    const IntegerSums& expected = reference().group_sums(tile.group, sums.channel, accumulator);
    const std::int64_t plane = whole_.out_height * whole_.out_width, g = tile.group;
    std::vector<std::int64_t> places;
    for (std::int64_t y = tile.begin(Loop::kY); y < tile.end(Loop::kY); ++y)
      for (std::int64_t x = tile.begin(Loop::kX); x < tile.end(Loop::kX); ++x)
        places.push_back(placement.plane_index(y, x, whole_));
    const auto check = [&](const char* what, std::span<const std::int64_t> have, std::size_t first,
                           const std::vector<std::int64_t>& reference, std::int64_t base, std::int64_t b,
                           std::int64_t f) {
      row_.accumulators += static_cast<std::int64_t>(places.size());
      for (std::size_t i = 0; i < places.size(); ++i) {
        const std::int64_t want = reference[at(base + places[i])];
        if (have[first + i] != want) {
          compare(what, fmt::format(" of output channel {}", g * p.channels + sums.channel), have[first + i], want, b,
                  g, f, places[i]);
        }
      }
    };
    std::size_t product = 0, moving = 0, stationary = 0;
    for (std::int64_t f = tile.begin(Loop::kFilters); f < tile.end(Loop::kFilters); ++f) {
      check("sum of stationary codes", sums.stationary, stationary, expected.stationary, f * plane, -1, f);
      stationary += places.size();
      for (std::int64_t b = tile.begin(Loop::kBatch); b < tile.end(Loop::kBatch); ++b) {
        check("sum of products", sums.products, product, expected.products, (b * p.filters + f) * plane, b, f);
        product += places.size();
      }
    }
    for (std::int64_t b = tile.begin(Loop::kBatch); b < tile.end(Loop::kBatch); ++b) {
      check("sum of moving codes", sums.moving, moving, expected.moving, b * plane, b, -1);
      moving += places.size();
    }
    check("number of valid taps", sums.taps, 0, expected.taps, 0, -1, -1);
  }

  void compare_results() {
    double largest = 0;
    for (const double result : captured_.results) largest = std::max(largest, std::abs(result));
    const std::int64_t plane = whole_.out_height * whole_.out_width;
    double worst = 0;
    std::int64_t index = 0;
    for (std::int64_t b = 0; b < whole_.batch; ++b)
      for (std::int64_t g = 0; g < whole_.groups; ++g)
        for (std::int64_t f = 0; f < whole_.filters; ++f)
          for (std::int64_t i = 0; i < plane; ++i, ++index) {
            const double have = values_[at(index)];
            const double want =
                captured_.results[at(whole_.output.at(b, g, f, 0, i / whole_.out_width, i % whole_.out_width))];
            const double scale = std::max(std::abs(want), kSmallestResult * largest);
            const double relative = have == want ? 0
                                    : scale == 0 ? std::numeric_limits<double>::infinity()
                                                 : std::abs(have - want) / scale;
            worst = std::max(worst, relative);
            if (relative <= kVerifyTolerance || expected_ != nullptr) continue;
            mismatch(
                "result", coordinates(b, g, f, i),
                fmt::format("the machine has {}, the trainer {} (relative difference {:.3g})", have, want, relative));
          }
    row_.worst_relative = worst;
  }

  const CapturedPass& captured_;
  const Layer& layer_;
  const VerifyOptions& options_;
  PassReference& reference_;
  const Problem& whole_;
  std::shared_ptr<const ExpectedValues> expected_;  ///< of the problem at hand; null if the products are exact
  std::shared_ptr<const ExpectedValues> changed_;   ///< holds the operands of own_reference_
  std::optional<PassReference> own_reference_;
  VerifiedPass row_;
  IntegerSums sums_;
  std::vector<double> values_;
};

/// The operands of one layer in one iteration.
class CapturedLayer {
 public:
  CapturedLayer(const TraceReader& trace, std::int64_t iteration, std::size_t layer_index, const VerifyOptions& options)
      : trace_(trace), iteration_(iteration), layer_index_(layer_index), options_(options) {}

  std::optional<CapturedPass> pass(Pass pass) {
    const OperandNames names = operands_of(pass);
    const QuantisedTensor *moving = tensor(names.moving), *stationary = tensor(names.stationary);
    if (moving == nullptr || stationary == nullptr) return std::nullopt;
    const Layer& layer = trace_.network().layers[layer_index_];
    const bool both_have_images = pass == Pass::kBackwardWeight || layer.kind == LayerKind::kMatmul;
    if (both_have_images && moving->shape[0] != stationary->shape[0]) {
      throw UserError(trace_.file(),
                      fmt::format("iteration {}, layer {}: {} has {} images, {} {}", iteration_, layer.name,
                                  names.moving, moving->shape[0], names.stationary, stationary->shape[0]),
                      "the operands of one iteration are of the same images", ExitCode::kCheckFailed);
    }
    CapturedPass captured;
    captured.iteration = iteration_;
    captured.layer_index = layer_index_;
    captured.pass = pass;
    captured.images = moving->shape[0];
    captured.bits = {moving->bits, stationary->bits, moving->is_signed, stationary->is_signed};
    captured.moving = *moving;
    captured.stationary = *stationary;
    captured.damaged = std::count(damaged_.begin(), damaged_.end(), names.moving) +
                       std::count(damaged_.begin(), damaged_.end(), names.stationary);
    if (auto results = trace_.operand(iteration_, static_cast<std::int64_t>(layer_index_), name_of(pass))) {
      captured.results = std::move(results->values);
    }
    return captured;
  }

 private:
  const QuantisedTensor* tensor(const std::string& name) {
    auto& known = name == "weight" ? weight_ : name == "activation" ? activation_ : gradient_;
    if (!known) {
      known.emplace();
      auto operand = trace_.operand(iteration_, static_cast<std::int64_t>(layer_index_), name, false);
      if (operand) *known = checked(std::move(*operand));
    }
    return known->codes.empty() ? nullptr : &*known;
  }

  /// Wrong sizes end the run; a code that exceeds its bits is told and computed.
  QuantisedTensor checked(TraceOperand&& operand) {
    const Layer& layer = trace_.network().layers[layer_index_];
    const std::string problem = operand_problem(layer, operand);
    if (!problem.empty()) {
      const std::string line =
          fmt::format("iteration {}, layer {}, {}: {}", iteration_, layer.name, operand.tensor, problem);
      TraceOperand widest = operand;
      widest.bits = 16;
      if (!operand_problem(layer, widest).empty()) throw UserError(trace_.file(), line, {}, ExitCode::kCheckFailed);
      damaged_.push_back(operand.tensor);
      if (options_.on_mismatch) options_.on_mismatch(line);
    }
    return tensor_of(std::move(operand));
  }

  const TraceReader& trace_;
  std::int64_t iteration_;
  std::size_t layer_index_;
  const VerifyOptions& options_;
  std::optional<QuantisedTensor> weight_, activation_, gradient_;
  std::vector<std::string> damaged_;
};

}  // namespace

std::vector<VerifiedPass> verify_trace(const TraceReader& trace, std::span<const Machine> machines,
                                       Accelerator& accelerator, const VerifyOptions& options) {
  const std::vector<std::int64_t> iterations = captured_iterations(trace, options.first, options.last);
  require_sound_captures(trace, iterations);
  const std::vector<Layer>& layers = trace.network().layers;
  const auto all = static_cast<std::int64_t>(iterations.size() * layers.size() * std::size(kAllPasses));
  std::int64_t done = 0;
  std::vector<VerifiedPass> rows;
  for (const std::int64_t iteration : iterations)
    for (std::size_t l = 0; l < layers.size(); ++l) {
      CapturedLayer captured_layer(trace, iteration, l, options);
      for (const Pass pass : kAllPasses) {
        if (options.on_progress) options.on_progress(done++, all);
        if (!pass_exists(trace.network(), l, pass)) continue;
        const std::optional<CapturedPass> captured = captured_layer.pass(pass);
        if (!captured) continue;
        const bool per_channel = pass != Pass::kBackwardWeight && captured->stationary.scale.size() > 1;
        const Problem whole = lower(layers[l], pass, captured->images, InsertedZeros::kCompute, per_channel).front();
        PassReference reference(whole, {&captured->moving, &captured->stationary}, captured->bits);
        for (const Machine& machine : machines) {
          PassCheck check(*captured, layers[l], machine.arch().name, options, reference);
          check.run(machine, accelerator, reads_network_input(trace.network(), l), per_channel);
          rows.push_back(check.row());
        }
      }
    }
  if (options.on_progress) options.on_progress(all, all);
  if (rows.empty()) {
    throw UserError(trace.file(), "has captured operands, but no pass with both of its operands: nothing to verify",
                    "train with --capture every=N,images=K");
  }
  return rows;
}

}  // namespace ldpsim
