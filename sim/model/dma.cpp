// SPDX-License-Identifier: Apache-2.0
#include "sim/model/dma.hpp"

#include <algorithm>
#include <limits>

#include "sim/core/error.hpp"

namespace ldpsim {

Dma::Dma(const sc_core::sc_module_name& name, std::array<Scratchpad*, kTensorCount> pads)
    : sc_module(name), socket("socket"), pads_(pads), ended_("ended") {
  payload_.set_data_ptr(nullptr);
  payload_.set_streaming_width(0);
  payload_.set_extension(&size_);
}

void Dma::configure(const MemorySpec& memory) {
  // whole beats only: a burst that ends in the middle of a beat would waste the rest of it
  const std::int64_t beat = memory.dram_bits_per_cycle;
  burst_bits_ = std::max(beat, memory.dma_burst_bits - memory.dma_burst_bits % beat);
  busy_ = false;
  ends_at_ = -1;
  read_bits = write_bits = 0;
  ended_.cancel();
}

void Dma::settle(Cycles now) {
  if (!busy_ || ends_at_ != now) return;
  busy_ = false;
  Scratchpad& pad = *pads_[static_cast<std::size_t>(transfer_.tensor)];
  if (transfer_.write) {
    if (pad.write_left == 0) pad.drained();
  } else if (pad.read_left == 0) {
    pad.filled();
  }
}

void Dma::dispatch(Cycles now, std::int64_t next_step) {
  if (busy_) return;
  const Transfer transfer = choose(next_step);
  if (transfer.bits > 0) issue(transfer, now);
}

Dma::Transfer Dma::choose(std::int64_t next_step) const {
  Transfer best;
  std::int64_t best_deadline = std::numeric_limits<std::int64_t>::max();
  const auto offer = [&](Tensor tensor, bool write, std::int64_t deadline, std::int64_t left) {
    if (deadline >= best_deadline) return;
    best_deadline = deadline;
    best = {tensor, write, deadline <= next_step ? left : std::min(left, burst_bits_)};
  };
  const auto offer_read = [&](Tensor tensor) {
    const Scratchpad& pad = *pads_[static_cast<std::size_t>(tensor)];
    if (pad.wants_read()) offer(tensor, false, pad.read_deadline(), pad.read_left);
  };
  offer_read(Tensor::kStationary);
  offer_read(Tensor::kMoving);
  const Scratchpad& output = *pads_[static_cast<std::size_t>(Tensor::kOutput)];
  if (output.wants_write()) offer(Tensor::kOutput, true, output.write_deadline(), output.write_left);
  offer_read(Tensor::kOutput);
  return best;
}

void Dma::issue(const Transfer& transfer, Cycles now) {
  Scratchpad& pad = *pads_[static_cast<std::size_t>(transfer.tensor)];
  std::int64_t& left = transfer.write ? pad.write_left : pad.read_left;
  const std::uint64_t region = static_cast<std::uint64_t>(transfer.tensor) << 40;
  const std::int64_t position = (transfer.write ? pad.freed : pad.arrived) * pad.block_bits() + pad.block_bits() - left;
  payload_.set_command(transfer.write ? tlm::TLM_WRITE_COMMAND : tlm::TLM_READ_COMMAND);
  payload_.set_address(region + static_cast<std::uint64_t>(position / 8));
  payload_.set_data_length(
      static_cast<unsigned>(std::min<std::int64_t>(ceil_div(transfer.bits, 8), std::numeric_limits<unsigned>::max())));
  payload_.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
  size_.bits = transfer.bits;
  sc_core::sc_time delay = sc_core::SC_ZERO_TIME;
  socket->b_transport(payload_, delay);
  if (payload_.is_response_error())
    throw InternalError("the memory refused a transfer: " + payload_.get_response_string());
  left -= transfer.bits;
  (transfer.write ? write_bits : read_bits) += transfer.bits;
  busy_ = true;
  transfer_ = transfer;
  ends_at_ = now + static_cast<Cycles>(delay.value());
  ended_.notify(delay);
}

}  // namespace ldpsim
