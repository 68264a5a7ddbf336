// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

/// A kind of array with documented keys and nothing else: loading needs no more.
void register_toy() {
  static const bool kOnce = [] {
    PeArrayRegistry::instance().add({.kind = "toy",
                                     .doc = "for tests",
                                     .parameters = {{.key = "array.rows",
                                                     .unit = "PE",
                                                     .initial = Value(std::int64_t{4}),
                                                     .least = 1,
                                                     .most = 64,
                                                     .doc = "rows"},
                                                    {.key = "array.columns",
                                                     .unit = "PE",
                                                     .initial = Value(std::int64_t{4}),
                                                     .least = 1,
                                                     .most = 64,
                                                     .doc = "columns"},
                                                    {.key = "array.mode",
                                                     .type = ValueType::kText,
                                                     .initial = Value(std::string("fast")),
                                                     .choices = {"fast", "slow"},
                                                     .doc = "mode"}},
                                     .make = [](const ArchSpec&) { return std::unique_ptr<PeArray>(); }});
    return true;
  }();
  static_cast<void>(kOnce);
}

const std::string kMachine =
    "name: toy\n"                                                                  // line 1
    "array:\n"                                                                     // 2
    "  kind: toy\n"                                                                // 3
    "clock: {frequency_mhz: 500}\n"                                                // 4
    "buffers: {weight_bytes: 1024, activation_bytes: 1024, output_bytes: 1024}\n"  // 5
    "dram: {bits_per_cycle: 64, pj_per_bit: 15}\n"                                 // 6
    "energy: {table: none}\n";                                                     // 7

class LoadArch : public ::testing::Test {
 protected:
  void SetUp() override { register_toy(); }
  std::string write(const std::string& name, const std::string& text) {
    const std::string file = scratch_.path(name);
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  /// The error of loading `text`, without the folder.
  std::string error_of(const std::string& text) {
    const std::string file = write("x.yaml", text);
    try {
      load_arch(file);
    } catch (const UserError& error) {
      return strip(error.what());
    }
    return "no error";
  }
  std::string strip(std::string message) const {
    const std::string folder = scratch_.path("");
    for (std::size_t at = message.find(folder); at != std::string::npos; at = message.find(folder))
      message.erase(at, folder.size());
    return message;
  }
  testing_support::ScratchFolder scratch_;
};

TEST_F(LoadArch, ValuesDefaultsAndTexts) {
  const ArchSpec arch = load_arch(write(
      "x.yaml", kMachine + "description: a toy\nsources: {dram.pj_per_bit: a paper}\nassumed:\n  array.rows: a guess\n"
                           "not_modelled:\n  - the weather\n"));
  EXPECT_EQ(arch.name, "toy");
  EXPECT_EQ(arch.description, "a toy");
  EXPECT_EQ(arch.integer("array.rows"), 4);
  EXPECT_EQ(arch.real("clock.frequency_mhz"), 500);
  EXPECT_TRUE(arch.flag("buffers.double_buffered"));
  EXPECT_EQ(arch.text("array.mode"), "fast");
  EXPECT_EQ(arch.sources.at("dram.pj_per_bit"), "a paper");
  EXPECT_EQ(arch.assumed.at("array.rows"), "a guess");
  EXPECT_EQ(arch.not_modelled, std::vector<std::string>{"the weather"});
}

TEST_F(LoadArch, LineEndsAndBlankLinesDoNotMatter) {
  std::string text;
  for (const char c : kMachine) text += c == '\n' ? std::string("\r\n\r\n") : std::string(1, c);
  EXPECT_EQ(load_arch(write("crlf.yaml", text)).canonical(), load_arch(write("x.yaml", kMachine)).canonical());
}

TEST_F(LoadArch, ABaseGivesWhatTheFileDoesNotAndItsRemarksEndWithItsValues) {
  write("base.yaml", kMachine + "sources: {clock.frequency_mhz: a paper, dram.pj_per_bit: another}\n");
  const ArchSpec arch =
      load_arch(write("x.yaml", "base: base.yaml\nclock: {frequency_mhz: 250.5}\narray: {rows: 8}\n"));
  EXPECT_EQ(arch.name, "x");
  EXPECT_EQ(arch.real("clock.frequency_mhz"), 250.5);
  EXPECT_EQ(arch.integer("array.rows"), 8);
  EXPECT_EQ(arch.integer("dram.bits_per_cycle"), 64);
  EXPECT_EQ(arch.sources.count("clock.frequency_mhz"), 0u);
  EXPECT_EQ(arch.sources.at("dram.pj_per_bit"), "another");
}

TEST_F(LoadArch, FilesThatAFileNamesAreBesideIt) {
  std::filesystem::create_directory(scratch_.path("sub"));
  write("sub/base.yml", kMachine);
  const auto table_of = [&](const std::string& table) {
    return load_arch(write("sub/x.yaml", "base: ./base.yml\nenergy: {table: " + table + "}\n")).text("energy.table");
  };
  EXPECT_EQ(table_of("./prices.yaml"), scratch_.path("sub/./prices.yaml"));
  EXPECT_EQ(table_of("/prices.yaml"), "/prices.yaml");
  EXPECT_EQ(table_of("prices"), "prices");
}

TEST_F(LoadArch, TwoMachinesOfTheSameValuesAreNotOne) {
  const std::string toy = load_arch(write("x.yaml", kMachine)).canonical();
  EXPECT_NE(load_arch(write("y.yaml", "base: x.yaml\nname: other\n")).canonical(), toy);
  EXPECT_EQ(load_arch(write("z.yaml", "base: x.yaml\nname: toy\n")).canonical(), toy);
}

TEST_F(LoadArch, SetChangesOneKeyAndTheCanonicalText) {
  ArchSpec arch = load_arch(write("x.yaml", kMachine));
  const std::string before = arch.canonical();
  arch.set("array.rows", "16", "--set array.rows=16");
  EXPECT_EQ(arch.integer("array.rows"), 16);
  EXPECT_NE(arch.canonical(), before);
  EXPECT_NE(arch.canonical().find("array.rows=16\n"), std::string::npos);
}

TEST_F(LoadArch, ASetKeyLosesWhatWasSaidOfItsOldValue) {
  ArchSpec arch = load_arch(write("x.yaml", kMachine + "assumed: {dram.pj_per_bit: a guess}\n"));
  arch.set("dram.pj_per_bit", "8", "test");
  EXPECT_EQ(arch.assumed.count("dram.pj_per_bit"), 0u);
}

TEST_F(LoadArch, ADramPresetIsANameForAPrice) {
  ArchSpec arch = load_arch(write("x.yaml", kMachine));
  EXPECT_EQ(arch.text("dram.preset"), "custom");
  arch.set("dram.preset", "hbm", "test");
  EXPECT_EQ(arch.real("dram.pj_per_bit"), 7);
  EXPECT_EQ(arch.sources.at("dram.pj_per_bit"), "HyGCN, HBM, as collected in DRAM_info (found)");
  arch.set("dram.preset", "bbs", "test");
  EXPECT_EQ(arch.real("dram.pj_per_bit"), 15.625);
  arch.set("dram.pj_per_bit", "8", "test");
  EXPECT_EQ(arch.text("dram.preset"), "custom");
  EXPECT_EQ(arch.sources.count("dram.pj_per_bit"), 0u);
  const ArchSpec named = load_arch(write("y.yaml", "base: " + scratch_.path("x.yaml") + "\ndram: {preset: lpddr3}\n"));
  EXPECT_EQ(named.real("dram.pj_per_bit"), 3.7);
  try {
    arch.set("dram.preset", "lpddr5", "--set dram.preset=lpddr5");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "--set dram.preset=lpddr5: error: 'dram.preset' is 'lpddr5'; did you mean 'lpddr3'? allowed: custom, "
                 "lpddr3, lpddr4, lpddr4-timeloop, ddr3, ddr4, gddr5, hbm, hbm2, bitfusion, bbs, bitmod, prosperity, "
                 "horowitz");
  }
  EXPECT_EQ(arch.real("dram.pj_per_bit"), 8);
}

TEST_F(LoadArch, ErrorsOfKeys) {
  EXPECT_EQ(error_of(kMachine + "array.rowz: 4\n"),
            "x.yaml:8: error: unknown key 'rowz' in 'array'; did you mean 'rows'? allowed: kind, rows, columns, mode");
  EXPECT_EQ(error_of("name: x\narray:\n  kind: toy\n  rowz: 4\n"),
            "x.yaml:4: error: unknown key 'rowz' in 'array'; did you mean 'rows'? allowed: kind, rows, columns, mode");
  EXPECT_EQ(error_of(kMachine + "drams: {latency_cycles: 4}\n"),
            "x.yaml:8: error: unknown key 'drams'; did you mean 'dram'? allowed: array, clock, accumulator, rescale, "
            "inserted_zeros, buffers, dram, dma, output, mapping, vector, energy");
  EXPECT_EQ(error_of(kMachine + "rescales: free\n"),
            "x.yaml:8: error: unknown key 'rescales'; did you mean 'rescale'? allowed: array, clock, accumulator, "
            "rescale, inserted_zeros, buffers, dram, dma, output, mapping, vector, energy");
  EXPECT_EQ(error_of(kMachine + "assumed: {array.row: why}\n"),
            "x.yaml:8: error: unknown key 'row' in 'array'; did you mean 'rows'? allowed: kind, rows, columns, mode");
  EXPECT_EQ(error_of(kMachine + "array: 3\n"),
            "x.yaml:8: error: 'array' is a section, not a key; its keys: kind, rows, columns, mode");
  EXPECT_EQ(error_of(kMachine + "array: {rows: {a: 1}}\n"),
            "x.yaml:8: error: 'array.rows' must be a single value; write rows: VALUE");
  EXPECT_EQ(error_of("base: x.yaml\nbase: y.yaml\n"),
            "x.yaml:2: error: 'base' is given twice; the first is at x.yaml:1");
  EXPECT_EQ(error_of(kMachine + "description: a\ndescription: b\n"),
            "x.yaml:9: error: 'description' is given twice; the first is at x.yaml:8");
  EXPECT_EQ(error_of(kMachine + "array:\n  kind: toy\n"),
            "x.yaml:9: error: 'array.kind' is given twice; the first is at x.yaml:3");
  EXPECT_EQ(error_of("array: {kind: toy}\n"),
            "x.yaml: error: 'clock.frequency_mhz' is missing; it is clock of the array, the buffers and the DRAM "
            "interface; turns cycles into time in MHz");
  EXPECT_EQ(error_of("name: x\n"), "x.yaml: error: 'array.kind' is missing; ldpsim list arrays shows the kinds");
  EXPECT_EQ(error_of("array: {kind: toys}\n"),
            "x.yaml:1: error: unknown array kind 'toys'; did you mean 'toy'? allowed: toy");
}

TEST_F(LoadArch, ErrorsOfValues) {
  EXPECT_EQ(error_of(kMachine + "array.rows: four\n"),
            "x.yaml:8: error: 'array.rows' is 'four'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error_of(kMachine + "array.rows: 0\n"),
            "x.yaml:8: error: 'array.rows' is '0'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error_of(kMachine + "array.rows: 4.5\n"),
            "x.yaml:8: error: 'array.rows' is '4.5'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error_of(kMachine + "array.rows: 99999999999999999999\n"),
            "x.yaml:8: error: 'array.rows' is '99999999999999999999'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error_of(kMachine + "array.rows:\n"),
            "x.yaml:8: error: 'array.rows' must be a single value; write rows: VALUE");
  EXPECT_EQ(error_of(kMachine + "array.rows: [1, 2]\n"),
            "x.yaml:8: error: 'array.rows' must be a single value; write rows: VALUE");
  EXPECT_EQ(error_of(kMachine + "array.mode: fats\n"),
            "x.yaml:8: error: 'array.mode' is 'fats'; did you mean 'fast'? allowed: fast, slow");
  EXPECT_EQ(error_of(kMachine + "buffers.double_buffered: yes\n"),
            "x.yaml:8: error: 'buffers.double_buffered' is 'yes'; expected true or false");
  EXPECT_EQ(error_of(kMachine + "dram.latency_cycles: nan\n"),
            "x.yaml:8: error: 'dram.latency_cycles' is 'nan'; expected an integer in 0..1000000 (cycle)");
}

TEST_F(LoadArch, ErrorsOfFiles) {
  EXPECT_EQ(error_of("array: [\n"), "x.yaml:2: error: not valid YAML: end of sequence flow not found");
  EXPECT_EQ(error_of("just text\n"), "x.yaml:1: error: not a machine description; expected 'key: value' lines");
  EXPECT_EQ(error_of(""), "x.yaml:1: error: not a machine description; expected 'key: value' lines");
  EXPECT_EQ(error_of("base: x.yaml\n"), "x.yaml:1: error: 'base: x.yaml' leads back to itself");
  EXPECT_EQ(error_of("array: &a\n  rows: *a\n"),
            "x.yaml:2: error: is nested too deeply; an alias may stand for something that holds it");
  EXPECT_EQ(error_of(kMachine + "---\n" + kMachine),
            "x.yaml:9: error: a second document begins; give one document a file, without ---");
  EXPECT_EQ(error_of("name: \"\xe9\"\n"), "x.yaml:1: error: the name is not UTF-8");
  EXPECT_EQ(error_of(kMachine + "not_modelled: weather\n"),
            "x.yaml:8: error: 'not_modelled' must be a list; write one '- text' a line");
  EXPECT_EQ(error_of(kMachine + "sources: paper\n"),
            "x.yaml:8: error: 'sources' must map keys to texts; write sources: {array.rows: why}");
  try {
    load_arch("/nowhere/x.yaml");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "/nowhere/x.yaml: error: cannot be read; give a machine of 'ldpsim list archs' or a YAML file");
  }
}

TEST_F(LoadArch, ErrorsOfSettings) {
  ArchSpec arch = load_arch(write("x.yaml", kMachine));
  const auto error = [&](const std::string& key, const std::string& value) -> std::string {
    try {
      arch.set(key, value, "--set " + key + "=" + value);
    } catch (const UserError& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_EQ(error("array.rwos", "4"),
            "--set array.rwos=4: error: unknown key 'rwos' in 'array'; did you mean 'rows'? allowed: kind, rows, "
            "columns, mode");
  EXPECT_EQ(error("array.rows", "65"),
            "--set array.rows=65: error: 'array.rows' is '65'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error("array.rows", "-1"),
            "--set array.rows=-1: error: 'array.rows' is '-1'; expected an integer in 1..64 (PE)");
  EXPECT_EQ(error("array.kind", "stripes"),
            "--set array.kind=stripes: error: a machine's 'array.kind' cannot be changed; choose another --arch");
}

TEST_F(LoadArch, NamesComeFromTheDataFolder) {
  std::filesystem::create_directories(scratch_.path("arch_configs"));
  write("arch_configs/mine.yaml", kMachine);
  write("arch_configs/yours.yaml", kMachine);
  ::setenv("LDPSIM_DATA", scratch_.path("").c_str(), 1);
  EXPECT_EQ(arch_names(), (std::vector<std::string>{"mine", "yours"}));
  EXPECT_EQ(load_arch("mine").integer("array.rows"), 4);
  try {
    load_arch("mien");
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "--arch: error: no machine named 'mien'; did you mean 'mine'? allowed: mine, yours");
  }
  ::setenv("LDPSIM_DATA", "/nowhere", 1);
  try {
    arch_names();
    ADD_FAILURE();
  } catch (const UserError& error) {
    EXPECT_STREQ(
        error.what(),
        "/nowhere/arch_configs: error: no such folder; LDPSIM_DATA must name the folder that holds arch_configs/");
  }
  ::unsetenv("LDPSIM_DATA");
  EXPECT_FALSE(arch_names().empty());  // those of the source tree, found beside the program
}

TEST(Parameters, EveryCommonKeyIsDocumentedAndItsDefaultAllowed) {
  for (const Parameter& parameter : common_parameters()) {
    EXPECT_FALSE(parameter.doc.empty()) << parameter.key;
    if (!parameter.initial) continue;
    EXPECT_EQ(parse_value(parameter, value_text(*parameter.initial), "test"), *parameter.initial) << parameter.key;
  }
}

}  // namespace
}  // namespace ldpsim
