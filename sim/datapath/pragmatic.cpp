// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/pragmatic.hpp"

#include <algorithm>

#include "sim/datapath/brick_array.hpp"
#include "sim/datapath/brick_timing.hpp"

namespace ldpsim {
namespace {

struct PragmaticRules {
  int first_stage_bits = 2;
  TermEncoding encoding = TermEncoding::kBits;
  std::int64_t column_registers = 0;  ///< 0: pallet synchronisation
};

class PragmaticTiming final : public BrickTiming {
 public:
  PragmaticTiming(const BrickWalk& walk, std::int64_t staggered_columns, const PragmaticRules& rules, int bits)
      : BrickTiming(walk, staggered_columns), rules_(rules), bits_(bits) {}

 protected:
  StepCost cost_of(const BrickStep& step) const override {
    StepCost cost;
    std::vector<std::uint32_t> positions(static_cast<std::size_t>(step.lanes));
    for (std::int64_t column = 0; column < step.columns; ++column) {
      const auto codes = step.column(column);
      for (std::size_t lane = 0; lane < positions.size(); ++lane) {
        const Terms terms = terms_of(codes[lane], rules_.encoding);
        positions[lane] = terms.positions();
        cost.terms += terms.count();
      }
      cost.parts.push_back(lockstep_cycles(positions, rules_.first_stage_bits));
    }
    cost.skipped_terms = step.columns * step.values * bits_ - cost.terms;
    return cost;
  }

  /// With column registers a column begins a step when it has finished the one before, and every column has finished
  /// the one `column_registers` further back, whose weights leave the registers. A sample ends for all columns.
  Cycles cycles_of(const StepRounds& all) const override {
    if (rules_.column_registers == 0) return BrickTiming::cycles_of(all);
    Cycles cycles = 0;
    for (std::size_t sample = 0; sample < all.samples(); ++sample) {
      std::vector<Cycles> column_ends;
      std::vector<Cycles> step_ends(static_cast<std::size_t>(rules_.column_registers) + 1, 0);  // the latest, in a ring
      Cycles last = 0;
      std::size_t at = 0;
      all.for_each(sample, [&](const std::vector<Cycles>& parts) {
        if (column_ends.size() < parts.size()) column_ends.resize(parts.size(), 0);
        const Cycles ready = step_ends[at];  // of the step column_registers + 1 before this one
        for (std::size_t column = 0; column < parts.size(); ++column) {
          column_ends[column] = std::max(column_ends[column], ready) + parts[column];
          last = std::max(last, column_ends[column]);
        }
        step_ends[at] = last;
        at = (at + 1) % step_ends.size();
      });
      cycles += last;
    }
    return cycles;
  }

 private:
  PragmaticRules rules_;
  int bits_;
};

class PragmaticArray final : public BrickArray {
 public:
  explicit PragmaticArray(const ArchSpec& arch) : BrickArray(arch) {
    rules_.first_stage_bits = static_cast<int>(arch.integer("array.first_stage_bits"));
    rules_.encoding = arch.text("array.encoding") == "booth" ? TermEncoding::kBoothLike : TermEncoding::kBits;
    if (arch.text("array.synchronisation") == "column")
      rules_.column_registers = arch.integer("array.column_registers");
  }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    return make_term_task(problem, bits, operands, rules_.encoding, sums_.accumulator);
  }
  bool value_dependent() const override { return true; }
  std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits bits,
                                           const PassOperands& operands) const override {
    return std::make_unique<PragmaticTiming>(BrickWalk(problem, rules(problem), *operands.moving),
                                             staggers(problem) ? windows_ : 0, rules_, bits.moving);
  }

 protected:
  /// In the worst case every position has a term in some lane, and lanes must wait for each other.
  Cycles step_cycles(const Problem&, PassBits bits) const override {
    return most_term_positions(bits.moving, bits.moving_signed, rules_.encoding);
  }

 private:
  PragmaticRules rules_;
};

}  // namespace

PeArrayKind pragmatic_kind() {
  PeArrayKind kind{
      .kind = "pragmatic",
      .doc =
          "term-serial array: filters x windows x lanes, a cycle for each essential bit of the moving operand, lanes "
          "in "
          "lockstep (MICRO 2017); cycles depend on the operands' values",
      .parameters = brick_parameters(256, 16, 16, "packed"),
      .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<PragmaticArray>(arch); },
      .precision_law =
          "cycles of a full array follow the moving operand's precision alone in the worst case, which values "
          "undercut; the stationary operand's bits save nothing"};
  kind.parameters.push_back({.key = "array.first_stage_bits",
                             .unit = "bit",
                             .initial = Value(std::int64_t{2}),
                             .least = 0,
                             .most = 4,
                             .doc = "control bits of the shifters in front of the adder tree: a lane works off a term "
                                    "up to 2^bits - 1 positions above the lowest one left in any lane"});
  kind.parameters.push_back({.key = "array.synchronisation",
                             .type = ValueType::kText,
                             .initial = Value(std::string("pallet")),
                             .choices = {"pallet", "column"},
                             .doc = "pallet: all columns begin a step together; column: columns run ahead as far as "
                                    "array.column_registers reach, within a tile"});
  kind.parameters.push_back({.key = "array.column_registers",
                             .unit = "register",
                             .initial = Value(std::int64_t{1}),
                             .least = 1,
                             .most = 64,
                             .doc = "sets of weights held for columns that are behind; only with column "
                                    "synchronisation"});
  kind.parameters.push_back({.key = "array.encoding",
                             .type = ValueType::kText,
                             .initial = Value(std::string("bits")),
                             .choices = {"bits", "booth"},
                             .doc = "terms of a code: the set bits of its magnitude, or Booth-like, where three or "
                                    "more ones in a row become a difference"});
  kind.parameters.push_back(linear_columns_parameter());
  return kind;
}

}  // namespace ldpsim
