// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/replay.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/replay/columns.hpp"

namespace ldpsim {
namespace {

const std::vector<std::string>& label_columns() {
  static const std::vector<std::string> kColumns{"run",       "arch",        "rescale",         "phase",
                                                 "precision", "batch",       "iterations",      "layer",
                                                 "pass",      "weight_bits", "activation_bits", "gradient_bits"};
  return kColumns;
}

/// The labels of a row; its figures come from cost_cells().
struct Labels {
  std::string phase, precision, layer, pass;
  std::int64_t batch = 0, iterations = 0;
  std::array<Cell, 3> bits{};
};

class Rows {
 public:
  Rows(const Machine& machine, const std::string& run) : machine_(machine), run_(run), table_(columns()) {}
  void add(const Labels& labels, const PassCost& cost, __int128 bit_operations) {
    std::vector<Cell> row{run_,
                          machine_.arch().name,
                          machine_.arch().text("rescale"),
                          labels.phase,
                          labels.precision,
                          labels.batch,
                          labels.iterations,
                          labels.layer,
                          labels.pass,
                          labels.bits[0],
                          labels.bits[1],
                          labels.bits[2]};
    for (Cell& cell : cost_cells(machine_, cost, bit_operations)) row.push_back(std::move(cell));
    table_.add(std::move(row));
  }
  Table take() { return std::move(table_); }

 private:
  static std::vector<std::string> columns() {
    std::vector<std::string> all = label_columns();
    all.insert(all.end(), cost_columns().begin(), cost_columns().end());
    return all;
  }
  const Machine& machine_;
  std::string run_;
  Table table_;
};

std::array<Cell, 3> mean_bits(const BitsSum& bits) {
  const auto mean = [&](std::int64_t sum) {
    return Cell(static_cast<double>(sum) / static_cast<double>(bits.iterations));
  };
  return {mean(bits.weight), mean(bits.activation), mean(bits.gradient)};
}

__int128 forward_bit_operations(const Workload& workload, const std::vector<LayerBits>& bits, std::int64_t batch) {
  __int128 sum = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    sum += static_cast<__int128>(workload.network.layers[i].macs()) * batch * bits[i].weight * bits[i].activation;
  }
  return sum;
}

std::vector<LayerBits> uniform_bits(const ReplayRun& run) {
  return std::vector<LayerBits>(run.final_bits.size(), {run.static_bits, run.static_bits, run.static_bits});
}

ScheduleCost price_training(Pricing& pricing, const ReplayRun& run, const std::vector<Pass>& passes) {
  if (pricing.remembers() || run.schedule == nullptr)
    return price_schedule(pricing, run.workload, run.histogram, passes);
  ScheduleCost total;
  for (std::int64_t i = run.schedule->first(); i < run.schedule->last(); ++i) {
    total.add(price_schedule(pricing, run.workload, run.schedule->histogram(i, i + 1), passes));
  }
  return total;
}

void add_layers(Rows& rows, const Labels& training, const ReplayRun& run, const ReplayCosts& costs) {
  for (const ScheduledPass& part : costs.training.parts) {
    Labels labels = training;
    labels.layer = run.workload.network.layers[part.layer].name;
    labels.pass = name_of(part.pass);
    labels.bits = mean_bits(costs.training.bits[part.layer]);
    rows.add(labels, part.cost, part.bit_operations);
  }
}

void add_passes(Rows& rows, const Labels& training, const ReplayCosts& costs) {
  Labels labels = training;
  labels.layer = "all";
  for (const Pass pass : kAllPasses) {
    const ScheduledPass sum = costs.training.sum({}, pass);
    if (sum.cost.macs == 0) continue;
    labels.pass = name_of(pass);
    rows.add(labels, sum.cost, sum.bit_operations);
  }
}

/// What the steps do beyond their passes, and all that they do.
void add_beyond(Rows& rows, Labels labels, const ScheduledPass& passes, const std::vector<BeyondPart>& beyond) {
  if (beyond.empty()) return;
  for (const Beyond part : kAllBeyond) {
    labels.pass = name_of(part);
    rows.add(labels, sum_of(beyond, part), 0);
  }
  labels.pass = "step";
  PassCost whole = sum_of(beyond, {});
  rows.add(labels, whole += passes.cost, passes.bit_operations);
}

double saving_percent(double ours, double theirs) { return theirs == 0 ? 0.0 : 100 * (1 - ours / theirs); }

/// Of a saving of cycles between two estimates from the same operands, which move both to the same side.
struct SavingInterval {
  Cell low{}, high{}, captures{};
};

SavingInterval saving_interval(const PassCost& cost, const PassCost& fixed) {
  if (!cost.estimated) return {};
  SavingInterval interval{.captures = cost.captures};
  if (!cost.has_interval || !fixed.has_interval) return interval;
  const auto saving = [](const PassCost::End& ours, const PassCost::End& theirs) {
    return saving_percent(static_cast<double>(ours.cycles), static_cast<double>(theirs.cycles));
  };
  const auto [low, high] = std::minmax({saving(cost.low, fixed.low), saving(cost.high, fixed.high)});
  interval.low = low;
  interval.high = high;
  return interval;
}

}  // namespace

Detail detail_of(const std::string& name) {
  if (name == "layer") return Detail::kLayer;
  if (name == "pass") return Detail::kPass;
  if (name == "total") return Detail::kTotal;
  const std::vector<std::string> names{"layer", "pass", "total"};
  throw UserError("--by", "unknown detail '" + name + "'", allowed_hint(name, names));
}

ReplayRun ReplayRun::of(const std::string& name, const TraceReader& trace, Schedule schedule) {
  const auto range = trace.meta().find("weight_range");
  ReplayRun run{.name = name,
                .workload = {.network = schedule.network(),
                             .batch = schedule.batch(),
                             .weight_scale_per_channel = range != trace.meta().end() && range->second == "channel"},
                .histogram = schedule.histogram(),
                .final_bits = schedule.final_bits(),
                .iterations = schedule.size(),
                .static_bits = schedule.static_bits(),
                .float_layers = {},
                .float_layer_bits = schedule.float_layer_bits(),
                .schedule = nullptr,
                .values = nullptr};
  for (std::size_t i = 0; i < run.workload.network.layers.size(); ++i) {
    if (schedule.has_float(i)) run.float_layers.push_back(run.workload.network.layers[i].name);
  }
  run.schedule = std::make_shared<const Schedule>(std::move(schedule));
  return run;
}

ReplayCosts replay(Pricing& pricing, const ReplayRun& run, const std::vector<Pass>& passes) {
  Workload image = run.workload;
  image.batch = 1;
  const std::vector<LayerBits> fixed = uniform_bits(run);
  const bool whole_step = passes.size() == std::size(kAllPasses);
  const auto beyond = [&](const BitsHistogram& histogram) {
    return whole_step ? price_beyond(pricing.machine(), run.workload, histogram) : std::vector<BeyondPart>{};
  };
  return {.passes = passes,
          .training = price_training(pricing, run, passes),
          .static_training =
              price_schedule(pricing, run.workload, static_histogram(run.histogram, run.static_bits), passes),
          .inference = price_inference(pricing, run.workload, run.final_bits),
          .inference_image = price_inference(pricing, image, run.final_bits),
          .static_inference = price_inference(pricing, run.workload, fixed),
          .static_inference_image = price_inference(pricing, image, fixed),
          .beyond = beyond(run.histogram),
          .static_beyond = beyond(static_histogram(run.histogram, run.static_bits))};
}

Table replay_table(const Machine& machine, const ReplayRun& run, const ReplayCosts& costs, Detail detail) {
  Rows rows(machine, run.name);
  const std::int64_t batch = run.workload.batch;
  const Labels training{.phase = "training",
                        .precision = "schedule",
                        .layer = "total",
                        .pass = "all",
                        .batch = batch,
                        .iterations = run.iterations};
  if (detail == Detail::kLayer) add_layers(rows, training, run, costs);
  if (detail == Detail::kPass) add_passes(rows, training, costs);
  const auto inference = [&](const char* precision, std::int64_t images, const PassCost& cost,
                             const std::vector<LayerBits>& bits) {
    rows.add({.phase = "inference",
              .precision = precision,
              .layer = "total",
              .pass = name_of(Pass::kForward),
              .batch = images,
              .iterations = 1},
             cost, forward_bit_operations(run.workload, bits, images));
  };
  const std::vector<LayerBits> fixed = uniform_bits(run);
  inference("static", 1, costs.static_inference_image, fixed);
  inference("static", batch, costs.static_inference, fixed);
  inference("schedule", 1, costs.inference_image, run.final_bits);
  inference("schedule", batch, costs.inference, run.final_bits);
  Labels at_static = training;
  at_static.precision = "static";
  const ScheduledPass fixed_sum = costs.static_training.sum({}, {}), sum = costs.training.sum({}, {});
  add_beyond(rows, at_static, fixed_sum, costs.static_beyond);
  rows.add(at_static, fixed_sum.cost, fixed_sum.bit_operations);
  add_beyond(rows, training, sum, costs.beyond);
  rows.add(training, sum.cost, sum.bit_operations);
  return rows.take();
}

std::array<Cell, 2> saving_cells(const Machine& machine, const PassCost& cost, const PassCost& fixed) {
  return {saving_percent(static_cast<double>(cost.cycles()), static_cast<double>(fixed.cycles())),
          saving_percent(energy_pj(machine, cost), energy_pj(machine, fixed))};
}

std::array<Cell, 2> step_saving_cells(const Machine& machine, PassCost cost, PassCost fixed,
                                      const std::vector<BeyondPart>& beyond,
                                      const std::vector<BeyondPart>& static_beyond) {
  if (beyond.empty()) return {};
  return saving_cells(machine, cost += sum_of(beyond, {}), fixed += sum_of(static_beyond, {}));
}

Table saving_table(const Machine& machine, const ReplayRun& run, const ReplayCosts& costs) {
  Table table({"run", "arch", "rescale", "phase", "batch", "static_bits", "claimed_saving_percent",
               "cycles_saving_percent", "energy_saving_percent", "step_cycles_saving_percent",
               "step_energy_saving_percent", "cycles", "static_cycles", "energy_pj", "static_energy_pj",
               "cycles_saving_low_percent", "cycles_saving_high_percent", "captures"});
  const auto add = [&](const char* phase, std::int64_t batch, double claimed, const PassCost& cost,
                       const PassCost& fixed, const std::array<Cell, 2>& step) {
    const std::array<Cell, 2> passes = saving_cells(machine, cost, fixed);
    const SavingInterval interval = saving_interval(cost, fixed);
    table.add({run.name, machine.arch().name, machine.arch().text("rescale"), phase, batch,
               std::int64_t{run.static_bits}, 100 * (1 - claimed), passes[0], passes[1], step[0], step[1],
               count_cell(cost.cycles()), count_cell(fixed.cycles()), energy_pj(machine, cost),
               energy_pj(machine, fixed), interval.low, interval.high, interval.captures});
  };
  const Network& network = run.workload.network;
  const PassCost training = costs.training.sum({}, {}).cost, fixed = costs.static_training.sum({}, {}).cost;
  add("training", run.workload.batch, training_cost_ratio(network, run.histogram, run.static_bits, costs.passes),
      training, fixed, step_saving_cells(machine, training, fixed, costs.beyond, costs.static_beyond));
  const double forward = forward_cost_ratio(network, histogram_of(run.final_bits), run.static_bits);
  add("inference", run.workload.batch, forward, costs.inference, costs.static_inference, {});
  add("inference", 1, forward, costs.inference_image, costs.static_inference_image, {});
  return table;
}

std::vector<std::string> machine_notes(const Machine& machine) {
  const ArchSpec& arch = machine.arch();
  std::vector<std::string> notes;
  for (const std::string& missing : arch.not_modelled)
    notes.push_back(fmt::format("{} does not model: {}", arch.name, missing));
  for (const auto& [key, reason] : arch.assumed)
    notes.push_back(fmt::format("{} assumes {}: {}", arch.name, key, reason));
  for (const std::string& note : machine.energy().notes()) notes.push_back(fmt::format("{} {}", arch.name, note));
  return notes;
}

namespace {

std::vector<std::string> activity_notes(const Machine& machine, const ReplayRun& run) {
  const std::string& name = machine.arch().name;
  std::vector<std::string> notes;
  for (const std::string& note : run.values->notes()) notes.push_back(fmt::format("{}: --activity: {}", name, note));
  notes.push_back(fmt::format(
      "{}: energy of the PEs follows the operands' bits (--activity operands): times 1 - {} x (1 - 4tp), where t is "
      "the "
      "share of the moving operand's bits that differ from the neighbour's in memory and p the share of set bits of "
      "the "
      "stationary one, 1/2 each if bits are fair coins; assumed: a PE takes energy when the product of two bits "
      "changes, and {} of its energy does so (energy.activity_share). Registers, buffers and DRAM are charged as "
      "without; layers without captures take the mean of those that have some in the same pass",
      name, machine.arch().real("energy.activity_share"), machine.arch().real("energy.activity_share")));
  return notes;
}

}  // namespace

std::vector<std::string> value_notes(const Machine& machine, const ReplayRun& run) {
  const std::string& name = machine.arch().name;
  if (run.activity && run.values != nullptr && !machine.array().value_dependent()) return activity_notes(machine, run);
  if (!machine.array().value_dependent() || run.values == nullptr) return {};
  std::vector<std::string> notes;
  if (run.activity)
    notes.push_back(fmt::format("{}: --activity changes nothing, its cycles follow the values already", name));
  for (const std::string& note : run.values->notes())
    notes.push_back(fmt::format("{}: cycles depend on operand values; {}", name, note));
  notes.push_back(
      fmt::format("{}: cycles are estimated: the share of the worst case that captured operands take, quantised anew "
                  "for other bits; "
                  "layers without captures take the mean of those that have some in the same pass",
                  name));
  notes.push_back(fmt::format(
      "{}: _low and _high are ends of 95 % confidence intervals (Student's t over captured iterations, else over the "
      "images of one, else over layers), added as if all estimates erred to one side; empty: a single capture has none",
      name));
  return notes;
}

std::vector<std::string> run_notes(const ReplayRun& run) {
  std::vector<std::string> notes{fmt::format(
      "{}: {} iterations, batch {}, network {}; savings refer to {} bits; inference at the bits of the last iteration",
      run.name, run.iterations, run.workload.batch, run.workload.network.name, run.static_bits)};
  if (!run.float_layers.empty()) {
    notes.push_back(fmt::format("{}: float layers are charged at {} bits: {}", run.name, run.float_layer_bits,
                                fmt::join(run.float_layers, ", ")));
  }
  if (run.schedule != nullptr && !run.schedule->remark().empty())
    notes.push_back(fmt::format("{}: {}", run.name, run.schedule->remark()));
  return notes;
}

void append(Table& table, const Table& more) {
  for (const auto& row : more.rows()) table.add(row);
  for (const std::string& note : more.notes()) {
    if (std::find(table.notes().begin(), table.notes().end(), note) == table.notes().end()) table.note(note);
  }
}

}  // namespace ldpsim
