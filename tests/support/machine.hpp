// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/core/random.hpp"
#include "sim/model/accelerator.hpp"
#include "sim/model/memory_target.hpp"

namespace ldpsim::test {

/// The built-in DRAM, which on demand takes up to `most` cycles longer for each transfer, like a memory that others use
/// as well.
class JitterDram final : public Dram {
 public:
  static inline Cycles most = 0;
  static inline std::uint64_t seed = 0;
  explicit JitterDram(const sc_core::sc_module_name& name) : Dram(name) {}
  void configure(const MemorySpec& memory) override {
    Dram::configure(memory);
    random_ = Random(seed);
  }
  bool repeatable() const override { return most == 0; }
  void b_transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) override {
    Dram::b_transport(payload, delay);
    if (most > 0) delay += kernel_time(random_.between(0, most));
  }

 private:
  Random random_{0};
};

/// SystemC elaborates once a process, so all tests of a process share one machine.
inline Accelerator& machine() {
  static Accelerator accelerator([] { return std::make_unique<JitterDram>("dram"); });
  return accelerator;
}

}  // namespace ldpsim::test
