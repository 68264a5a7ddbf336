// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <functional>
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
  Cycles compute = 0;      ///< of busy, the array's work
  Cycles busy = 0;         ///< of the array, memory apart
  LoopSet innermost = 0;   ///< loops of several trips that must run innermost (PeArray::continued_loops)
  Cycles least_bound = 0;  ///< no order can have a smaller bound
};

constexpr auto kNoEnergyYet = static_cast<ExactEnergy>(~static_cast<unsigned __int128>(0) >> 1);

/// What plans whose bounds lie within the slack are compared by.
struct Rank {
  ExactEnergy energy = kNoEnergyYet;
  Cycles bound = std::numeric_limits<Cycles>::max();
  Cycles whole = 0;  ///< what transfers of whole cycles take if that is beyond the bound and its slack, else the bound
  int order_index = 0;
  LoopOrder order{};
  TileShape tile;
  bool operator<(const Rank& other) const {
    return std::tie(energy, bound, whole, order_index, tile.extent) <
           std::tie(other.energy, other.bound, other.whole, other.order_index, other.tile.extent);
  }
};

using Walked = std::array<TensorTraffic, kTensorCount>;

/// The orders of one candidate while they are tried.
struct Orders {
  const Candidate* candidate = nullptr;
  std::array<std::int64_t, 1u << kLoopCount> product{};  ///< of the trips of every set of loops
};

/// One search in two parts: for the least bound there is, then for the least energy of the plans within the slack of
/// it. Each visits tiles by ascending lower bound of what it looks for until none can win any more; that finds the same
/// plan as trying everything.
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
    find_least_bound();
    find_least_energy();
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
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      c.trips[loop] = ceil_div(extents_.extent[loop], tile.extent[loop]);
      steps *= c.trips[loop];
    }
    if (array_.has_tile_overhead()) {
      add_overhead(c);
    } else {
      c.compute = closed_form_ >= 0             ? closed_form_
                  : array_.charges_full_tiles() ? array_.tile_cycles(problem_, bits_, tile) * steps
                                                : costs_of(c).compute;
      c.busy = c.compute;
    }
    c.least_bound = least_bound(c.busy, least_traffic(c));
    candidates_.push_back(c);
    return true;
  }

  /// Loops that are continued run innermost, so that fill and drain are charged once along them.
  void add_overhead(Candidate& c) const {
    const TileCosts costs = costs_of(c);
    const auto continued = array_.continued_loops(problem_, bits_, c.tile);
    Cycles fill_drain = costs.fill_drain;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if (!continued[loop] || c.trips[loop] == 1) continue;
      fill_drain /= c.trips[loop];
      c.innermost |= 1u << loop;
    }
    c.compute = costs.compute;
    c.busy = costs.compute + costs.buffer_stall + fill_drain;
  }

  TileCosts costs_of(const Candidate& c) const { return tile_costs(array_, problem_, bits_, c.tile, c.trips); }

  /// Every tensor moved once, in blocks as small as can be.
  DramTraffic least_traffic(const Candidate& c) const {
    Walked least;
    for (std::size_t t = 0; t < kTensorCount; ++t) {
      least[t].block_bits = c.tile_bits[t];
      for (std::size_t loop = 0; loop < kLoopCount; ++loop)
        least[t].transfers *= (depends_[t] >> loop & 1u) != 0 ? c.trips[loop] : 1;
    }
    return dram_traffic(least[kStationaryIndex], least[kMovingIndex], least[kOutputIndex], memory_.outputs_always_read);
  }

  /// A goal of descend(): what an order placed in part must reach, if its bound and traffic are no less than these, to
  /// be worth completing; and what a complete one, of which they are exact, changes.
  struct LeastBound {
    Cycles& least;
    bool may_win(Cycles bound, const DramTraffic&) const { return bound < least; }
    void take(Cycles bound, const DramTraffic&, const Walked&, OrderCode) const { least = bound; }
  };

  struct LeastEnergy {
    const Search& search;
    const Candidate& candidate;
    ExactEnergy fixed;  ///< whatever the order
    Rank& best;
    bool may_win(Cycles bound, const DramTraffic& dram) const {
      const ExactEnergy energy = fixed + search.energy_of(dram);
      return bound <= search.most_bound_ && std::tie(energy, bound) <= std::tie(best.energy, best.bound);
    }
    void take(Cycles bound, const DramTraffic& dram, const Walked& walked, OrderCode code) const {
      const auto& [index, order] = first_order(code);
      const Cycles transfers = transfer_cycles(walked, dram, search.memory_.dram_bits_per_cycle);
      const Cycles whole = transfers > bound + search.memory_.cycle_slack(bound) ? transfers : bound;
      best = std::min(best, Rank{fixed + search.energy_of(dram), bound, whole, index, order, candidate.tile});
    }
  };

  void find_least_bound() {
    const auto later = [](const Candidate& a, const Candidate& b) { return a.least_bound > b.least_bound; };
    Cycles least = std::numeric_limits<Cycles>::max();
    auto end = candidates_.end();
    std::make_heap(candidates_.begin(), end, later);
    while (end != candidates_.begin() && candidates_.front().least_bound < least) {
      try_orders(candidates_.front(), LeastBound{least});
      std::pop_heap(candidates_.begin(), end--, later);
    }
    most_bound_ = least + memory_.cycle_slack(least);
  }

  void find_least_energy() {
    using Place = std::pair<ExactEnergy, std::size_t>;  // the least energy that a candidate can take
    std::vector<Place> places;
    const ExactEnergy array_cycle = static_cast<ExactEnergy>(array_.pes()) * energy_.exact_price(Action::kArrayCycle);
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const Candidate& c = candidates_[i];
      if (c.least_bound > most_bound_) continue;
      places.emplace_back(static_cast<ExactEnergy>(c.compute) * array_cycle + energy_of(least_traffic(c)), i);
    }
    std::make_heap(places.begin(), places.end(), std::greater<>());
    while (!places.empty() && places.front().first <= best_.energy) {
      const Candidate& c = candidates_[places.front().second];
      try_orders(c, LeastEnergy{*this, c, energy_.exact(walk_counts(array_, costs_of(c), {})), best_});
      std::pop_heap(places.begin(), places.end(), std::greater<>());
      places.pop_back();
    }
  }

  void try_orders(const Candidate& c, const auto& goal) const {
    Orders orders{.candidate = &c};
    LoopSet looping = 0;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) looping |= c.trips[loop] > 1 ? 1u << loop : 0u;
    orders.product.fill(1);
    for (LoopSet set = 0; set < orders.product.size(); ++set) {
      for (std::size_t loop = 0; loop < kLoopCount; ++loop)
        orders.product[set] *= (set >> loop & 1u) != 0 ? c.trips[loop] : 1;
    }
    Walked start;
    for (std::size_t t = 0; t < kTensorCount; ++t) start[t].block_bits = c.tile_bits[t];
    descend(orders, start, looping, OrderCode(), goal);
  }

  /// Places the loops `left` outside those of `code`, in every order that can still win.
  void descend(const Orders& orders, const Walked& inner, LoopSet left, OrderCode code, const auto& goal) const {
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
    if (!goal.may_win(bound, dram)) return;
    if (left == 0) return goal.take(bound, dram, least, code);
    const LoopSet next = (left & c.innermost) != 0 ? left & c.innermost : left;
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) {
      if ((next >> loop & 1u) == 0) continue;
      Walked outer = inner;
      for (std::size_t t = 0; t < kTensorCount; ++t)
        outer[t].walk((depends_[t] >> loop & 1u) != 0, c.trips[loop], capacity_[t]);
      descend(orders, outer, left & ~(1u << loop), code.outside(loop), goal);
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
  bool any_cut_ = false;   ///< no allowed tile fits, so any may be used
  Cycles most_bound_ = 0;  ///< the least bound and the slack
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
