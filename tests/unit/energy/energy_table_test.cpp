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

const std::string kRow = "energy:\n  - {action: array_pe_cycles, value: 0.5, unit: pJ, source: a, confidence: found}\n";

TEST_F(EnergyTables, PricesAreAppliedAndTheTotalIsTheirSum) {
  const EnergyTable table =
      load(kRow + "  - {action: register_bits, value: 0.25, unit: pJ, source: b, confidence: memory M, assumed: c}\n",
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
                           "leakage:\n  - {part: pe, value: 2, unit: uW, source: a, confidence: found}\n"
                           "  - {part: output_buffer, value: 10, unit: uW, source: a, confidence: found}\n";
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
  scratch_.write("base.yaml", kRow + "  - {action: register_bits, value: 1, unit: pJ, source: b, confidence: found}\n");
  const EnergyTable table =
      load("base: " + scratch_.path("base.yaml") +
           "\nenergy:\n  - {action: register_bits, value: 2, unit: pJ, source: c, confidence: derived}\n");
  EXPECT_EQ(table.exact_price(Action::kRegister), 2'000'000'000);
  EXPECT_EQ(table.exact_price(Action::kArrayCycle), 500'000'000);
}

TEST_F(EnergyTables, ATableOfOtherPesHasNotTheAreaOfItsBase) {
  scratch_.write("base.yaml", "technology_nm: 45\n" + kRow +
                                  "leakage:\n  - {part: pe, value: 2, unit: uW, source: a, confidence: found}\n"
                                  "area:\n  - {part: pe, value: 9, unit: um2, source: a, confidence: found}\n"
                                  "  - {part: rest, value: 9, unit: mm2, source: a, confidence: found}\n"
                                  "  - {part: output_buffer, value: 9, unit: um2, source: a, confidence: found}\n");
  const std::string base = "base: " + scratch_.path("base.yaml") + "\n";
  const EnergyTable same = load(base + "energy: []\n"), other = load(base + kRow);
  EXPECT_EQ(same.components().area.size(), 3u);
  EXPECT_EQ(same.leakage_rows().size(), 1u);
  ASSERT_EQ(other.components().area.size(), 1u);
  EXPECT_EQ(other.components().area.front().part, "output_buffer");
  EXPECT_TRUE(other.leakage_rows().empty());
}

TEST_F(EnergyTables, Errors) {
  EXPECT_EQ(error_of("energy:\n  - {action: array_pe_cycle, value: 1, unit: pJ, source: a, confidence: found}\n"),
            "t.yaml:2: error: 'action' is 'array_pe_cycle'; did you mean 'array_pe_cycles'? allowed: array_pe_cycles, "
            "weight_buffer_read_bits, "
            "weight_buffer_write_bits, activation_buffer_read_bits, activation_buffer_write_bits, "
            "output_buffer_read_bits, output_buffer_write_bits, "
            "register_bits, correction_adds, rescale_operations, accumulator_spills, terms, skipped_terms, "
            "vector_operations, table_adds, table_write_bits");
  EXPECT_EQ(error_of("energy:\n  - {action: dram_read_bits, value: 1, unit: pJ, source: a, confidence: found}\n"),
            "t.yaml:2: error: a table does not price 'dram_read_bits'; the machine's key dram.pj_per_bit does");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, value: 1, unit: pJ, confidence: found}\n"),
            "t.yaml:2: error: the row lacks 'source'; write {action: ..., value: ..., unit: pJ, source: ..., "
            "confidence: ...}");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, value: -1, unit: pJ, source: a, confidence: found}\n"),
            "t.yaml:2: error: 'value' is '-1'; expected a number in 0..1000000000");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, value: 1, unit: pJ, source: a, confidence: sure}\n"),
            "t.yaml:2: error: 'confidence' is 'sure'; allowed: found, derived, calibrated, memory H, memory M, memory "
            "L, assumed");
  EXPECT_EQ(
      error_of("energy:\n  - {action: register_bits, value: 1, unit: pJ, sauce: a}\n"),
      "t.yaml:2: error: unknown key 'sauce'; did you mean 'source'? allowed: action, value, unit, source, confidence, "
      "assumed, technology_nm, voltage");
  EXPECT_EQ(error_of(kRow + "  - {action: array_pe_cycles, value: 1, unit: pJ, source: a, confidence: found}\n"),
            "t.yaml:3: error: the row prices something twice");
  EXPECT_EQ(error_of("rows: []\n"),
            "t.yaml:1: error: not an energy table; expected 'energy:' and one '- {action: ..., value: ..., unit: pJ, "
            "source: ..., "
            "confidence: ...}' a line");
  EXPECT_EQ(error_of("energy: [\n"), "t.yaml:2: error: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(error_of(kRow + "leakage:\n  - {part: pes, value: 1, unit: uW, source: a, confidence: found}\n"),
            "t.yaml:4: error: 'part' is 'pes'; did you mean 'pe'? allowed: pe, weight_buffer, activation_buffer, "
            "output_buffer");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, value: 1, unit: J, source: a, confidence: found}\n"),
            "t.yaml:2: error: 'unit' is 'J'; did you mean 'fJ'? allowed: fJ, nJ, pJ");
  EXPECT_EQ(error_of("energy:\n  - {action: register_bits, value: 1, unit: pJ, technology_nm: 32, source: a, "
                     "confidence: found}\n"),
            "t.yaml:2: error: the figure cannot be rescaled: its process is not known; state 'technology_nm' in the "
            "table");
  EXPECT_EQ(error_of("technology_nm: 90\n" + kRow),
            "t.yaml: error: 90 nm is outside of the rule of Stillmaker and Baas 2017; allowed: 7 to 65 nm");
  EXPECT_EQ(error_of(kRow + "area:\n  - {part: chip, value: 1, unit: mm2, source: a, confidence: found}\n"),
            "t.yaml:4: error: 'pes' belongs to the row of a chip; it says for how many PEs its area holds");
}

TEST_F(EnergyTables, UnitsAreThoseOfTheRow) {
  const EnergyTable table = load(
      "energy:\n"
      "  - {action: array_pe_cycles, value: 2, unit: nJ, source: a, confidence: found}\n"
      "  - {action: register_bits, value: 5, unit: fJ, source: a, confidence: found}\n");
  EXPECT_EQ(table.exact_price(Action::kArrayCycle), 2'000'000'000'000);
  EXPECT_EQ(table.exact_price(Action::kRegister), 5'000'000);
}

TEST_F(EnergyTables, RowsOfOtherProcessesAreBroughtToThatOfTheTable) {
  const EnergyTable table =
      load("technology_nm: 32\n" + kRow +
           "  - {action: register_bits, value: 1, unit: pJ, technology_nm: 45, source: a, confidence: found}\n");
  EXPECT_EQ(table.exact_price(Action::kArrayCycle), 500'000'000);
  EXPECT_NEAR(static_cast<double>(table.exact_price(Action::kRegister)) * 1e-9, 0.654, 0.0005);
  EXPECT_EQ(table.rows()[1].origin.nm, 45);
  EXPECT_EQ(table.technology_text(),
            "at 32 nm, 0.9 V, 1 rows of the table from other processes rescaled by Stillmaker and Baas 2017");
}

TEST_F(EnergyTables, TheWholeTableIsRescaledOnDemandButNotDramAndLeakage) {
  const std::string text = "technology_nm: 65\nvoltage: 1.1\n" + kRow +
                           "leakage:\n  - {part: pe, value: 2, unit: uW, source: a, confidence: found}\n"
                           "area:\n  - {part: pe, value: 100, unit: um2, source: a, confidence: found}\n";
  const EnergyTable as_is = load(text), at_7 = load(text, {{"energy.technology_nm", "7"}});
  EXPECT_EQ(as_is.technology_text(), "at 65 nm, 1.1 V");
  EXPECT_NEAR(static_cast<double>(at_7.exact_price(Action::kArrayCycle)) /
                  static_cast<double>(as_is.exact_price(Action::kArrayCycle)),
              0.028, 0.0005);
  EXPECT_NEAR(*at_7.area().array_mm2, 0.039 * *as_is.area().array_mm2, 1e-12);
  EXPECT_EQ(at_7.exact_price(Action::kDramRead), as_is.exact_price(Action::kDramRead));
  EXPECT_EQ(at_7.price({}, 1000).leakage_pj, as_is.price({}, 1000).leakage_pj);
  EXPECT_NE(at_7.canonical(), as_is.canonical());
  EXPECT_EQ(at_7.technology_text(),
            "at 7 nm, 0.7 V, rescaled by Stillmaker and Baas 2017 from 65 nm, 1.1 V: energy x 0.02845, area x 0.039; "
            "the clock and so the cycles are kept (the rule's delay x 0.1691), leakage and DRAM energy are not "
            "rescaled");
  try {
    load(text, {{"energy.technology_nm", "3"}});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "energy.technology_nm: error: 3 nm is outside of the rule of Stillmaker and Baas 2017; allowed: 7 to "
                 "65 nm");
  }
}

TEST_F(EnergyTables, AFigureOfAnUnknownProcessIsNotRescaled) {
  EXPECT_EQ(load(kRow).technology_text(), "of a process that its table does not state");
  EXPECT_THROW(load(kRow, {{"energy.technology_nm", "28"}}), UserError);
}

TEST_F(EnergyTables, EveryShippedTableStatesItsProcess) {
  for (const std::string& name : energy_table_names())
    EXPECT_GT(read_component_table(name, "test", 0).technology.nm, 0) << name;
}

TEST_F(EnergyTables, ATableThatIsNotThereIsNamedWhereItWasSet) {
  try {
    test::LoadedMachine("bitfusion", {{"energy.table", "bitfusion-45mn"}});
    FAIL();
  } catch (const UserError& error) {
    EXPECT_TRUE(std::string(error.what())
                    .starts_with("test: error: no energy table named 'bitfusion-45mn'; did you mean 'bitfusion-45nm'? "
                                 "allowed: bitfusion-45nm, "))
        << error.what();
  }
}

}  // namespace
}  // namespace ldpsim
