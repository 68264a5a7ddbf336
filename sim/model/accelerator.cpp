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
  Modules& m = *modules_;
  m.memory->configure(memory);
  m.dma.configure(memory);
  m.stationary.configure(walk, Tensor::kStationary, memory.double_buffered);
  m.moving.configure(walk, Tensor::kMoving, memory.double_buffered);
  m.output.configure(walk, Tensor::kOutput, memory.double_buffered);
  m.array.configure(walk, task);
  m.sequencer.configure(walk, {array.fill_cycles(), array.drain_cycles()},
                        options.fast_forward && m.memory->repeatable());
  m.sequencer.start();
  sc_core::sc_start();  // until nothing is left to happen
  m.sequencer.finish();
  if (task != nullptr) {
    for (std::int64_t group = 1; group < walk.groups(); ++group) m.array.compute({}, walk.steps(), group);
    task->finish();
  }
  ModelResult result;
  result.stack = m.sequencer.stack();
  if (result.stack[Cause::kCompute] != plan.compute_cycles || m.dma.read_bits != plan.counts[Action::kDramRead] ||
      m.dma.write_bits != plan.counts[Action::kDramWrite]) {
    throw InternalError(
        fmt::format("the walk took {} compute cycles and moved {} + {} bits where its plan says {} and {} + {}",
                    result.stack[Cause::kCompute], m.dma.read_bits, m.dma.write_bits, plan.compute_cycles,
                    plan.counts[Action::kDramRead], plan.counts[Action::kDramWrite]));
  }
  result.stack *= walk.groups();
  result.bound_cycles = plan.bound_cycles * walk.groups();
  result.counts = plan.counts;
  result.counts *= walk.groups();
  return result;
}

}  // namespace ldpsim
