// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/value_timing.hpp"
#include "sim/core/math.hpp"
#include "sim/workload/problem.hpp"

namespace ldpsim {

class FunctionalTask;   // sim/datapath/functional.hpp
struct PassOperands;    // sim/datapath/functional.hpp
struct ExpectedValues;  // sim/datapath/expected_values.hpp

/// The loops a mapping tiles. In forward and backward-data y, x are output rows and columns and the kernel is never
/// tiled; in backward-weight y, x are kernel rows and columns (positions of the gradient) and the R x S outputs are
/// never tiled.
enum class Loop : std::size_t { kBatch, kY, kX, kChannels, kFilters };
inline constexpr std::size_t kLoopCount = 5;

/// The three tensors of a Problem, each with a buffer of its own.
enum class Tensor : std::size_t { kStationary, kMoving, kOutput };
inline constexpr std::size_t kTensorCount = 3;

/// Extents along the five loops, indexed by Loop. Of a tile, or of the whole problem.
struct TileShape {
  std::array<std::int64_t, kLoopCount> extent{1, 1, 1, 1, 1};
  std::int64_t operator[](Loop l) const { return extent[static_cast<std::size_t>(l)]; }
  std::int64_t& operator[](Loop l) { return extent[static_cast<std::size_t>(l)]; }
  bool operator==(const TileShape&) const = default;
};

/// Extents of the five loops over one group of a problem.
TileShape loop_extents(const Problem& problem);
/// Whether a tensor changes when a loop advances.
bool depends_on(Pass pass, Tensor tensor, Loop loop);

/// Buffer accesses of the array for one tile, in bits.
struct BufferAccesses {
  std::int64_t stationary_read = 0, moving_read = 0, output_read = 0, output_write = 0, register_write = 0;
};

/// Cycles that a tile takes the array on top of its work.
struct TileOverhead {
  Cycles fill_drain = 0;    ///< operands run into the array, results run out of it
  Cycles buffer_stall = 0;  ///< a buffer delivers less than the array needs
};

/// A kind of PE array: the timing, traffic and values of a spatial unroll with a number of serial steps. Free of
/// SystemC; the clocked module in sim/model drives it.
///
/// Contract:
///  - all functions are const and pure: the same arguments give the same answer, so results may be memoised;
///  - bits are 1..16; what the array cannot do is refused by check(), never approximated;
///  - tile_cycles of tiles that cover a problem (tiles as tile_choices offers them, last tiles cut to the problem
///  unless
///    charges_full_tiles()) add up to closed_form_cycles where that exists, unless tiles_add_up() says otherwise;
///  - extents are per group; groups run one after the other, or Problem::groups_at_once of them side by side: cycles,
///    bits and accesses are then those of so many groups.
class PeArray {
 public:
  virtual ~PeArray() = default;
  virtual const std::string& kind() const = 0;
  /// PEs of the array, the factor between busy cycles and Action::kArrayCycle.
  virtual std::int64_t pes() const = 0;
  /// Throws UserError naming the layer shape or the precision that this array does not support.
  virtual void check(const Problem& problem, PassBits bits) const = 0;
  /// Groups of a problem that the array can work on side by side; the caller sets Problem::groups_at_once to that.
  virtual std::int64_t groups_at_once(const Problem&) const { return 1; }
  /// Cycles of work of one group: the published closed formula, independent of the mapping, without fill and drain. -1
  /// if the kind's formula depends on the tiling (Bit Fusion).
  virtual Cycles closed_form_cycles(const Problem& problem, PassBits bits) const = 0;
  /// Whether tile_cycles of tiles that cover a problem add up to closed_form_cycles. If not, cutting costs cycles, and
  /// the closed form is that of the uncut problem.
  virtual bool tiles_add_up() const { return true; }
  /// Whether the last, smaller tile of a loop is charged as a full one.
  virtual bool charges_full_tiles() const = 0;
  /// Sizes to try for each loop, ascending; the last covers the whole extent.
  virtual std::array<std::vector<std::int64_t>, kLoopCount> tile_choices(const Problem& problem,
                                                                         PassBits bits) const = 0;
  /// Sizes to try if no allowed tile fits the buffers, whatever cycles their cuts cost: any combination of them may be
  /// used, and closed_form_cycles is then a lower bound. Empty: there are no others.
  virtual std::array<std::vector<std::int64_t>, kLoopCount> last_resort_choices(const Problem&, PassBits) const {
    return {};
  }
  /// Constraints between loops of a tile (square tiles, whole pallets, ...); true = may be used.
  virtual bool tile_allowed(const Problem& problem, PassBits bits, const TileShape& tile) const = 0;
  /// Cycles the array works on a tile; of an array whose cycles depend on the operands' values, in the worst case.
  virtual Cycles tile_cycles(const Problem& problem, PassBits bits, const TileShape& tile) const = 0;
  /// Cycles from the first operand entering an empty array to steady work, and from the last to the last result;
  /// charged once a group, at its start and at its end. A stall in between holds the whole pipeline up and costs its
  /// own length only.
  virtual Cycles fill_cycles() const = 0;
  virtual Cycles drain_cycles() const = 0;
  /// What a tile takes on top of tile_cycles. Fill and drain are not charged for a tile that goes on with what the one
  /// before left in the array (continued_loops); so they must not depend on the tile's extents along those loops.
  virtual TileOverhead tile_overhead(const Problem&, PassBits, const TileShape&) const { return {}; }
  /// Whether tile_overhead is ever anything.
  virtual bool has_tile_overhead() const { return false; }
  /// Loops along which the next tile goes on with what this one leaves in the array, if they run innermost (the mapper
  /// sees to that).
  virtual std::array<bool, kLoopCount> continued_loops(const Problem&, PassBits, const TileShape&) const { return {}; }
  /// Bits that a tile of each tensor takes in its buffer and in DRAM transfers, indexed by Tensor.
  virtual std::array<std::int64_t, kTensorCount> tile_bits(const Problem& problem, PassBits bits,
                                                           const TileShape& tile) const = 0;
  virtual BufferAccesses accesses(const Problem& problem, PassBits bits, const TileShape& tile) const = 0;
  /// Additions that form the sums of codes, and rescaling multiply-adds and accumulator spills, of one whole group.
  virtual ActionCounts overhead_actions(const Problem& problem, PassBits bits) const = 0;
  /// The bit-exact datapath on these operands.
  virtual std::unique_ptr<FunctionalTask> make_task(const Problem& problem, PassBits bits,
                                                    const PassOperands& operands) const = 0;
  /// Whether cycles or actions depend on the operands' values. What an array answers without operands is then the worst
  /// case: it serves to map, and is not the cost of a run.
  virtual bool value_dependent() const { return false; }
  /// The timing on these operands, which must outlive it. Only for value-dependent arrays (InternalError otherwise).
  virtual std::unique_ptr<ValueTiming> make_timing(const Problem& problem, PassBits bits,
                                                   const PassOperands& operands) const;
  /// What the array must compute, if that is not the exact products of these operands (it skips small ones, or works in
  /// floating point); null for all others.
  virtual std::shared_ptr<const ExpectedValues> expected_values(const Problem&, PassBits, const PassOperands&) const {
    return nullptr;
  }
};

/// A kind of array as the registry knows it.
struct PeArrayKind {
  std::string kind;
  std::string doc;
  std::vector<Parameter> parameters;  ///< keys "array.*" of this kind
  std::function<std::unique_ptr<PeArray>(const ArchSpec&)> make;
  std::string precision_law{};  ///< how cycles of a full array follow the two precisions, for reports: one sentence
};

/// All kinds, in the order of registration (sim/datapath/builtin.cpp; explicit, since self-registering objects in a
/// static library are dropped by the linker). Tests and examples may add kinds; a duplicate name is an InternalError.
class PeArrayRegistry {
 public:
  static PeArrayRegistry& instance();
  void add(PeArrayKind kind);
  const std::vector<PeArrayKind>& kinds() const { return kinds_; }
  /// Throws UserError at `where` naming the known kinds.
  const PeArrayKind& find(const std::string& kind, const std::string& where) const;

 private:
  std::vector<PeArrayKind> kinds_;
};

/// The array a machine asks for by "array.kind".
std::unique_ptr<PeArray> make_pe_array(const ArchSpec& arch);

}  // namespace ldpsim
