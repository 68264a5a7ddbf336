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
  const Walk walk(array, memory, plan);
  if (options.values == nullptr || options.values->equal_for_equal_shapes()) {
    ModelResult result = run_group(array, memory, plan, walk, 0, task, options);
    if (task != nullptr) {
      for (std::int64_t group = 1; group < walk.groups(); ++group) modules_->array.compute({}, walk.steps(), group);
      task->finish();
    }
    result.stack *= walk.groups();
    result.bound_cycles *= walk.groups();
    result.counts *= walk.groups();
    return result;
  }
  ModelResult all;
  for (std::int64_t group = 0; group < walk.groups(); ++group) {
    const ModelResult result = run_group(array, memory, plan, walk, group, task, options);
    all.stack += result.stack;
    all.bound_cycles += result.bound_cycles;
    all.counts += result.counts;
  }
  if (task != nullptr) task->finish();
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
