// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/energy_table.hpp"

#include <gtest/gtest.h>

#include "sim/core/error.hpp"
#include "tests/support/loaded_machine.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

class EnergyTables : public ::testing::Test {
 protected:
  /// The Bit Fusion machine with a table of these lines.
  EnergyTable load(const std::string& text, const test::LoadedMachine::Settings& settings = {}) {
    test::LoadedMachine::Settings all{{"energy.table", scratch_.write("t.yaml", text)}};
    all.insert(all.end(), settings.begin(), settings.end());
    return test::LoadedMachine("bitfusion", all).energy;
  }
  std::string error_of(const std::string& text) {
    try {
      load(text);
    } catch (const UserError& error) {
      std::string message = error.what();
      const std::string folder = scratch_.path("");
      for (std::size_t at = message.find(folder); at != std::string::npos; at = message.find(folder))
        message.erase(at, folder.size());
      return message;
    }
    return "no error";
  }
  testing_support::ScratchFolder scratch_;
};

const std::string kRow = "energy:\n  - {action: array_pe_cycles, pj: 0.5, source: a, confidence: found}\n";

TEST_F(EnergyTables, PricesAreAppliedAndTheTotalIsTheirSum) {
  const EnergyTable table =
      load(kRow + "  - {action: register_bits, pj: 0.25, source: b, confidence: memory, assumed: c}\n",
           {{"dram.pj_per_bit", "4"}});
  ActionCounts counts;
  counts[Action::kArrayCycle] = 10;
  counts[Action::kRegister] = 8;
  counts[Action::kDramRead] = 3;
  counts[Action::kDramWrite] = 2;
  counts[Action::kRescale] = 1000;  // not priced by this table
  const Energy energy = table.price(counts, 100);
  EXPECT_DOUBLE_EQ(energy[Action::kArrayCycle], 5);
  EXPECT_DOUBLE_EQ(energy[Action::kRegister], 2);
  EXPECT_DOUBLE_EQ(energy[Action::kDramRead], 12);
  EXPECT_DOUBLE_EQ(energy[Action::kDramWrite], 8);
  EXPECT_DOUBLE_EQ(energy.total_pj, 27);
  EXPECT_DOUBLE_EQ(energy.leakage_pj, 0);
  EXPECT_DOUBLE_EQ(picojoules(table.exact(counts)), 27);
  EXPECT_EQ(table.rows()[1].assumed, "c");
}

TEST_F(EnergyTables, LeakageStandsApartUnlessTheMachineAddsIt) {
  const std::string text = kRow +
                           "leakage:\n  - {part: pe, microwatt: 2, source: a, confidence: found}\n"
                           "  - {part: output_buffer, microwatt: 10, source: a, confidence: found}\n";
  const test::LoadedMachine::Settings small{
      {"array.rows", "4"}, {"array.columns", "5"}, {"buffers.output_bytes", "4096"}, {"clock.frequency_mhz", "100"}};
  test::LoadedMachine::Settings added = small;
  added.push_back({"energy.include_leakage", "true"});
  ActionCounts counts;
  counts[Action::kArrayCycle] = 10;
  const Energy apart = load(text, small).price(counts, 1000), together = load(text, added).price(counts, 1000);
  EXPECT_DOUBLE_EQ(apart.leakage_pj, (2 * 20 + 10 * 4) * 10.0);  // 80 uW for 10 us
  EXPECT_DOUBLE_EQ(apart.total_pj, 5);
  EXPECT_DOUBLE_EQ(together.total_pj, 805);
}

TEST_F(EnergyTables, ABaseIsOverriddenRowByRow) {
  scratch_.write("base.yaml", kRow + "  - {action: register_bits, pj: 1, source: b, confidence: found}\n");
  const EnergyTable table = load("base: " + scratch_.path("base.yaml") +
                                 "\nenergy:\n  - {action: register_bits, pj: 2, source: c, confidence: derived}\n");
  EXPECT_EQ(table.exact_price(Action::kRegister), 2'000'000'000);
  EXPECT_EQ(table.exact_price(Action::kArrayCycle), 500'000'000);
}

TEST_F(EnergyTables, Errors) {
  EXPECT_EQ(error_of("energy:\n  - {action: array_pe_cycle, pj: 1, source: a, confidence: found}\n"),
            "t.yaml:2: error: 'action' is 'array_pe_cycle'; did you mean 'array_pe_cycles'? allowed: array_pe_cycles, "
            "weight_buffer_read_bits, "
            "weight_buffer_write_bits, activation_buffer_read_bits, activation_buffer_write_bits, "
            "output_buffer_read_bits, output_buffer_write_bits, "
            "register_bits, correction_adds, rescale_operations, accumulator_spills, terms, skipped_terms");
  EXPECT_EQ(error_of("energy:\n  - {action: dram_read_bits, pj: 1, source: a, confidence: found}\n"),
            "t.yaml:2: error: a table does not price 'dram_read_bits'; the machine's key dram.pj_per_bit does");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, pj: 1, confidence: found}\n"),
            "t.yaml:2: error: the row lacks 'source'; every figure needs its source and confidence");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, pj: -1, source: a, confidence: found}\n"),
            "t.yaml:2: error: 'pj' is '-1'; expected a number in 0..1000000000");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, pj: 1, source: a, confidence: sure}\n"),
            "t.yaml:2: error: 'confidence' is 'sure'; allowed: found, memory, derived");
  EXPECT_EQ(
      error_of("energy:\n  - {action: register_bits, pj: 1, sauce: a}\n"),
      "t.yaml:2: error: unknown key 'sauce'; did you mean 'source'? allowed: action, pj, source, confidence, assumed");
  EXPECT_EQ(error_of(kRow + "  - {action: array_pe_cycles, pj: 1, source: a, confidence: found}\n"),
            "t.yaml:3: error: the row prices something twice");
  EXPECT_EQ(error_of("rows: []\n"),
            "t.yaml:1: error: not an energy table; expected 'energy:' and one '- {action: ..., pj: ..., source: ..., "
            "confidence: ...}' a line");
  EXPECT_EQ(error_of("energy: [\n"), "t.yaml:2: error: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(error_of(kRow + "leakage:\n  - {part: pes, microwatt: 1, source: a, confidence: found}\n"),
            "t.yaml:4: error: 'part' is 'pes'; did you mean 'pe'? allowed: pe, weight_buffer, activation_buffer, "
            "output_buffer");
}

TEST_F(EnergyTables, ATableThatIsNotThereIsNamed) {
  try {
    test::LoadedMachine("bitfusion", {{"energy.table", "bitfusion-45mn"}});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_NE(
        std::string(error.what())
            .find("no energy table named 'bitfusion-45mn'; did you mean 'bitfusion-45nm'? allowed: bitfusion-45nm, "),
        std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace ldpsim
