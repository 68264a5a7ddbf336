// SPDX-License-Identifier: Apache-2.0
#include "sim/datapath/lut_array.hpp"

#include <algorithm>

#include "sim/datapath/brick_array.hpp"
#include "sim/datapath/expected_values.hpp"
#include "sim/datapath/lut_kernels.hpp"
#include "sim/datapath/lut_skip_timing.hpp"
#include "sim/datapath/near_zero.hpp"
#include "sim/datapath/serial_choice.hpp"
#include "sim/datapath/tile_geometry.hpp"

namespace ldpsim {
namespace {

/// How many units there are of what works in parallel, and on what: parts of one reduction, or rows of the table
/// operand (windows if weights are serial).
struct Arrangement {
  std::int64_t rows = 1, reduction = 1;
  void add(std::int64_t units, bool over_reduction) { (over_reduction ? reduction : rows) *= units; }
};

/// UNPU's array. Tables of sums of one operand's values are built for `rows` x `luts` groups of inputs; `ports` rows of
/// the serial operand at a time read all of them, a bit-plane a cycle. A table serves `table_outputs` rows of the
/// serial operand before it is replaced: as many sums a port can hold.
///
/// If the stationary operand is serial (weights), rows are windows and ports are filters; if the moving one is, rows
/// are filters and ports are windows.
class LutArray : public BrickArray {
 public:
  explicit LutArray(const ArchSpec& arch) : LutArray(arch, arrangement(arch)) {}

  std::int64_t pes() const override { return pes_; }
  Cycles fill_cycles() const override { return overlapped_ ? table_cycles_ : 0; }

  Cycles closed_form_cycles(const Problem& p, PassBits bits) const override {
    const BrickSteps s = steps(p, bits);
    const std::int64_t tables = s.bricks * (serial_.is_moving(p.pass, bits) ? s.filter_sets : s.pallets);
    return tables * serial_rows_cost(p, bits);
  }

  /// The table operand is read whenever its tables are built, the serial one once for all rows of tables; sums stay in
  /// the array for the whole tile.
  BufferAccesses accesses(const Problem& p, PassBits bits, const TileShape& shape) const override {
    const TileGeometry tile(p, shape);
    const Problem piece = part(p, shape);
    const BrickSteps s = steps(piece, bits);
    const std::int64_t weights = tile.filters * tile.channels * tile.taps(), windows = tile.batch * tile.windows();
    const std::int64_t builds = table_builds(piece, bits);
    BufferAccesses a;
    if (serial_.is_moving(p.pass, bits)) {
      a.stationary_read = builds * weights * stored(bits.stationary);
      a.moving_read = s.filter_sets * windows * tile.channels * tile.taps() * stored(bits.moving);
      a.register_write = s.filter_sets * windows * tile.channels * tile.taps() * bits.moving;
    } else {
      a.stationary_read = s.pallets * weights * stored(bits.stationary);
      a.moving_read = builds * loaded_features(p, tile) * stored(bits.moving);
      a.register_write = s.pallets * weights * bits.stationary;
    }
    a.output_read = a.output_write = windows * tile.filters * word_bits_;
    return a;
  }

  /// Of a table of n inputs n - 1 additions and a write of every entry, which is two bits wider than an input.
  ActionCounts overhead_actions(const Problem& p, PassBits bits) const override {
    ActionCounts counts = sum_actions(sums_, p, bits);
    const std::int64_t all = tables(p, bits);
    counts[Action::kTableAdd] = all * (lut_inputs(form(p, bits)) - 1);
    counts[Action::kTableWrite] = all * kLutEntries * entry_bits(p, bits);
    return counts;
  }

  std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                            const PassOperands& operands) const override {
    AccumulatorSpec accumulator = sums_.accumulator;
    accumulator.lanes = shape(problem, bits).lanes;
    const bool serial_is_moving = serial_.is_moving(problem.pass, bits);
    if (!skips_) return make_lut_task(problem, bits, operands, serial_is_moving, accumulator);
    const QuantisedTensor changed = NearZero::snapped(table_operand(problem, bits, operands), threshold_);
    PassOperands skipped = operands;
    (serial_is_moving ? skipped.stationary : skipped.moving) = &changed;
    return make_lut_task(problem, bits, skipped, serial_is_moving, accumulator);
  }

  bool value_dependent() const override { return skips_; }

  std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits bits,
                                           const PassOperands& operands) const override {
    if (!skips_) return BrickArray::make_timing(problem, bits, operands);
    const BrickShape at_once = shape(problem, bits);
    const bool serial_is_moving = serial_.is_moving(problem.pass, bits);
    return std::make_unique<LutSkipTiming>(problem,
                                           LutSkipRules{.table_is_moving = !serial_is_moving,
                                                        .flat_windows = windows_are_flat(problem),
                                                        .one_channel_sums = sums_.one_channel_sums(problem),
                                                        .rows = rows_,
                                                        .lanes = at_once.lanes,
                                                        .table_inputs = lut_inputs(form(problem, bits)),
                                                        .skips_whole_tables = skips_whole_tables_,
                                                        .entry_bits = entry_bits(problem, bits)},
                                           NearZero::elements(table_operand(problem, bits, operands), threshold_),
                                           [this, problem, bits](const TileShape& tile) {
                                             const Problem piece = part(problem, tile);
                                             return LutSkipCosts{closed_form_cycles(piece, bits),
                                                                 serial_rows_cost(piece, bits),
                                                                 table_builds(piece, bits), tables(piece, bits)};
                                           });
  }

  std::shared_ptr<const ExpectedValues> expected_values(const Problem& problem, PassBits bits,
                                                        const PassOperands& operands) const override {
    if (!skips_) return nullptr;
    auto expected = std::make_shared<ExpectedValues>();
    QuantisedTensor changed = NearZero::snapped(table_operand(problem, bits, operands), threshold_);
    (serial_.is_moving(problem.pass, bits) ? expected->stationary : expected->moving) = std::move(changed);
    return expected;
  }

 protected:
  Cycles step_cycles(const Problem& p, PassBits bits) const override { return serial_.bits(p.pass, bits); }

  BrickShape shape(const Problem& p, PassBits bits) const override {
    const std::int64_t lanes = luts_ * lut_inputs(form(p, bits));
    return serial_.is_moving(p.pass, bits) ? BrickShape{rows_, ports_, lanes} : BrickShape{ports_, rows_, lanes};
  }
  BrickShape cut(const Problem& p, PassBits bits) const override {
    BrickShape unit = shape(p, bits);
    (serial_.is_moving(p.pass, bits) ? unit.windows : unit.filters) = table_outputs_;
    return unit;
  }
  /// Maps of one position fill the rows with samples.
  bool windows_are_flat(const Problem& p) const override { return BrickArray::windows_are_flat(p) || p.one_position(); }

 private:
  LutArray(const ArchSpec& arch, const Arrangement& arrangement)
      : BrickArray(arch, {arch.integer("array.ports"), arrangement.rows, arrangement.reduction * 3}),
        serial_(arch),
        pes_(arch.integer("array.cores") * arch.integer("array.core_pes")),
        ports_(arch.integer("array.ports")),
        rows_(arrangement.rows),
        luts_(arrangement.reduction),
        table_outputs_(round_up(arch.integer("array.table_outputs"), ports_)),
        table_cycles_(arch.integer("array.table_cycles")),
        overlapped_(arch.flag("array.table_overlap")),
        loader_(arch.text("array.feature_loader")),
        skips_(arch.text("array.near_zero") != "compute"),
        skips_whole_tables_(arch.text("array.near_zero") == "skip_tables"),
        threshold_(arch.real("array.skip_threshold")) {}

  static Arrangement arrangement(const ArchSpec& arch) {
    const auto over_reduction = [&](const char* key) { return arch.text(key) == "reduction"; };
    Arrangement a;
    a.add(arch.integer("array.cores"), over_reduction("array.cores_over"));
    a.add(arch.integer("array.core_pes"), over_reduction("array.core_pes_over"));
    a.add(arch.integer("array.bundles"), over_reduction("array.bundles_over"));
    a.add(arch.integer("array.bundle_luts"), true);
    return a;
  }

  LutForm form(const Problem& p, PassBits bits) const {
    return serial_.bits(p.pass, bits) == 1 ? LutForm::kSigns : LutForm::kSubsets;
  }

  /// Bits of an entry: two more than an input.
  int entry_bits(const Problem& p, PassBits bits) const {
    return (serial_.is_moving(p.pass, bits) ? bits.stationary : bits.moving) + 2;
  }
  /// Tables that are built.
  std::int64_t tables(const Problem& p, PassBits bits) const {
    const std::int64_t inputs = lut_inputs(form(p, bits)), taps = p.kernel_height * p.kernel_width;
    std::int64_t luts = taps * ceil_div(p.channels, inputs);
    if (p.pass == Pass::kBackwardWeight) luts = ceil_div(taps * p.channels, inputs);
    if (sums_.one_channel_sums(p)) luts = p.channels * ceil_div(taps, inputs);
    const std::int64_t rows = serial_.is_moving(p.pass, bits) ? p.filters : p.batch * p.out_height * p.out_width;
    return table_builds(p, bits) * rows * luts;
  }

  const QuantisedTensor& table_operand(const Problem& p, PassBits bits, const PassOperands& operands) const {
    return serial_.is_moving(p.pass, bits) ? *operands.stationary : *operands.moving;
  }

  /// Rows of the serial operand that share tables, and how often there are as many.
  std::pair<std::int64_t, std::int64_t> serial_rows(const Problem& p, PassBits bits) const {
    if (!serial_.is_moving(p.pass, bits)) return {p.filters, 1};
    const std::int64_t windows = p.out_height * p.out_width;
    return windows_are_flat(p) ? std::pair{p.batch * windows, std::int64_t{1}} : std::pair{windows, p.batch};
  }
  std::int64_t table_builds(const Problem& p, PassBits bits) const {
    const auto [rows, times] = serial_rows(p, bits);
    return times * ceil_div(rows, table_outputs_);
  }
  /// Cycles of one set of tables for all rows of the serial operand.
  Cycles serial_rows_cost(const Problem& p, PassBits bits) const {
    const auto [rows, times] = serial_rows(p, bits);
    const auto cost = [&](std::int64_t served) {
      const Cycles reads = ceil_div(served, ports_) * step_cycles(p, bits);
      return overlapped_ ? std::max(reads, table_cycles_) : reads + table_cycles_;
    };
    const std::int64_t rest = rows % table_outputs_;
    return times * (rows / table_outputs_ * cost(table_outputs_) + (rest > 0 ? cost(rest) : 0));
  }

  /// Features that the loaders read from their buffer to build the tables of a tile once: overlapping windows share
  /// them along a row, or along rows as well.
  std::int64_t loaded_features(const Problem& p, const TileGeometry& tile) const {
    const std::int64_t all = tile.batch * tile.windows() * tile.channels * tile.taps();
    if (loader_ == "plain" || p.pass == Pass::kBackwardWeight) return all;
    TileGeometry row = tile;
    if (loader_ == "row") row.outs_y = row.taps_y = 1;
    const std::int64_t rows = loader_ == "row" ? tile.outs_y * tile.taps_y : 1;
    return std::min(all, rows * moving_elements(p, row));
  }

  SerialChoice serial_;
  std::int64_t pes_, ports_, rows_, luts_, table_outputs_;
  Cycles table_cycles_;
  bool overlapped_;
  std::string loader_;
  bool skips_, skips_whole_tables_;
  double threshold_;
};

Parameter count_parameter(const std::string& name, const std::string& unit, std::int64_t initial,
                          const std::string& doc) {
  return {.key = "array." + name, .unit = unit, .initial = Value(initial), .least = 1, .most = 65536, .doc = doc};
}

Parameter over_parameter(const std::string& name, const std::string& initial, const std::string& what) {
  return {.key = "array." + name,
          .type = ValueType::kText,
          .initial = Value(initial),
          .choices = {"reduction", "rows"},
          .doc = "what " + what +
                 " divide among them: parts of one reduction, whose sums are then added, or rows of the table operand "
                 "(windows if weights are serial)"};
}

std::vector<Parameter> lut_parameters() {
  std::vector<Parameter> parameters{
      count_parameter("cores", "core", 4, "cores"),
      over_parameter("cores_over", "reduction", "the cores"),
      count_parameter("core_pes", "PE", 6, "look-up-table PEs of a core, each with a feature loader"),
      over_parameter("core_pes_over", "rows", "the PEs of a core"),
      count_parameter("bundles", "bundle", 4, "bundles of tables of a PE"),
      over_parameter("bundles_over", "rows", "the bundles of a PE"),
      count_parameter("bundle_luts", "table", 4,
                      "tables of a bundle, each of 3 inputs, or of 4 if the serial operand has one bit; their reads "
                      "are added up"),
      count_parameter("ports", "port", 12, "rows of the serial operand (filters) that read a table in a cycle"),
      count_parameter("table_outputs", "row", 96,
                      "rows of the serial operand that use a table before it is replaced, rounded up to whole ports: "
                      "the sums a bundle holds"),
      {.key = "array.table_cycles",
       .unit = "cycle",
       .initial = Value(std::int64_t{8}),
       .least = 0,
       .most = 1e6,
       .doc = "cycles to build the tables of a group of inputs, all tables at once"},
      {.key = "array.table_overlap",
       .type = ValueType::kFlag,
       .initial = Value(true),
       .doc = "tables are built while the last ones are read; only what takes longer than reading costs time"},
      {.key = "array.feature_loader",
       .type = ValueType::kText,
       .initial = Value(std::string("row")),
       .choices = {"plain", "row", "window"},
       .doc = "features that overlapping windows read from the buffer, where features are the table operand: every "
              "window its own (plain), once along a row of the kernel (row), once for the whole kernel (window)"}};
  parameters.push_back(
      {.key = "array.near_zero",
       .type = ValueType::kText,
       .initial = Value(std::string("compute")),
       .choices = {"compute", "skip", "skip_tables"},
       .doc =
           "values of the table operand close to zero: computed like any; skipped one by one, so that the others of "
           "a row move up and need fewer tables (skip); or a table left out if all its inputs may be (skip_tables)"});
  parameters.push_back(
      {.key = "array.skip_threshold",
       .type = ValueType::kReal,
       .initial = Value(0.0),
       .least = 0,
       .most = 1,
       .doc =
           "how close to zero is skipped, as a fraction of the operand's range: codes up to threshold x (2^bits - 1) "
           "away from the code of zero count as that code. Above 0 this changes results; verify tells by how much"});
  for (Parameter& parameter : serial_parameters({"weight", "weight", "fewest_bits"}))
    parameters.push_back(std::move(parameter));
  for (Parameter& parameter : brick_parameters(1, 1, 1, "packed")) {
    if (parameter.key == "array.first_layer" || parameter.key == "array.operand_storage")
      parameters.push_back(std::move(parameter));
  }
  return parameters;
}

}  // namespace

PeArrayKind lut_kind() {
  return {.kind = "lut",
          .doc =
              "look-up-table array: sums of three inputs from tables, addressed by the bits of a serial operand (UNPU, "
              "ISSCC 2018)",
          .parameters = lut_parameters(),
          .make = [](const ArchSpec& arch) -> std::unique_ptr<PeArray> { return std::make_unique<LutArray>(arch); },
          .precision_law =
              "cycles follow the bits of the serial operand, as long as tables are built in less time than they are "
              "read; one bit gains a third more"};
}

}  // namespace ldpsim
