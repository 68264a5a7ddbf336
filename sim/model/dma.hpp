// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <tlm_utils/simple_initiator_socket.h>

#include "sim/model/memory_target.hpp"
#include "sim/model/scratchpad.hpp"

namespace ldpsim {

/// One DMA channel between DRAM and the scratchpads. It serves requests in the order in which steps need them (earliest
/// deadline first; of equal ones operands before results, and what frees a half before what fills one). What the next
/// step needs goes as one transaction; what is further ahead goes in bursts, so that it can be overtaken.
class Dma final : public sc_core::sc_module {
 public:
  struct Transfer {
    Tensor tensor = Tensor::kStationary;
    bool write = false;
    std::int64_t bits = 0;
    bool operator==(const Transfer&) const = default;
  };

  Dma(const sc_core::sc_module_name& name, std::array<Scratchpad*, kTensorCount> pads);
  ~Dma() override { payload_.clear_extension(&size_); }  // the payload would delete it
  void configure(const MemorySpec& memory);
  /// Books the transfer under way if it ends now. Call before anything else looks at the scratchpads.
  void settle(Cycles now);
  /// Starts a transfer if the channel is free and something is asked for. `next_step` is the next step to start.
  void dispatch(Cycles now, std::int64_t next_step);
  void cancel() { ended_.cancel(); }

  const sc_core::sc_event& ended() const { return ended_; }
  bool busy() const { return busy_; }
  const Transfer& transfer() const { return transfer_; }
  /// When the transfer under way ends, or the last one ended (-1 = none yet).
  Cycles ends_at() const { return ends_at_; }
  std::int64_t burst_bits() const { return burst_bits_; }

  std::int64_t read_bits = 0, write_bits = 0;  ///< moved so far
  tlm_utils::simple_initiator_socket<Dma> socket;

 private:
  /// The most urgent request, bits = 0 if there is none.
  Transfer choose(std::int64_t next_step) const;
  void issue(const Transfer& transfer, Cycles now);

  std::array<Scratchpad*, kTensorCount> pads_;
  std::int64_t burst_bits_ = 1;
  bool busy_ = false;
  Transfer transfer_;
  Cycles ends_at_ = -1;
  tlm::tlm_generic_payload payload_;
  TransferBits size_;
  sc_core::sc_event ended_;
};

}  // namespace ldpsim
