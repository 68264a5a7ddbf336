// SPDX-License-Identifier: Apache-2.0
// simulate, replay and sweep from outside: what they print, what they store, and what they say when they cannot.
#include <gmock/gmock.h>
#include <signal.h>

#include <chrono>
#include <map>
#include <thread>

#include "tests/support/made_up_run.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::testing_support {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string kSource = LDPSIM_SOURCE_DIR;
const std::string kNetwork = kSource + "/networks/resnet20.csv";

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// Everything in a results file as SQL.
std::string dump(const std::string& file) { return run_program({"sqlite3", file, ".dump"}).out; }

/// A failing command prints one line and nothing else.
void expect_error(const std::vector<std::string>& arguments, int code, const std::string& text) {
  const Outcome outcome = run_ldpsim(arguments);
  EXPECT_EQ(outcome.code, code) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(lines_of(outcome.err).size(), 1u) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(text));
}

TEST(Simulate, CsvHasStableColumnsAndEndsWithTheTotal) {
  const Outcome outcome = run_ldpsim(
      {"simulate", kNetwork, "--arch", "stripes", "--arch", "bitfusion", "--passes", "forward", "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const std::vector<std::string> lines = lines_of(outcome.out);
  EXPECT_EQ(
      lines.front(),
      "arch,rescale,batch,layer,pass,weight_bits,activation_bits,gradient_bits,macs,gbitops,cycles,bound_cycles,"
      "compute_cycles,"
      "fill_drain_cycles,weight_load_cycles,dram_stall_cycles,buffer_stall_cycles,imbalance_cycles,idle_cycles,"
      "utilization,"
      "array_pe_cycles,weight_buffer_read_bits,weight_buffer_write_bits,activation_buffer_read_bits,activation_buffer_"
      "write_bits,"
      "output_buffer_read_bits,output_buffer_write_bits,register_bits,dram_read_bits,dram_write_bits,correction_adds,"
      "rescale_operations,accumulator_spills,terms,skipped_terms,vector_operations,table_adds,table_write_bits,quiet_"
      "pe_cycles,energy_"
      "pj,energy_array_pj,energy_"
      "weight_buffer_pj,"
      "energy_activation_"
      "buffer_pj,"
      "energy_output_buffer_pj,energy_register_pj,energy_dram_pj,energy_correction_pj,energy_rescale_pj,"
      "energy_accumulator_spill_pj,energy_vector_pj,energy_table_pj,energy_leakage_pj,time_s,area_mm2,"
      "area_array_mm2,area_buffers_mm2,area_rest_mm2,cycles_low,cycles_high,"
      "low_energy_pj,high_energy_pj,captures");
  EXPECT_THAT(lines.back(), StartsWith("bitfusion,per_group,16,total,all,,,,"));
  EXPECT_EQ(lines.size(), 1u + 2u * (1u + lines_of(read_file(kNetwork)).size() -
                                     2u));  // two machines; the table has a remark and a header
}

TEST(Simulate, PrecisionsAndSettingsCount) {
  const auto cycles = [](std::vector<std::string> more) {
    std::vector<std::string> arguments{"simulate", kNetwork, "--arch",   "stripes",
                                       "--format", "csv",    "--passes", "forward"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_ldpsim(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    std::istringstream total(lines_of(outcome.out).back());
    std::string field;
    for (int i = 0; i <= 10; ++i) std::getline(total, field, ',');
    return std::stoll(field);
  };
  const auto base = cycles({});
  EXPECT_LT(cycles({"--bits", "4:4:8"}), base);
  EXPECT_LT(cycles({"--set", "dram.bits_per_cycle=4096"}), base);
  EXPECT_GT(cycles({"--batch", "32"}), base);
}

/// The last row (the total) of a command's CSV, by column.
std::map<std::string, std::string> total_of(const std::vector<std::string>& arguments) {
  const Outcome outcome = run_ldpsim(arguments);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = lines_of(outcome.out);
  std::istringstream names(lines.front()), cells(lines.back());
  std::map<std::string, std::string> row;
  for (std::string name, cell; std::getline(names, name, ','); row[name] = cell) {
    cell.clear();
    std::getline(cells, cell, ',');
  }
  return row;
}

TEST(Simulate, FloatLayersAreChargedAtTheBitsThatTheNoteNames) {
  const ScratchFolder scratch;
  const std::string header =
      "name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,stride,"
      "padding,quantised,weight_bits,activation_bits,gradient_bits\n";
  const auto simulated = [&](const std::string& rest) {
    const std::string file = scratch.write("net.csv", header + "a,conv,16,16,8,8,3,3,1,1," + rest);
    return run_ldpsim({"simulate", file, "--arch", "stripes", "--format", "csv"}).out;
  };
  EXPECT_EQ(simulated("0,3,3,4\n"), simulated("0,8,8,8\n"));
  EXPECT_NE(simulated("1,3,3,4\n"), simulated("1,8,8,8\n"));
}

TEST(Simulate, DataOfTheTrainerAloneDoesNotHideTheProgramsOwn) {
  const ScratchFolder scratch;
  const Outcome outcome = run_program({"env", "LDPSIM_DATA=" + scratch.path(""), built("ldpsim"), "list", "archs"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("stripes"));
}

TEST(Simulate, TechnologyRescalesEnergyAndAreaAndSaysSo) {
  const std::vector<std::string> arguments{"simulate", kNetwork,  "--arch",   "bitfusion",
                                           "--passes", "forward", "--format", "csv"};
  std::vector<std::string> scaled = arguments;
  scaled.insert(scaled.end(), {"--technology", "32"});
  auto here = total_of(arguments), there = total_of(scaled);
  const auto ratio = [&](const std::string& column) { return std::stod(there[column]) / std::stod(here[column]); };
  EXPECT_NEAR(ratio("energy_array_pj"), 0.654, 5e-4);
  EXPECT_NEAR(ratio("energy_output_buffer_pj"), 0.654, 5e-4);
  EXPECT_NEAR(ratio("area_mm2"), 0.46, 1e-9);
  EXPECT_EQ(there["area_rest_mm2"], "");  // not known, and not 0
  for (const char* same : {"cycles", "energy_dram_pj", "energy_leakage_pj", "time_s"})
    EXPECT_EQ(there[same], here[same]) << same;
  scaled.resize(scaled.size() - 4);
  scaled.insert(scaled.end(), {"--set", "energy.technology_nm=32", "--format", "json"});
  EXPECT_THAT(
      run_ldpsim(scaled).out,
      HasSubstr("bitfusion energy and area: table bitfusion-45nm-training at 32 nm, 0.9 V, rescaled by "
                "Stillmaker and Baas 2017 from 45 nm, 0.9 V: energy x 0.6541, area x 0.46; the clock and so the "
                "cycles are kept (the rule's delay x 0.6631), leakage and DRAM energy are not rescaled"));
}

TEST(Simulate, ADramPresetSetsThePriceOfABit) {
  const std::vector<std::string> arguments{"simulate", kNetwork,   "--arch", "stripes", "--passes",
                                           "forward",  "--format", "csv",    "--set",   "dram.preset=hbm"};
  auto row = total_of(arguments);
  EXPECT_DOUBLE_EQ(std::stod(row["energy_dram_pj"]),
                   7 * (std::stod(row["dram_read_bits"]) + std::stod(row["dram_write_bits"])));
}

TEST(Simulate, SaysWhatIsWrong) {
  expect_error({"simulate"}, 2, "ldpsim simulate: error: no network given");
  expect_error({"simulate", "nowhere.csv", "--arch", "stripes"}, 2, "nowhere.csv");
  expect_error({"simulate", kNetwork}, 2, "--arch: error: no machine given");
  expect_error({"simulate", kNetwork, "--arch", "stripe"}, 2, "did you mean 'stripes'?");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--bits", "17"}, 2,
               "--bits 17: error: '17' is not a precision; allowed: 1 to 16 bits");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--bits", "4:4"}, 2, "is neither B nor W:A:G");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--batch", "0"}, 2, "--batch: error: is 0");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--passes", "forwards"}, 2, "--passes");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--set", "array.rowz=3"}, 2,
               "--set array.rowz=3: error: unknown key 'array.rowz'");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--set", "array.windows"}, 2, "is not KEY=VALUE");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--rescale", "never"}, 2,
               "--rescale: error: unknown way 'never'");
  expect_error(
      {"simulate", kNetwork, "--arch", "stripes", "--technology", "3"}, 2,
      "energy.technology_nm: error: 3 nm is outside of the rule of Stillmaker and Baas 2017; allowed: 7 to 65");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--format", "xml"}, 2, "unknown format 'xml'");
  expect_error({"simulate", kNetwork, "--arch", "stripes", "--set", "buffers.output_bytes=16"}, 2,
               "enlarge buffers.output_bytes");
}

TEST(Replay, MemoryJobsAndFormatsDoNotChangeTheFigures) {
  const ScratchFolder scratch;
  const std::string trace = scratch.path("run.trace");
  write_made_up_run(trace, "resnet20", 30, 1);
  const auto replay = [&](std::vector<std::string> more) {
    std::vector<std::string> arguments{"replay",    trace,          "--arch", "stripes",  "--arch",
                                       "bitfusion", "--iterations", "5:9",    "--format", "csv"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Outcome outcome = run_ldpsim(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.err, "");
    return outcome.out;
  };
  const std::string plain = replay({"--by", "layer"});
  EXPECT_EQ(replay({"--by", "layer", "--no-memo"}), plain);
  EXPECT_EQ(replay({"--by", "layer", "-j", "3"}), plain);
  EXPECT_EQ(lines_of(replay({"--by", "total"})).back(), lines_of(plain).back());
  EXPECT_THAT(plain, HasSubstr("\nrun,stripes,free,training,"));
  EXPECT_THAT(plain, HasSubstr("\nrun,stripes,per_group,training,"));
  EXPECT_THAT(lines_of(plain).back(), StartsWith("run,bitfusion,per_group,training,schedule,128,4,total,all,"));
  const std::string savings = replay({"--savings"});
  EXPECT_THAT(savings, StartsWith("run,arch,rescale,phase,batch,static_bits,claimed_saving_percent,cycles_saving_"
                                  "percent,energy_saving_percent,"));
  EXPECT_EQ(lines_of(savings).size(), 1u + 4u * 3u);
}

TEST(Replay, TextShowsTheMachineAndWhatItLeavesOut) {
  const ScratchFolder scratch;
  write_made_up_run(scratch.path("run.trace"), "resnet20", 3, 2, "tensor");
  const Outcome outcome =
      run_ldpsim({"replay", scratch.path("run.trace"), "--arch", "stripes", "--float-layer-bits", "16"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("stripes does not model: "));
  EXPECT_THAT(outcome.out, HasSubstr("stripes assumes dram.bits_per_cycle: "));
  EXPECT_THAT(outcome.out, HasSubstr("stripes energy and area: table stripes-28nm at 28 nm"));
  EXPECT_THAT(outcome.out, HasSubstr("stripes area: 28.88 mm2 (memory M): array 12.36 mm2"));
  EXPECT_THAT(outcome.out, HasSubstr("stripes DRAM: 15 pJ a bit (dram.pj_per_bit); published figures run from "));
  EXPECT_THAT(outcome.out, HasSubstr("float layers are charged at 16 bits: "));
  EXPECT_THAT(outcome.out, HasSubstr("claimed_saving_percent"));
}

TEST(Replay, SaysWhyItSavesLessThanClaimed) {
  const ScratchFolder scratch;
  write_made_up_run(scratch.path("run.trace"), "resnet20", 3, 2, "tensor");
  const Outcome outcome =
      run_ldpsim({"replay", scratch.path("run.trace"), "--arch", "stripes", "--gap", "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("run,arch,rescale,phase,metric,cause,share_points,saving_after_percent,why\n"));
  EXPECT_THAT(outcome.out, HasSubstr("cycles follow the bits of the serial operand alone"));
}

TEST(Replay, StoresWhatItPrintsAndOnceOnly) {
  const ScratchFolder scratch;
  const std::string trace = scratch.path("run.trace"), results = scratch.path("r.results");
  write_made_up_run(trace, "resnet20", 3, 3);
  for (int i = 0; i < 2; ++i)
    ASSERT_EQ(run_ldpsim({"replay", trace, "--arch", "stripes", "-o", results, "--quiet"}).code, 0);
  EXPECT_EQ(run_program({"sqlite3", results, "select count(distinct point), count(*) from replay"}).out, "2|30\n");
  EXPECT_EQ(run_program({"sqlite3", results, "select count(*) from saving"}).out, "6\n");
  EXPECT_EQ(run_program({"sqlite3", results, "select count(*) from gap where metric='cycles' and cause='memory'"}).out,
            "4\n");
  EXPECT_THAT(run_program({"sqlite3", results, "select config from point limit 1"}).out, HasSubstr("\"not_modelled\""));
}

TEST(Replay, SeveralTracesAreTheRowsOfEach) {
  const ScratchFolder scratch;
  const std::string a = scratch.path("a.trace"), b = scratch.path("b.trace");
  write_made_up_run(a, "resnet20", 3, 5);
  write_made_up_run(b, "resnet38", 4, 6, "tensor");
  for (const std::vector<std::string>& form :
       {std::vector<std::string>{"--format", "csv"}, {"--format", "csv", "--savings"}, {"--format", "csv", "--gap"}}) {
    const auto replay = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(), "replay");
      arguments.insert(arguments.end(), {"--arch", "stripes"});
      arguments.insert(arguments.end(), form.begin(), form.end());
      const Outcome outcome = run_ldpsim(arguments);
      EXPECT_EQ(outcome.code, 0) << outcome.err;
      return lines_of(outcome.out);
    };
    std::vector<std::string> expected = replay({a});
    const std::vector<std::string> second = replay({b});
    ASSERT_GT(second.size(), 1u);
    expected.insert(expected.end(), second.begin() + 1, second.end());
    EXPECT_EQ(replay({a, b}), expected);
  }
  const Outcome text = run_ldpsim({"replay", a, b, "--arch", "stripes", "--by", "total"});
  ASSERT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, StartsWith("run  arch "));
  EXPECT_THAT(text.out, HasSubstr("\na    stripes"));
  EXPECT_THAT(text.out, HasSubstr("\nb    stripes"));
  const std::string results = scratch.path("r.results");
  ASSERT_EQ(run_ldpsim({"replay", a, b, "--arch", "stripes", "-o", results, "--quiet"}).code, 0);
  EXPECT_EQ(run_program({"sqlite3", results, "select distinct run from saving order by run"}).out, "a\nb\n");
  expect_error({"replay", a, a, "--arch", "stripes"}, 2, "a second trace called 'a'");
}

TEST(Replay, SaysWhatIsWrong) {
  const ScratchFolder scratch;
  const std::string trace = scratch.path("run.trace");
  write_made_up_run(trace, "resnet20", 3, 4);
  expect_error({"replay", scratch.path("nowhere.trace"), "--arch", "stripes"}, 2, "nowhere.trace");
  expect_error({"replay", scratch.write("other.trace", "something else, and long enough"), "--arch", "stripes"}, 3,
               "other.trace");
  expect_error({"replay", trace, "--arch", "stripes", "--iterations", "0:99"}, 2, "iteration");
  expect_error({"replay", trace, "--arch", "stripes", "--iterations", "x"}, 2,
               "--iterations x: error: is not FIRST:LAST");
  expect_error({"replay", trace, "--arch", "stripes", "--by", "epoch"}, 2, "--by: error: unknown detail 'epoch'");
  expect_error({"replay", trace, "--arch", "stripes", "-j", "0"}, 2, "--jobs: error: is 0");
  expect_error({"replay", trace, "--arch", "stripes", "--arch", "stripes"}, 2, "is given twice");
}

std::vector<std::string> sweep_of(const std::string& results, const std::string& jobs) {
  return {"sweep",   kNetwork,
          "--arch",  "bitfusion",
          "--batch", "128",
          "--grid",  "array.rows=4,8,16,32",
          "--grid",  "dram.bits_per_cycle=64,128,192,256,384",
          "--grid",  "buffers.weight_bytes=32768,65536",
          "--grid",  "buffers.output_bytes=16384,32768,65536",
          "-j",      jobs,
          "-o",      results};
}

/// Number of results in a results file; 0 if it is not there yet or being written. Opened for writing: a reader cannot
/// roll back what a killed run left half done, and would see nothing at all.
int count_results(const std::string& results) {
  if (!std::filesystem::exists(results)) return 0;
  const std::string count = run_program({"sqlite3", results, "select count(*) from result"}).out;
  return count.empty() ? 0 : std::stoi(count);
}

/// Starts ldpsim, waits until its results file has gained `enough` results, and sends it a signal. The exit code, or
/// -signal. Results of an earlier run do not count: this one must be at work when the signal comes. It therefore runs
/// in bursts and stands still while its results are counted, or on a busy machine it would be done before the signal.
int start_and_signal(std::vector<std::string> arguments, const std::string& results, int enough, int signal) {
  const int before = count_results(results);
  arguments.insert(arguments.begin(), built("ldpsim"));
  RunningProgram program(arguments);
  program.runs_until([&] {
    program.signal(SIGSTOP);
    const bool at_work = count_results(results) >= before + enough;
    if (at_work) program.signal(signal);
    program.signal(SIGCONT);
    return at_work;
  });
  return program.wait().code;
}

TEST(Sweep, KilledAndInterruptedAndRunAgainEndsInTheSameContents) {
  const ScratchFolder scratch;
  const std::string whole = scratch.path("whole.results"), pieces = scratch.path("pieces.results");
  ASSERT_EQ(run_ldpsim(sweep_of(whole, "2")).code, 0);
  const std::string expected = dump(whole);
  EXPECT_THAT(expected, HasSubstr("INSERT INTO sweep"));
  EXPECT_EQ(start_and_signal(sweep_of(pieces, "2"), pieces, 3, SIGKILL), -SIGKILL);
  const int interrupted = start_and_signal(sweep_of(pieces, "1"), pieces, 2, SIGINT);
  EXPECT_THAT(interrupted, testing::AnyOf(130, 0)) << "0: a loaded machine was done before it passed the signal on";
  const Outcome rest = run_ldpsim(sweep_of(pieces, "1"));
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_THAT(rest.err, testing::Not(HasSubstr(" 0 were there already")));
  EXPECT_TRUE(dump(pieces) == expected);  // too long to print
}

TEST(Sweep, ProcessesAndPricesOfDramAreAxes) {
  const ScratchFolder scratch;
  const std::string results = scratch.path("s.results");
  const Outcome outcome = run_ldpsim({"sweep", kNetwork, "--arch", "bitfusion", "--passes", "forward", "--grid",
                                      "energy.technology_nm=0,28", "--grid", "dram.preset=hbm,bbs", "-o", results});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(
      run_program({"sqlite3", results, "select count(distinct energy_pj), count(distinct area_mm2) from sweep"}).out,
      "4|2\n");
  EXPECT_EQ(run_program({"sqlite3", results,
                         "select count(*) from note where text like '%rescaled by Stillmaker and Baas 2017 (28 nm "
                         "between 32 and 20 nm) from 45 nm%'"})
                .out,
            "2\n");
}

TEST(Sweep, PointsThatDifferInNamesAloneAreAllThere) {
  const ScratchFolder scratch;
  const std::string results = scratch.path("s.results"), trace = scratch.path("a.trace"),
                    copy = scratch.path("b.trace");
  const std::string machine = scratch.write("mine.yaml", "base: stripes\n");
  write_made_up_run(trace, "resnet20", 3, 4);
  std::filesystem::copy_file(trace, copy);
  for (const std::string& run : {trace, copy}) {
    const Outcome outcome = run_ldpsim({"sweep", run, "--arch", "stripes", "--arch", machine, "-o", results});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("2 points computed, 0 were there already"));
  }
  EXPECT_EQ(run_program({"sqlite3", results, "select run, arch from sweep order by 1, 2"}).out,
            "a|mine\na|stripes\nb|mine\nb|stripes\n");
}

TEST(Sweep, StepsAndTheActivityOfOperandsAreInItsFigures) {
  const ScratchFolder scratch;
  const std::string results = scratch.path("s.results"), trace = scratch.path("a.trace");
  write_made_up_run(trace, "resnet20", 3, 4);
  ASSERT_EQ(run_ldpsim({"sweep", trace, "--arch", "stripes", "--grid", "vector.lanes=1,1000", "--grid",
                        "energy.activity_share=0,1", "--values", "uniform", "--activity", "operands", "-o", results})
                .code,
            0);
  EXPECT_EQ(run_program({"sqlite3", results,
                         "select count(distinct step_cycles_saving_percent), count(distinct energy_array_pj), "
                         "count(distinct cycles) from sweep"})
                .out,
            "2|2|1\n");
  for (const std::string lanes : {"1", "1000"}) {
    const std::string swept =
        run_program({"sqlite3", results,
                     "select step_cycles_saving_percent from sweep where \"vector.lanes\" = " + lanes + " limit 1"})
            .out;
    const Outcome replayed = run_ldpsim({"replay", trace, "--arch", "stripes", "--rescale", "per_group", "--savings",
                                         "--set", "vector.lanes=" + lanes, "--format", "csv"});
    EXPECT_THAT(replayed.out, HasSubstr("," + swept.substr(0, 9))) << "with " << lanes << " lanes";
  }
}

TEST(Sweep, NamesThePointsThatFailAndKeepsTheOthers) {
  const ScratchFolder scratch;
  const std::string results = scratch.path("s.results");
  const Outcome outcome =
      run_ldpsim({"sweep", kNetwork, "--arch", "stripes", "--grid", "buffers.output_bytes=16,1048576", "-o", results});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("2 points computed, 0 were there already, 1 failed"));
  EXPECT_THAT(outcome.err, HasSubstr("stripes buffers.output_bytes=16: "));
  EXPECT_EQ(run_program({"sqlite3", results, "select count(*) from sweep where cycles > 0"}).out, "1\n");
}

TEST(Sweep, SaysWhatIsWrong) {
  const ScratchFolder scratch;
  const std::string results = scratch.path("s.results");
  expect_error({"sweep", kNetwork, "--arch", "stripes"}, 2, "no results file given; add -o FILE.results");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--grid", "array.window=8", "-o", results}, 2,
               "did you mean 'array.windows'?");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--grid", "array.windows=0", "-o", results}, 2,
               "--grid array.windows=0");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--shard", "3/2", "-o", results}, 2, "--shard 3/2");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--grid", "dram.pj_per_bit=4,4.0", "-o", results}, 2,
               "--grid dram.pj_per_bit: error: '4' and '4.0' are the same value");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--grid", "array.windows=4,8", "--set", "array.windows=8", "-o",
                results},
               2, "--grid array.windows: error: is set by --set, too");
  expect_error(
      {"sweep", kNetwork, "--arch", "stripes", "--set", "array.windows=4", "--set", "array.windows=8", "-o", results},
      2, "--set array.windows=8: error: the key is set twice");
  expect_error({"sweep", kNetwork, "--arch", "stripes", "--iterations", "0:5", "-o", results}, 2,
               "has no meaning for a network table");
  EXPECT_FALSE(std::filesystem::exists(results));
  expect_error({"sweep", kNetwork, "--arch", "stripes", "-o", "/nowhere/s.results"}, 3, "/nowhere/s.results");
}

}  // namespace
}  // namespace ldpsim::testing_support
