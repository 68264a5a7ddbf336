// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_target_socket.h>

#include <systemc>
#include <tlm>

#include "sim/mapping/tile_plan.hpp"

namespace ldpsim {

/// Kernel time of one clock cycle: one unit of the time resolution, so that cycles are plain integers and a run
/// of 1.8e19 fits.
inline sc_core::sc_time kernel_time(Cycles cycles) {
  return sc_core::sc_time::from_value(static_cast<sc_dt::uint64>(cycles));
}
inline Cycles kernel_cycles() { return static_cast<Cycles>(sc_core::sc_time_stamp().value()); }

/// Exact size of a transfer; the payload's data length is this in bytes, rounded up. Blocks of odd precisions are no
/// whole bytes.
struct TransferBits : tlm::tlm_extension<TransferBits> {
  std::int64_t bits = 0;
  tlm::tlm_extension_base* clone() const override { return new TransferBits(*this); }
  void copy_from(const tlm::tlm_extension_base& other) override { bits = static_cast<const TransferBits&>(other).bits; }
};

/// The memory behind the DMA. Another model takes the place of Dram by deriving from this and being handed to the
/// Accelerator.
///
/// Contract:
///  - b_transport returns without waiting and adds to `delay` the cycles until the last bit has passed; the DMA has one
///  transfer under way;
///  - payloads carry a TransferBits extension and no data: values do not travel, they are computed from the captured
///  operands;
///  - the address is the position in a region of its own for each tensor (address bits 40 and up name the Tensor);
///  - repeatable() says that the delay depends on nothing but size, and on whether the transfer follows the previous
///  one without a gap;
///    only then may repetitions be skipped.
class MemoryTarget : public sc_core::sc_module {
 public:
  explicit MemoryTarget(const sc_core::sc_module_name& name) : sc_module(name), socket("socket") {
    socket.register_b_transport(this, &MemoryTarget::b_transport);
  }
  /// Before every run.
  virtual void configure(const MemorySpec& memory) = 0;
  virtual bool repeatable() const = 0;
  virtual void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) = 0;

  tlm_utils::simple_target_socket<MemoryTarget> socket;
};

/// DRAM with a latency and a width. A request that follows the previous transfer without a gap has its latency hidden
/// behind it.
class Dram : public MemoryTarget {
 public:
  explicit Dram(const sc_core::sc_module_name& name) : MemoryTarget(name) {}
  void configure(const MemorySpec& memory) override;
  bool repeatable() const override { return true; }
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override;

 private:
  std::int64_t bits_per_cycle_ = 1;
  Cycles latency_ = 0;
  Cycles free_at_ = -1;  ///< kernel cycle in which the data bus becomes free; -1 = never used
};

}  // namespace ldpsim
