// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/gap.hpp"

#include <map>
#include <tuple>

#include "sim/replay/columns.hpp"

namespace ldpsim {
namespace {

/// Cycles of a multiply-accumulate on an array whose lanes are all in use.
class PrecisionLaw {
 public:
  explicit PrecisionLaw(const Machine& machine) : machine_(machine) {}

  double cycles_per_mac(Pass pass, const LayerBits& bits) {
    const PassBits operands = pass_bits(pass, bits);
    const auto [place, is_new] = known_.try_emplace({pass, operands.moving, operands.stationary}, 0.0);
    if (is_new) place->second = of(pass, operands);
    return place->second;
  }

 private:
  double of(Pass pass, PassBits bits) const {
    // Extents that every array's unroll divides: 2304 = 2^8 x 9.
    const Layer layer{.name = "ideal", .in_channels = 2304, .out_channels = 2304, .in_height = 48, .in_width = 48};
    double cycles = 0;
    std::int64_t macs = 0;
    for (const Problem& problem : machine_.lower(layer, false, pass, kBatch, false)) {
      const Cycles closed = machine_.array().closed_form_cycles(problem, bits);
      cycles += static_cast<double>(closed >= 0 ? closed
                                                : machine_.array().tile_cycles(problem, bits, loop_extents(problem)));
      macs += problem.macs();
    }
    return cycles / static_cast<double>(macs);
  }

  static constexpr std::int64_t kBatch = 16;
  const Machine& machine_;
  std::map<std::tuple<Pass, int, int>, double> known_;
};

double law_cycles(PrecisionLaw& law, const Workload& workload, const BitsHistogram& histogram,
                  const std::vector<Pass>& passes) {
  double cycles = 0;
  for (std::size_t i = 0; i < workload.network.layers.size(); ++i) {
    const double macs = static_cast<double>(workload.network.layers[i].macs() * workload.batch);
    for (const Pass pass : passes) {
      if (!pass_exists(workload.network, i, pass)) continue;
      for (const BitsCount& entry : histogram[i])
        cycles += macs * static_cast<double>(entry.iterations) * law.cycles_per_mac(pass, entry.bits);
    }
  }
  return cycles;
}

const std::string kValues = "values";

/// One rung: what was charged so far, by schedule and at static bits.
struct Rung {
  std::string cause;
  std::string why;
  double schedule = 0, fixed = 0;
};

/// One phase of a run: what it costs and what the machine without rescaling computes.
struct Phase {
  const char* name;
  double claimed_ratio;
  double law = 0, law_static = 0;
  Total worst_compute = 0, worst_compute_static = 0;  ///< whatever the values, without rescaling
  Total free_compute = 0, free_compute_static = 0;    ///< on these values, without rescaling
  PassCost cost, fixed;
};

class GapRows {
 public:
  GapRows(const Machine& machine, const ReplayRun& run)
      : machine_(machine),
        run_(run),
        table_({"run", "arch", "rescale", "phase", "metric", "cause", "share_points", "saving_after_percent", "why"}) {}

  void add_cycles(const Phase& phase, const PassCost* beyond, const PassCost* beyond_static) {
    double before = 100 * (1 - phase.claimed_ratio);
    for (const Rung& rung : ladder(phase, beyond, beyond_static)) {
      const double after = rung.fixed == 0 ? before : 100 * (1 - rung.schedule / rung.fixed);
      add(phase, "cycles", rung.cause, before - after, after, rung.why);
      before = after;
    }
  }

  void add_energy(const Phase& phase) {
    const double claimed = 100 * (1 - phase.claimed_ratio);
    const std::vector<ComponentEnergy> ours = component_energies(machine_, phase.cost),
                                       theirs = component_energies(machine_, phase.fixed);
    double total = 0, after = claimed;
    for (const ComponentEnergy& part : theirs) total += part.pj;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (theirs[i].pj == 0 && ours[i].pj == 0) continue;
      const double share = (claimed * theirs[i].pj - 100 * (theirs[i].pj - ours[i].pj)) / total;
      after -= share;
      add(phase, "energy", ours[i].name, share, after, std::string("energy of ") + ours[i].doc);
    }
  }

  Table take() { return std::move(table_); }

 private:
  std::vector<Rung> ladder(const Phase& phase, const PassCost* beyond, const PassCost* beyond_static) const {
    const auto cycles = [&](const PassCost& cost, std::initializer_list<Cause> causes) {
      Total sum = 0;
      for (const Cause cause : causes) sum += cost.stack[cause];
      return static_cast<double>(sum);
    };
    const auto rung = [&](const char* cause, const char* why, std::initializer_list<Cause> causes) {
      return Rung{cause, why, cycles(phase.cost, causes), cycles(phase.fixed, causes)};
    };
    using enum Cause;
    const bool by_values = machine_.array().value_dependent();
    std::vector<Rung> rungs{
        {"precision_law", precision_law(), phase.law, phase.law_static},
        {"lane_use", "layers leave rows, columns or lanes idle, at some precisions more than at others",
         static_cast<double>(by_values ? phase.worst_compute : phase.free_compute),
         static_cast<double>(by_values ? phase.worst_compute_static : phase.free_compute_static)},
        {kValues, "zeros and unset bits of the operands are skipped, a share that is another one at other precisions",
         static_cast<double>(phase.free_compute), static_cast<double>(phase.free_compute_static)},
        rung("rescaling", "backward-data adds products of one weight channel only before it must rescale", {kCompute}),
        rung("imbalance", "columns wait for the one whose values take longest", {kCompute, kImbalance}),
        rung("filling", "filling, draining and loading the array take as long at any precision",
             {kCompute, kImbalance, kFillDrain, kWeightLoad}),
        {"memory", "DRAM and buffers keep the array waiting, and words of partial sums and results do not shrink",
         static_cast<double>(phase.cost.cycles()), static_cast<double>(phase.fixed.cycles())}};
    if (!by_values) std::erase_if(rungs, [](const Rung& r) { return r.cause == kValues; });
    if (beyond != nullptr) {
      rungs.push_back({"beyond_macs", "update, normalisation and quantising take nearly as long at any precision",
                       static_cast<double>(phase.cost.cycles() + beyond->cycles()),
                       static_cast<double>(phase.fixed.cycles() + beyond_static->cycles())});
    }
    return rungs;
  }

  std::string precision_law() const {
    const std::string& kind = machine_.array().kind();
    const std::string& law = PeArrayRegistry::instance().find(kind, machine_.arch().file).precision_law;
    return law.empty() ? "cycles of a full array do not follow the product of both precisions" : law;
  }

  void add(const Phase& phase, const char* metric, const std::string& cause, double share, double after,
           const std::string& why) {
    table_.add({run_.name, machine_.arch().name, machine_.arch().text("rescale"), phase.name, metric, cause, share,
                after, why});
  }

  const Machine& machine_;
  const ReplayRun& run_;
  Table table_;
};

/// The machine that rescales for nothing, if this one does not.
std::optional<Machine> free_of(const Machine& machine) {
  if (!machine.rescales_per_group()) return std::nullopt;
  ArchSpec arch = machine.arch();
  arch.set("rescale", "free", "rescale");
  return Machine(std::move(arch));
}

/// Compute cycles of a phase if no value saved any; left alone on machines that do not look at values.
void set_worst(Accelerator& accelerator, const Machine& machine, const ReplayRun& run, const BitsHistogram& histogram,
               const std::vector<Pass>& passes, Phase& phase) {
  if (!machine.array().value_dependent()) return;
  Pricing pricing = Pricing::worst_case(accelerator, machine);
  const auto compute = [&](const BitsHistogram& bits) {
    return price_schedule(pricing, run.workload, bits, passes).sum({}, {}).cost.compute_cycles();
  };
  phase.worst_compute = compute(histogram);
  phase.worst_compute_static = compute(static_histogram(histogram, run.static_bits));
}

}  // namespace

Table gap_table(Accelerator& accelerator, Pricing& pricing, const ReplayRun& run, const ReplayCosts& costs) {
  const Machine& machine = pricing.machine();
  const std::vector<Pass> all(std::begin(kAllPasses), std::end(kAllPasses));
  GapRows rows(machine, run);
  PrecisionLaw law(machine);
  const BitsHistogram fixed = static_histogram(run.histogram, run.static_bits);
  const Network& network = run.workload.network;
  const std::optional<Machine> free_machine = free_of(machine);
  if (!costs.beyond.empty()) {
    Phase training{.name = "training",
                   .claimed_ratio = training_cost_ratio(network, run.histogram, run.static_bits),
                   .law = law_cycles(law, run.workload, run.histogram, all),
                   .law_static = law_cycles(law, run.workload, fixed, all),
                   .cost = costs.training.sum({}, {}).cost,
                   .fixed = costs.static_training.sum({}, {}).cost};
    set_worst(accelerator, free_machine ? *free_machine : machine, run, run.histogram, all, training);
    training.free_compute = training.cost.compute_cycles();
    training.free_compute_static = training.fixed.compute_cycles();
    if (free_machine && run.workload.weight_scale_per_channel) {
      Pricing free_pricing(accelerator, *free_machine, true, run.values.get());
      const auto compute = [&](const BitsHistogram& histogram) {
        return price_schedule(free_pricing, run.workload, histogram, all).sum({}, {}).cost.compute_cycles();
      };
      training.free_compute = compute(run.histogram);
      training.free_compute_static = compute(fixed);
    }
    const PassCost beyond = sum_of(costs.beyond, {}), beyond_static = sum_of(costs.static_beyond, {});
    rows.add_cycles(training, &beyond, &beyond_static);
    rows.add_energy(training);
  }
  const BitsHistogram last = histogram_of(run.final_bits), last_fixed = static_histogram(last, run.static_bits);
  Phase inference{.name = "inference",
                  .claimed_ratio = forward_cost_ratio(network, last, run.static_bits),
                  .law = law_cycles(law, run.workload, last, {Pass::kForward}),
                  .law_static = law_cycles(law, run.workload, last_fixed, {Pass::kForward}),
                  .free_compute = costs.inference.compute_cycles(),
                  .free_compute_static = costs.static_inference.compute_cycles(),
                  .cost = costs.inference,
                  .fixed = costs.static_inference};
  set_worst(accelerator, machine, run, last, {Pass::kForward}, inference);
  rows.add_cycles(inference, nullptr, nullptr);
  rows.add_energy(inference);
  return rows.take();
}

}  // namespace ldpsim
