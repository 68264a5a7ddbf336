// SPDX-License-Identifier: Apache-2.0
#include "sim/model/accelerator.hpp"

#include <fmt/format.h>

#include "sim/core/error.hpp"
#include "sim/model/sequencer.hpp"

namespace ldpsim {
namespace {

/// Turns what SystemC complains about into exceptions that say where and when; everything milder stays silent.
void report_to_exception(const sc_core::sc_report& report, const sc_core::sc_actions&) {
  if (report.get_severity() < sc_core::SC_ERROR) return;
  const char* process = report.get_process_name();
  throw InternalError(fmt::format("SystemC: {} ({}) in {} at cycle {}", report.get_msg_type(), report.get_msg(),
                                  process != nullptr ? process : "the kernel", report.get_time().value()));
}

}  // namespace

struct Accelerator::Modules {
  explicit Modules(const MemoryMaker& make_memory)
      : stationary("stationary_buffer"),
        moving("moving_buffer"),
        output("output_buffer"),
        dma("dma", {&stationary, &moving, &output}),
        array("array"),
        sequencer("sequencer", {&stationary, &moving, &output}, dma, array),
        memory(make_memory()) {
    dma.socket.bind(memory->socket);
  }
  Scratchpad stationary, moving, output;
  Dma dma;
  PeArrayModule array;
  Sequencer sequencer;
  std::unique_ptr<MemoryTarget> memory;
};

Accelerator::Accelerator() : Accelerator([] { return std::make_unique<Dram>("dram"); }) {}

Accelerator::Accelerator(const MemoryMaker& make_memory) {
  sc_core::sc_report_handler::set_handler(report_to_exception);
  modules_ = std::make_unique<Modules>(make_memory);
}

Accelerator::~Accelerator() = default;

ModelResult Accelerator::run(const PeArray& array, const MemorySpec& memory, const TilePlan& plan, FunctionalTask* task,
                             const Options& options) {
  const Problem& p = plan.problem;
  const std::int64_t rest = p.groups % p.groups_at_once;
  ModelResult all = run_sets(array, memory, plan, 0, task, options);
  if (rest > 0) {  // fewer groups side by side at the end
    Problem last = p;
    last.groups_at_once = rest;
    const TilePlan last_plan = make_plan(array, memory, last, plan.bits, plan.tile, plan.order);
    all += run_sets(array, memory, last_plan, p.groups - rest, task, options);
  }
  if (task != nullptr) task->finish();
  return all;
}

ModelResult Accelerator::run_sets(const PeArray& array, const MemorySpec& memory, const TilePlan& plan,
                                  std::int64_t first, FunctionalTask* task, const Options& options) {
  const Walk walk(array, memory, plan);
  const std::int64_t at_once = plan.problem.groups_at_once, sets = (plan.problem.groups - first) / at_once,
                     end = first + sets * at_once;
  if (options.values == nullptr || options.values->equal_for_equal_shapes()) {
    ModelResult result = run_group(array, memory, plan, walk, first, task, options);
    if (task != nullptr) {
      for (std::int64_t group = first + at_once; group < end; group += at_once)
        modules_->array.compute({}, walk.steps(), group);
    }
    result.stack *= sets;
    result.bound_cycles *= sets;
    result.counts *= sets;
    return result;
  }
  ModelResult all;
  for (std::int64_t group = first; group < end; group += at_once)
    all += run_group(array, memory, plan, walk, group, task, options);
  return all;
}

ModelResult Accelerator::run_group(const PeArray& array, const MemorySpec& memory, const TilePlan& plan,
                                   const Walk& walk, std::int64_t group, FunctionalTask* task, const Options& options) {
  Modules& m = *modules_;
  m.memory->configure(memory);
  m.dma.configure(memory);
  m.stationary.configure(walk, Tensor::kStationary, memory.double_buffered);
  m.moving.configure(walk, Tensor::kMoving, memory.double_buffered);
  m.output.configure(walk, Tensor::kOutput, memory.double_buffered);
  m.array.configure(walk, task);
  const bool alike = options.values == nullptr || options.values->equal_for_equal_shapes();
  m.sequencer.configure(walk, {array.fill_cycles(), array.drain_cycles(), options.values, group},
                        options.fast_forward && alike && m.memory->repeatable());
  m.sequencer.start();
  sc_core::sc_start();  // until nothing is left to happen
  m.sequencer.finish();
  ModelResult result;
  result.stack = m.sequencer.stack();
  const Cycles busy = result.stack[Cause::kCompute] + result.stack[Cause::kImbalance];
  const Cycles fill_drain = plan.fill_drain_cycles + array.fill_cycles() + array.drain_cycles();
  const bool as_planned = options.values != nullptr || busy == plan.compute_cycles;
  if (!as_planned || result.stack[Cause::kFillDrain] != fill_drain ||
      m.dma.read_bits != plan.counts[Action::kDramRead] || m.dma.write_bits != plan.counts[Action::kDramWrite]) {
    throw InternalError(
        fmt::format("the walk took {} + {} cycles to work, fill and drain and moved {} + {} bits where its plan says "
                    "{} + {} and {} + "
                    "{}",
                    busy, result.stack[Cause::kFillDrain], m.dma.read_bits, m.dma.write_bits, plan.compute_cycles,
                    fill_drain, plan.counts[Action::kDramRead], plan.counts[Action::kDramWrite]));
  }
  result.bound_cycles = options.values == nullptr ? plan.bound_cycles : bound_of(plan, memory, busy);
  result.counts = plan.counts;
  result.counts += m.sequencer.difference();
  result.counts[Action::kArrayCycle] -= (plan.compute_cycles - busy) * array.pes();
  return result;
}

}  // namespace ldpsim
