// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/area.hpp"

#include <gtest/gtest.h>

#include "tests/support/loaded_machine.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

class Areas : public ::testing::Test {
 protected:
  /// The area of a Bit Fusion machine of 4 x 5 units and 1, 2 and 4 KiB with these rows.
  Area area(const std::string& rows) {
    const std::string text =
        "technology_nm: 45\nenergy:\n  - {action: array_pe_cycles, value: 1, unit: pJ, source: a, confidence: found}\n";
    return test::LoadedMachine("bitfusion", {{"energy.table", scratch_.write("t.yaml", text + "area:\n" + rows)},
                                             {"array.rows", "4"},
                                             {"array.columns", "5"},
                                             {"buffers.weight_bytes", "1024"},
                                             {"buffers.activation_bytes", "2048"},
                                             {"buffers.output_bytes", "4096"}})
        .energy.area();
  }
  static std::string row(const std::string& part, const std::string& value, const std::string& more = {}) {
    return "  - {part: " + part + ", value: " + value + ", unit: mm2, source: a, confidence: derived" + more + "}\n";
  }
  const std::string pe_ = "  - {part: pe, value: 500, unit: um2, source: a, confidence: found}\n";
  const std::string buffers_ =
      row("weight_buffer", "0.1") + row("activation_buffer", "0.2") + row("output_buffer", "0.3");
  testing_support::ScratchFolder scratch_;
};

TEST_F(Areas, ThePartsAddUp) {
  const Area whole = area(pe_ + buffers_ + row("rest", "0.5"));
  EXPECT_DOUBLE_EQ(*whole.array_mm2, 0.01);
  EXPECT_DOUBLE_EQ(*whole.buffers_mm2, 0.1 + 0.4 + 1.2);
  EXPECT_DOUBLE_EQ(*whole.rest_mm2, 0.5);
  EXPECT_DOUBLE_EQ(*whole.total_mm2, 2.21);
  EXPECT_EQ(whole.confidence, "derived");
  EXPECT_EQ(whole.text,
            "2.21 mm2 (derived): array 0.01 mm2, buffers 1.7 mm2, rest (control, interconnect, pads) 0.5 mm2");
}

TEST_F(Areas, WhatIsNotKnownIsEmptyAndSaysSo) {
  const Area no_rest = area(pe_ + buffers_);
  EXPECT_FALSE(no_rest.rest_mm2.has_value());
  EXPECT_DOUBLE_EQ(*no_rest.total_mm2, 1.71);
  EXPECT_EQ(no_rest.text,
            "1.71 mm2 (derived): array 0.01 mm2, buffers 1.7 mm2, rest (control, interconnect, pads) not known and not "
            "in it");
  const Area no_array = area(buffers_);
  EXPECT_FALSE(no_array.array_mm2.has_value());
  EXPECT_FALSE(no_array.total_mm2.has_value());
  EXPECT_EQ(no_array.confidence, "");
  EXPECT_EQ(no_array.text, "not known: array not known, buffers 1.7 mm2, rest (control, interconnect, pads) not known");
  EXPECT_FALSE(area(pe_ + row("weight_buffer", "0.1")).buffers_mm2.has_value());
}

TEST_F(Areas, APublishedChipHoldsForItsNumberOfPes) {
  const Area chip = area(row("chip", "4", ", technology_nm: 65, pes: 20"));
  EXPECT_NEAR(*chip.total_mm2, 4 * 0.66, 1e-12);
  EXPECT_FALSE(chip.array_mm2.has_value());
  EXPECT_EQ(chip.text,
            "2.64 mm2 (derived), the published chip, whatever the buffers: array not known, buffers not known, rest "
            "(control, interconnect, pads) not known");
  const Area other = area(row("chip", "4", ", pes: 21"));
  EXPECT_FALSE(other.total_mm2.has_value());
  EXPECT_EQ(other.text,
            "not known: array not known, buffers not known, rest (control, interconnect, pads) not known; the "
            "published chip of 21 PEs takes 4 mm2 (derived)");
}

TEST_F(Areas, PublishedMachinesHaveTheirPublishedArea) {
  const Area fusion = test::LoadedMachine("bitfusion-eyeriss").energy.area();  // the release's notebook
  EXPECT_NEAR(*fusion.array_mm2, 0.888, 5e-4);
  EXPECT_NEAR(*fusion.buffers_mm2, 0.767 + 0.242 + 0.243, 5e-4);
  EXPECT_NEAR(*fusion.total_mm2, 2.141, 2e-3);
  const Area stripes = test::LoadedMachine("stripes", {{"energy.technology_nm", "65"}}).energy.area();  // the layout
  EXPECT_NEAR(*stripes.array_mm2, 16 * 3.05, 0.01);
  EXPECT_NEAR(*stripes.total_mm2, 114, 0.05);
  const Area dadiannao = test::LoadedMachine("dadiannao", {{"energy.technology_nm", "65"}}).energy.area();
  EXPECT_NEAR(*dadiannao.total_mm2, 90, 0.05);
  EXPECT_NEAR(*stripes.array_mm2 / *dadiannao.array_mm2, 1.97, 0.005);
}

}  // namespace
}  // namespace ldpsim
