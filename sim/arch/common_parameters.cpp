// SPDX-License-Identifier: Apache-2.0
#include "sim/arch/arch_spec.hpp"

namespace ldpsim {
namespace {

std::vector<Parameter> machine_parameters() {
  return {
      {.key = "array.kind",
       .type = ValueType::kText,
       .doc = "kind of PE array (ldpsim list arrays); it decides which other array.* keys there are"},
      {.key = "clock.frequency_mhz",
       .type = ValueType::kReal,
       .unit = "MHz",
       .least = 0.001,
       .most = 1e5,
       .doc = "clock of the array, the buffers and the DRAM interface; turns cycles into time"},
      {.key = "accumulator.bits",
       .unit = "bit",
       .initial = Value(std::int64_t{32}),
       .least = 8,
       .most = 62,
       .doc = "width of the integer accumulators"},
      {.key = "accumulator.overflow",
       .type = ValueType::kText,
       .initial = Value(std::string("split")),
       .choices = {"split", "wrap", "saturate"},
       .doc = "what happens to a sum whose worst case does not fit the accumulator: split drains partial sums before "
              "they can overflow, wrap and saturate compute as such hardware would. A drain is an addition to a wider "
              "sum behind the accumulator; it takes energy (accumulator_spills) and no cycle, since the accumulator "
              "goes on "
              "meanwhile: on serial arrays a step is never shorter than the drains of its lanes at 32 bits; of "
              "bit-parallel arrays it is assumed that the sum of a step goes straight to the wider one"},
      {.key = "rescale",
       .type = ValueType::kText,
       .initial = Value(std::string("free")),
       .choices = {"free", "per_group"},
       .doc = "backward-data with a scale per output channel: free charges a plain GEMM, per_group models the hardware "
              "that the many scales need (only one channel's taps share an integer sum; each sum is then scaled and "
              "added in a wider accumulator)"},
      {.key = "inserted_zeros",
       .type = ValueType::kText,
       .initial = Value(std::string("compute")),
       .choices = {"compute", "skip"},
       .doc = "zeros that backward-data of a strided layer inserts between the gradients: multiplied like any value, "
              "or skipped by running the stride's phases as dense problems"},
  };
}

std::vector<Parameter> memory_parameters() {
  return {
      {.key = "buffers.weight_bytes",
       .unit = "byte",
       .least = 1,
       .most = 1e12,
       .doc = "capacity of the stationary operand's buffer (weights; gradients in backward-weight)"},
      {.key = "buffers.activation_bytes",
       .unit = "byte",
       .least = 1,
       .most = 1e12,
       .doc = "capacity of the moving operand's buffer (activations; gradients in backward-data)"},
      {.key = "buffers.output_bytes",
       .unit = "byte",
       .least = 1,
       .most = 1e12,
       .doc = "capacity of the buffer of partial sums and results"},
      {.key = "buffers.double_buffered",
       .type = ValueType::kFlag,
       .initial = Value(true),
       .doc = "half of each buffer is filled while the array works on the other half"},
      {.key = "dram.bits_per_cycle",
       .unit = "bit/cycle",
       .least = 1,
       .most = 1e9,
       .doc = "DRAM bandwidth, reads and writes together, per cycle of the array's clock"},
      {.key = "dram.latency_cycles",
       .unit = "cycle",
       .initial = Value(std::int64_t{0}),
       .least = 0,
       .most = 1e6,
       .doc = "cycles from a request to its first data"},
      {.key = "dram.pj_per_bit",
       .type = ValueType::kReal,
       .unit = "pJ/bit",
       .least = 0,
       .most = 1e6,
       .doc = "energy of one DRAM bit, read or written"},
      {.key = "dram.preset",
       .type = ValueType::kText,
       .initial = Value(std::string("custom")),
       .doc = "a published figure for dram.pj_per_bit by its name (ldpsim list dram); setting either key sets the "
              "other, the later one counts"},
      {.key = "dma.burst_bits",
       .unit = "bit",
       .initial = Value(std::int64_t{16384}),
       .least = 8,
       .most = 1e9,
       .doc = "size of one background burst; an urgent transfer waits for at most one"},
      {.key = "output.word_bits",
       .unit = "bit",
       .initial = Value(std::int64_t{32}),
       .least = 1,
       .most = 64,
       .doc = "width of partial sums and results in the output buffer and in DRAM"},
      {.key = "output.always_read",
       .type = ValueType::kFlag,
       .initial = Value(false),
       .doc = "read every output block from DRAM before it is computed, also the first time (as Bit Fusion's released "
              "model does), instead of only when partial sums are revisited"},
  };
}

std::vector<Parameter> mapping_parameters() {
  return {
      {.key = "mapping.cycle_slack_percent",
       .type = ValueType::kReal,
       .unit = "%",
       .initial = Value(0.5),
       .least = 0,
       .most = 100,
       .doc =
           "of all tilings and orders of the loops whose bound_cycles exceed the least of a problem by no more than "
           "this, the one of least energy is run; 0: the one of least bound_cycles, energy decides between equals. A "
           "search for cycles alone may pay for the last few of them with several times the DRAM traffic",
       .assumed = "no publication says how many cycles its mapping gives for energy"},
  };
}

constexpr const char* kVectorUnitAssumed =
    "no publication says what this machine would do of training beside multiply-accumulates";

std::vector<Parameter> vector_parameters() {
  return {
      {.key = "vector.lanes",
       .unit = "operation/cycle",
       .initial = Value(std::int64_t{64}),
       .least = 1,
       .most = 1e6,
       .doc = "width of the unit that updates weights, normalises, finds ranges and quantises (rows update and vector)",
       .assumed = kVectorUnitAssumed},
      {.key = "vector.master_bits",
       .unit = "bit",
       .initial = Value(std::int64_t{32}),
       .least = 8,
       .most = 64,
       .doc = "a weight as the optimiser keeps it in DRAM",
       .assumed = kVectorUnitAssumed},
      {.key = "vector.state_bits",
       .unit = "bit",
       .initial = Value(std::int64_t{32}),
       .least = 0,
       .most = 256,
       .doc = "the optimiser's state of one weight in DRAM: 32 for momentum, 64 for Adam, 0 for plain gradient descent",
       .assumed = kVectorUnitAssumed},
      {.key = "vector.transposes",
       .type = ValueType::kFlag,
       .initial = Value(true),
       .doc = "codes of weights, activations and gradients are written to DRAM a second time in the order that the "
              "backward passes read them in",
       .assumed = kVectorUnitAssumed},
  };
}

std::vector<Parameter> energy_parameters() {
  return {
      {.key = "energy.table",
       .type = ValueType::kText,
       .doc = "table of energies and areas: a name out of arch_configs/energy/ or a YAML file"},
      {.key = "energy.technology_nm",
       .type = ValueType::kReal,
       .unit = "nm",
       .initial = Value(0.0),
       .least = 0,
       .most = 65,
       .doc = "process to which energy and area are rescaled from that of their table, at its nominal voltage, by the "
              "rule of arch_configs/technology/scaling.yaml (7 to 65 nm); 0: as the table has them. Clock, leakage and "
              "DRAM energy stay"},
      {.key = "energy.activity_share",
       .type = ValueType::kReal,
       .initial = Value(1.0),
       .least = 0,
       .most = 1,
       .doc =
           "share of the energy of a PE's cycle that follows the bits of its operands, with --activity operands; the "
           "rest (clock, control) is taken in every cycle. Assumed: not published for any machine, and 1 is the most "
           "that zeros can save"},
      {.key = "energy.include_leakage",
       .type = ValueType::kFlag,
       .initial = Value(false),
       .doc = "add leakage to the total energy; its own column shows it in any case"},
  };
}

}  // namespace

const std::vector<Parameter>& common_parameters() {
  static const std::vector<Parameter> kParameters = [] {
    std::vector<Parameter> all = machine_parameters();
    for (const std::vector<Parameter>& part :
         {memory_parameters(), mapping_parameters(), vector_parameters(), energy_parameters()})
      all.insert(all.end(), part.begin(), part.end());
    return all;
  }();
  return kParameters;
}

}  // namespace ldpsim
