// SPDX-License-Identifier: Apache-2.0
#include "sim/model/scratchpad.hpp"

namespace ldpsim {

void Scratchpad::configure(const Walk& walk, Tensor tensor, bool double_buffered) {
  walk_ = &walk;
  tensor_ = tensor;
  span_ = walk.span(tensor);
  blocks_ = walk.blocks(tensor);
  block_bits_ = walk.block_bits(tensor);
  halves_ = double_buffered ? 2 : 1;
  arrived = retired = freed = 0;
  read_left = write_left = block_bits_;
  skip_unread();
}

void Scratchpad::retire() {
  ++retired;
  if (tensor_ == Tensor::kOutput) return;  // freed once written back
  ++freed;
}

void Scratchpad::filled() {
  ++arrived;
  read_left = block_bits_;
  skip_unread();
}

void Scratchpad::drained() {
  ++freed;
  write_left = block_bits_;
  skip_unread();
}

void Scratchpad::skip_unread() {
  if (tensor_ != Tensor::kOutput) return;
  while (wants_read() && !walk_->output_read(arrived)) ++arrived;
}

}  // namespace ldpsim
