// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemc>

#include "sim/model/memory_target.hpp"
#include "sim/model/walk.hpp"

namespace ldpsim {

/// The clocked side of a PeArray: it works on one tile at a time and sleeps until the tile is done, since the outcome
/// of every cycle in between is known when it starts.
class PeArrayModule final : public sc_core::sc_module {
 public:
  using Index = std::array<std::int64_t, kLoopCount>;
  explicit PeArrayModule(const sc_core::sc_module_name& name) : sc_module(name), done_("done") {}
  void configure(const Walk& walk, FunctionalTask* task);
  /// Works for `cycles` from `now`.
  void start(Cycles now, Cycles cycles);
  void finish() { busy_ = false; }
  void cancel() { done_.cancel(); }
  /// Computes the values of `steps` tiles from `index` on, of `group` and those side by side with it; nothing without a
  /// task.
  void compute(Index index, std::int64_t steps, std::int64_t group) const;

  const sc_core::sc_event& done() const { return done_; }
  bool busy() const { return busy_; }
  Cycles ends_at() const { return ends_at_; }

 private:
  const Walk* walk_ = nullptr;
  FunctionalTask* task_ = nullptr;
  bool busy_ = false;
  Cycles ends_at_ = 0;
  sc_core::sc_event done_;
};

}  // namespace ldpsim
