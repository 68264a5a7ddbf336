// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>

#include "sim/core/error.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/mapping/loop_orders.hpp"
#include "sim/mapping/traffic.hpp"

namespace ldpsim {
namespace {

/// A tile that fits, with what is known of it before an order is chosen.
struct Candidate {
  TileShape tile;
  Trips trips{};
  PerTensor tile_bits{};
  Cycles busy = 0;         ///< of the array, memory apart
  LoopSet innermost = 0;   ///< loops of several trips that must run innermost (PeArray::continued_loops)
  Cycles least_bound = 0;  ///< no order can have a smaller bound
};

/// What plans are compared by.
struct Rank {
  Cycles bound = std::numeric_limits<Cycles>::max();
  ExactEnergy energy = 0;
  int order_index = 0;
  LoopOrder order{};
  TileShape tile;
  bool operator<(const Rank& other) const {
    return std::tie(bound, energy, order_index, tile.extent) <
           std::tie(other.bound, other.energy, other.order_index, other.tile.extent);
  }
};

using Walked = std::array<TensorTraffic, kTensorCount>;

/// The orders of one candidate while they are tried.
struct Orders {
  const Candidate* candidate = nullptr;
  std::array<std::int64_t, 1u << kLoopCount> product = ones();  ///< of the trips of every set of loops
  ExactEnergy fixed = 0;                                        ///< energy whatever the order
  bool fixed_known = false;                                     ///< it is found when it is first needed

  static constexpr std::array<std::int64_t, 1u << kLoopCount> ones() {
    std::array<std::int64_t, 1u << kLoopCount> all{};
    all.fill(1);
    return all;
  }
};

/// One search. Tiles are visited by ascending lower bound until none can win any more; that finds the same plan as
/// trying everything.
class Search {
 public:
  Search(const PeArray& array, const MemorySpec& memory, const EnergyTable& energy, const Problem& problem,
         PassBits bits)
      : array_(array),
        memory_(memory),
        energy_(energy),
        problem_(problem),
        bits_(bits),
        choices_(array.tile_choices(problem, bits)) {
    for (std::size_t t = 0; t < kTensorCount; ++t) {
      depends_[t] = dependencies(problem.pass, static_cast<Tensor>(t));
      capacity_[t] = memory.capacity(static_cast<Tensor>(t));
    }
    extents_ = loop_extents(problem);
    closed_form_ = array.charges_full_tiles() || !array.tiles_add_up() ? -1 : array.closed_form_cycles(problem, bits);
  }

  TilePlan run() {
    collect();
    if (candidates_.empty()) collect_last_resort();
    if (candidates_.empty()) refuse();
    const auto later = [](const Candidate& a, const Candidate& b) { return a.least_bound > b.least_bound; };
    std::make_heap(candidates_.begin(), candidates_.end(), later);
    while (!candidates_.empty() && candidates_.front().least_bound <= best_.bound) {
      try_orders(candidates_.front());
      std::pop_heap(candidates_.begin(), candidates_.end(), later);
      candidates_.pop_back();
    }
    candidates_.clear();
    const TilePlan plan = make_plan(array_, memory_, problem_, bits_, best_.tile, best_.order);
    if (plan.bound_cycles != best_.bound)
      throw InternalError("the mapper and the plan disagree on the bound of a tiling");
    return plan;
  }

 private:
  const std::vector<std::int64_t>& choices(Loop loop) const { return choices_[static_cast<std::size_t>(loop)]; }

  void collect_last_resort() {
    auto choices = array_.last_resort_choices(problem_, bits_);
    if (choices.front().empty()) return;
    choices_ = std::move(choices);
    any_cut_ = true;
    closed_form_ = -1;
    collect();
  }

  bool allowed(const TileShape& tile) const { return any_cut_ || array_.tile_allowed(problem_, bits_, tile); }

  /// Whether a pair of extents y, x is allowed at all (PeArray::tile_allowed).
  bool pair_allowed(std::int64_t y, std::int64_t x) const {
    TileShape smallest, largest;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      smallest.extent[loop] = choices_[loop].front();
      largest.extent[loop] = choices_[loop].back();
    }
    smallest[Loop::kY] = largest[Loop::kY] = y;
    smallest[Loop::kX] = largest[Loop::kX] = x;
    return allowed(smallest) || allowed(largest);
  }

  /// All tiles that are allowed and fit. Footprints grow with every extent, so the first that does not fit ends its
  /// loop.
  void collect() {
    candidates_.clear();
    TileShape tile;
    for (const std::int64_t y : choices(Loop::kY)) {
      for (const std::int64_t x : choices(Loop::kX)) {
        if (!pair_allowed(y, x)) continue;
        tile[Loop::kY] = y;
        tile[Loop::kX] = x;
        for (const std::int64_t batch : choices(Loop::kBatch)) {
          tile[Loop::kBatch] = batch;
          if (!collect_channels(tile)) break;
        }
      }
    }
  }

  /// Whether the smallest tile of this batch extent fits.
  bool collect_channels(TileShape& tile) {
    for (const std::int64_t channels : choices(Loop::kChannels)) {
      tile[Loop::kChannels] = channels;
      for (const std::int64_t filters : choices(Loop::kFilters)) {
        tile[Loop::kFilters] = filters;
        if (consider(tile)) continue;
        if (filters != choices(Loop::kFilters).front()) break;
        return channels != choices(Loop::kChannels).front();
      }
    }
    return true;
  }

  /// False if the tile does not fit; a tile that is not allowed is passed over.
  bool consider(const TileShape& tile) {
    Candidate c{.tile = tile, .tile_bits = array_.tile_bits(problem_, bits_, tile)};
    for (std::size_t t = 0; t < kTensorCount; ++t) {
      if (c.tile_bits[t] > capacity_[t]) return false;
    }
    if (!allowed(tile)) return true;
    std::int64_t steps = 1;
    PerTensor blocks{1, 1, 1};
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      c.trips[loop] = ceil_div(extents_.extent[loop], tile.extent[loop]);
      steps *= c.trips[loop];
      for (std::size_t t = 0; t < kTensorCount; ++t) blocks[t] *= (depends_[t] >> loop & 1u) != 0 ? c.trips[loop] : 1;
    }
    if (array_.has_tile_overhead()) {
      add_overhead(c);
    } else if (closed_form_ >= 0) {
      c.busy = closed_form_;
    } else {
      c.busy = array_.charges_full_tiles() ? array_.tile_cycles(problem_, bits_, tile) * steps
                                           : tile_costs(array_, problem_, bits_, tile, c.trips).compute;
    }
    c.least_bound = least_bound(c.busy, least_traffic(c.tile_bits, blocks));
    candidates_.push_back(c);
    return true;
  }

  /// Loops that are continued run innermost, so that fill and drain are charged once along them.
  void add_overhead(Candidate& c) const {
    const TileCosts costs = tile_costs(array_, problem_, bits_, c.tile, c.trips);
    const auto continued = array_.continued_loops(problem_, bits_, c.tile);
    Cycles fill_drain = costs.fill_drain;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if (!continued[loop] || c.trips[loop] == 1) continue;
      fill_drain /= c.trips[loop];
      c.innermost |= 1u << loop;
    }
    c.busy = costs.compute + costs.buffer_stall + fill_drain;
  }

  /// Every tensor moved once, in blocks as small as can be.
  DramTraffic least_traffic(const PerTensor& tile_bits, const PerTensor& blocks) const {
    Walked least;
    for (std::size_t t = 0; t < kTensorCount; ++t) least[t] = {.block_bits = tile_bits[t], .transfers = blocks[t]};
    return dram_traffic(least[kStationaryIndex], least[kMovingIndex], least[kOutputIndex], memory_.outputs_always_read);
  }

  void try_orders(const Candidate& c) {
    Orders orders{.candidate = &c};
    LoopSet looping = 0;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) looping |= c.trips[loop] > 1 ? 1u << loop : 0u;
    for (LoopSet set = 0; set < orders.product.size(); ++set) {
      for (std::size_t loop = 0; loop < kLoopCount; ++loop)
        orders.product[set] *= (set >> loop & 1u) != 0 ? c.trips[loop] : 1;
    }
    Walked start;
    for (std::size_t t = 0; t < kTensorCount; ++t) start[t].block_bits = c.tile_bits[t];
    descend(orders, start, looping, OrderCode());
  }

  /// Places the loops `left` outside those of `code`, in every order that can still win.
  void descend(Orders& orders, const Walked& inner, LoopSet left, OrderCode code) {
    const Candidate& c = *orders.candidate;
    // what the tensors move at least: all that is left multiplies a moving block, loops it depends on any other
    Walked least = inner;
    for (std::size_t t = 0; t < kTensorCount; ++t) {
      least[t].transfers *= orders.product[left & (inner[t].moves ? ~0u : depends_[t])];
      if (inner[t].moves) least[t].revisits *= orders.product[left & ~depends_[t]];
    }
    const DramTraffic dram =
        dram_traffic(least[kStationaryIndex], least[kMovingIndex], least[kOutputIndex], memory_.outputs_always_read);
    const Cycles bound = left == 0 ? bound_of(c.busy, dram, memory_.dram_bits_per_cycle) : least_bound(c.busy, dram);
    if (bound > best_.bound) return;
    if (bound == best_.bound || left == 0) {
      if (!orders.fixed_known) {
        orders.fixed = energy_.exact(walk_counts(array_, tile_costs(array_, problem_, bits_, c.tile, c.trips), {}));
        orders.fixed_known = true;
      }
      const ExactEnergy energy = orders.fixed + energy_of(dram);
      if (bound == best_.bound && energy > best_.energy) return;
      if (left == 0) {
        const FirstOrder& order = first_order(code);
        best_ = std::min(
            best_,
            Rank{.bound = bound, .energy = energy, .order_index = order.index, .order = order.order, .tile = c.tile});
        return;
      }
    }
    const LoopSet next = (left & c.innermost) != 0 ? left & c.innermost : left;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if ((next >> loop & 1u) == 0) continue;
      Walked outer = inner;
      for (std::size_t t = 0; t < kTensorCount; ++t)
        outer[t].walk((depends_[t] >> loop & 1u) != 0, c.trips[loop], capacity_[t]);
      descend(orders, outer, left & ~(1u << loop), code.outside(loop));
    }
  }

  /// No plan that moves at least `dram` can have a smaller bound.
  Cycles least_bound(Cycles busy, const DramTraffic& dram) const {
    const std::int64_t width = memory_.dram_bits_per_cycle;
    return std::max(ceil_div(dram.total(), width), busy + ceil_div(dram.first, width) + ceil_div(dram.last, width));
  }

  ExactEnergy energy_of(const DramTraffic& d) const {
    const auto pays = [&](std::int64_t bits, Action dram, Action buffer) {
      return static_cast<ExactEnergy>(bits) * (energy_.exact_price(dram) + energy_.exact_price(buffer));
    };
    return pays(d.stationary, Action::kDramRead, Action::kWeightBufferWrite) +
           pays(d.moving, Action::kDramRead, Action::kActivationBufferWrite) +
           pays(d.output_read, Action::kDramRead, Action::kOutputBufferWrite) +
           pays(d.output_write, Action::kDramWrite, Action::kOutputBufferRead);
  }

  [[noreturn]] void refuse() const {
    TileShape smallest;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) smallest.extent[loop] = choices_[loop].front();
    const PerTensor needed = array_.tile_bits(problem_, bits_, smallest);
    constexpr std::array kBuffers{"weight", "activation", "output"};
    std::size_t worst = 0;  // the buffer that lacks most
    for (std::size_t t = 1; t < kTensorCount; ++t) {
      if (needed[t] - capacity_[t] > needed[worst] - capacity_[worst]) worst = t;
    }
    throw UserError(array_.kind(),
                    fmt::format("{} of {} x {} filters and channels, batch {}, {}x{} outputs, {}x{} taps at {} and {} "
                                "bits: the smallest tile takes {} bits of "
                                "the {} buffer, of which a tile may take {}",
                                name_of(problem_.pass), problem_.filters, problem_.channels, problem_.batch,
                                problem_.out_height, problem_.out_width, problem_.kernel_height, problem_.kernel_width,
                                bits_.moving, bits_.stationary, needed[worst], kBuffers[worst], capacity_[worst]),
                    fmt::format("enlarge buffers.{}_bytes", kBuffers[worst]));
  }

  const PeArray& array_;
  const MemorySpec& memory_;
  const EnergyTable& energy_;
  const Problem& problem_;
  PassBits bits_;
  std::array<std::vector<std::int64_t>, kLoopCount> choices_;
  TileShape extents_;
  std::array<LoopSet, kTensorCount> depends_{};
  PerTensor capacity_{};
  Cycles closed_form_ = -1;
  bool any_cut_ = false;  ///< no allowed tile fits, so any may be used
  Rank best_;
  static thread_local std::vector<Candidate> candidates_;  ///< kept between searches for its memory
};

thread_local std::vector<Candidate> Search::candidates_;

}  // namespace

TilePlan map_problem(const PeArray& array, const MemorySpec& memory, const EnergyTable& energy, const Problem& problem,
                     PassBits bits) {
  array.check(problem, bits);
  return Search(array, memory, energy, problem, bits).run();
}

}  // namespace ldpsim
