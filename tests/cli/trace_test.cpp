// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/support/program.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using ::testing::HasSubstr;
using testing_support::built;
using testing_support::Outcome;
using testing_support::read_file;
using testing_support::run_ldpsim;
using testing_support::run_program;

/// The distribution's, which has NumPy; another one may come first in PATH.
const std::string kPython = "/usr/bin/python3";

class TraceCli : public ::testing::Test {
 protected:
  TraceCli() { testing_support::write_sample_trace(folder_.path("run.trace"), 20); }
  Outcome ldpsim(const std::vector<std::string>& arguments) { return run_ldpsim(arguments, folder_.path("")); }
  void sql(const std::string& file, const std::string& statement) {
    Database(folder_.path(file), Database::Mode::kWrite, {"trace", "", 0}).execute(statement);
  }
  /// What `validate` says about the sample after a change.
  std::string problem_after(const std::string& statement) {
    std::filesystem::copy_file(folder_.path("run.trace"), folder_.path("bad.trace"),
                               std::filesystem::copy_options::overwrite_existing);
    sql("bad.trace", statement);
    const Outcome outcome = ldpsim({"trace", "validate", "bad.trace"});
    EXPECT_EQ(outcome.code, 1) << statement;
    EXPECT_EQ(outcome.out, "");
    return outcome.err;
  }
  testing_support::ScratchFolder folder_;
};

TEST_F(TraceCli, InfoSaysWhatIsInATrace) {
  const Outcome text = ldpsim({"trace", "info", "run.trace"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("network: sample\n"));
  EXPECT_THAT(text.out, HasSubstr("iterations in the file: 0 to 19\n"));
  EXPECT_THAT(text.out, HasSubstr("test accuracy: 0.75 at iteration 15, the last of 2\n"));
  EXPECT_THAT(text.out, HasSubstr("captured operands: 22 in 2 iterations, 0 to 10\n"));
  const Outcome csv = ldpsim({"trace", "info", "run.trace", "--format", "csv"});
  EXPECT_THAT(
      csv.out,
      HasSubstr("layer,kind,shape,kernel,macs,weight_bits_mean,weight_bits_least,weight_bits_most,weight_bits_last,"));
  EXPECT_THAT(csv.out, HasSubstr("conv2,conv,4x6x6 -> 6x3x3,3x3/2,1944,5.3,3,8,4,5.3,3,8,4,12,12,12,12\n"));
  EXPECT_THAT(csv.out, HasSubstr("fc,linear,6x1x1 -> 10x1x1,1x1/1,60,,,,,,,,,,,,\n"));
  EXPECT_THAT(ldpsim({"trace", "info", "run.trace", "--format", "json"}).out, HasSubstr("\"network: sample\""));
}

TEST_F(TraceCli, ValidatePassesASoundTrace) {
  const Outcome outcome = ldpsim({"trace", "validate", "run.trace"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "run.trace: sound: 3 layers, 20 iterations, 2 evaluations, 22 operands\n");
}

TEST_F(TraceCli, ValidateNamesTheFirstProblemAndItsPlace) {
  const std::string at = "bad.trace: error: iteration 10, layer 'conv2', tensor ";
  const std::string where = " WHERE iteration=10 AND layer=1 AND tensor=";
  EXPECT_EQ(problem_after("DELETE FROM iteration WHERE iteration=7"), "bad.trace: error: iteration 7 is missing\n");
  EXPECT_EQ(problem_after("UPDATE iteration SET activation_bits=x'031100' WHERE iteration=4"),
            "bad.trace: error: iteration 4, layer 'conv2': activation_bits is 17; allowed: 0 (float) to 16\n");
  EXPECT_EQ(problem_after("UPDATE iteration SET weight_bits=x'030308' WHERE iteration=4"),
            "bad.trace: error: iteration 4, layer 'fc': weight_bits is 8, but the layer is not quantised\n");
  EXPECT_EQ(
      problem_after("UPDATE evaluation SET iteration=30 WHERE iteration=15"),
      "bad.trace: error: iteration 30, evaluation 'test accuracy': there is no such iteration; the trace has 0:20\n");
  EXPECT_EQ(problem_after("UPDATE operand SET iteration=40 WHERE iteration=10"),
            "bad.trace: error: iteration 40 has operands, but is not in the schedule\n");
  EXPECT_EQ(problem_after("UPDATE operand SET layer=9 WHERE iteration=10 AND layer=1"),
            "bad.trace: error: iteration 10: there is an operand of layer 9, but there are 3 layers\n");
  EXPECT_EQ(problem_after("UPDATE operand SET shape='2,4,36,1'" + where + "'activation'"),
            at + "'activation': its shape is [2, 4, 36, 1]; the layer's is [images, 4, 6, 6]\n");
  EXPECT_EQ(problem_after("UPDATE operand SET scale=x'00000000000000000000000000000000'" + where + "'gradient'"),
            at + "'gradient': it has 2 values of scale where 1 are expected\n");
  EXPECT_EQ(problem_after("UPDATE operand SET scale=x'000000000000F07F'" + where + "'gradient'"),
            at + "'gradient': scale[0] is inf\n");
  EXPECT_EQ(problem_after("UPDATE operand SET bits=8" + where + "'activation'"),
            at + "'activation': it has 8 bits, the schedule says 7\n");
}

TEST_F(TraceCli, ValidateChecksCodesAndResults) {
  const std::string where = " WHERE iteration=10 AND layer=0 AND tensor=";
  // 108 weights of 3 bits; the last but one is 9. Then 288 results of which the third is not a number.
  EXPECT_EQ(
      problem_after("UPDATE operand SET codec='raw', codes=CAST(zeroblob(106)||x'0900' AS BLOB)" + where + "'weight'"),
      "bad.trace: error: iteration 10, layer 'conv1', tensor 'weight': code 9 at [3, 2, 2, 1] is out of range; allowed "
      "with 3 bits: 0 to 7\n");
  EXPECT_EQ(
      problem_after(
          "UPDATE operand SET codec='raw', result=CAST(zeroblob(16)||x'000000000000F87F'||zeroblob(2280) AS BLOB)" +
          where + "'forward'"),
      "bad.trace: error: iteration 10, layer 'conv1', tensor 'forward': result at [0, 0, 0, 2] is nan\n");
  EXPECT_EQ(problem_after("DELETE FROM operand" + where + "'gradient'"),
            "bad.trace: error: iteration 10, layer 'conv1', tensor 'backward_weight': it has no tensor 'gradient' to "
            "be the result of\n");
}

TEST_F(TraceCli, DamagedAndForeignFilesAreRefused) {
  const auto outcome_of = [&](const std::string& bytes) {
    folder_.write("bad.trace", bytes);
    return ldpsim({"trace", "validate", "bad.trace"});
  };
  const std::string whole = read_file(folder_.path("run.trace"));
  EXPECT_EQ(outcome_of("").err, "bad.trace: error: the file is empty; expected a trace\n");
  EXPECT_EQ(outcome_of("iteration,layer\n").err,
            "bad.trace: error: not a trace: it is no SQLite file, or its beginning is damaged; a trace is written by "
            "ldpsim train or "
            "import; see traces/README.md\n");
  const Outcome truncated = outcome_of(whole.substr(0, whole.size() / 2));
  EXPECT_EQ(truncated.code, 3);
  EXPECT_EQ(truncated.err,
            "bad.trace: error: the trace is damaged or truncated: database disk image is malformed; 'sqlite3 FILE "
            ".recover' prints what can still be read\n");
  const Outcome missing = ldpsim({"trace", "info", "none.trace"});
  EXPECT_EQ(missing.code, 2);
  EXPECT_EQ(missing.err, "none.trace: error: no such file; expected a trace\n");
  sql("run.trace", "UPDATE meta SET value='2' WHERE key='format_version'");
  const Outcome newer = ldpsim({"trace", "info", "run.trace"});
  EXPECT_EQ(newer.code, 3);
  EXPECT_EQ(newer.err,
            "run.trace: error: the trace has format version '2', this program reads version 1; use the ldpsim that "
            "wrote it or a newer one\n");
}

TEST_F(TraceCli, WrongUseIsExplained) {
  const auto error_of = [&](const std::vector<std::string>& arguments) {
    const Outcome outcome = ldpsim(arguments);
    EXPECT_EQ(outcome.code, 2);
    return outcome.err;
  };
  EXPECT_EQ(error_of({"trace", "check", "run.trace"}),
            "ldpsim trace: error: unknown action 'check'; allowed: info, validate, export\n");
  EXPECT_EQ(
      error_of({"trace", "info"}),
      "ldpsim trace: error: needs an action and a file; usage: ldpsim trace info|validate|export FILE [options]\n");
  EXPECT_EQ(error_of({"trace", "export", "run.trace"}),
            "ldpsim trace export: error: needs a folder to write to; add -o DIR\n");
  EXPECT_EQ(error_of({"trace", "export", "run.trace", "-o", "x", "--format", "npz"}),
            "--format: error: unknown format 'npz'; allowed: csv, numpy\n");
  EXPECT_EQ(error_of({"trace", "info", "run.trace", "-o", "x"}),
            "--output: error: has no meaning for trace info; leave it out\n");
  EXPECT_EQ(error_of({"trace", "validate", "run.trace", "--format", "csv"}),
            "--format: error: has no meaning for trace validate; leave it out\n");
  EXPECT_EQ(error_of({"list", "dram", "--technology", "28"}),
            "--technology: error: has no meaning for list dram; leave it out\n");
  EXPECT_EQ(error_of({"explain", "cycles", "--technology", "28"}),
            "--technology: error: has no meaning for 'cycles', which is no machine; leave it out\n");
  EXPECT_EQ(error_of({"import", "s.csv", "-o", "x.trace"}),
            "ldpsim import: error: no network is given; add --network NETWORK.csv\n");
  EXPECT_EQ(error_of({"import", "s.pt", "--network", "n.csv", "-o", "x.trace"}),
            "s.pt: error: only CSV schedules can be imported; expected a file named *.csv\n");
}

TEST_F(TraceCli, AFullDiskLeavesNothingBehind) {
  ASSERT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv", "-q"}).code, 0);
  const std::string program = built("ldpsim");
  const std::string import =
      "ulimit -f 20; exec " + program + " import csv/schedule.csv --network csv/network.csv -o x.trace";
  const Outcome outcome =
      run_program({"bash", "-c", import}, folder_.path(""));  // 20 KiB: a limit stands for a full disk
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err,
            "x.trace: error: cannot be written: File too large; free some space and run the command again\n");
  EXPECT_EQ(folder_.files(), 2u);  // run.trace and csv
}

TEST_F(TraceCli, AFolderThatIsNotThereIsNamed) {
  ASSERT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv", "-q"}).code, 0);
  const Outcome outcome = ldpsim({"import", "csv/schedule.csv", "--network", "csv/network.csv", "-o", "no/x.trace"});
  EXPECT_EQ(outcome.code, 3);
  EXPECT_EQ(outcome.err,
            "no/x.trace: error: cannot be opened: No such file or directory; check the folder and its permissions\n");
}

TEST_F(TraceCli, ImportReplacesTracesAndNothingElse) {
  ASSERT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv", "-q"}).code, 0);
  folder_.write("notes.txt", "precious\n");
  ASSERT_EQ(mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("run.trace", folder_.path("link"));
  const auto import_to = [&](const std::string& output) {
    return ldpsim({"import", "csv/schedule.csv", "--network", "csv/network.csv", "-q", "-o", output});
  };
  for (const std::string input : {"csv/schedule.csv", "csv/network.csv"}) {
    const std::string before = read_file(folder_.path(input));
    const Outcome outcome = import_to(input);
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, input +
                               ": error: is an input of this command, writing it would destroy it; choose another "
                               "name\n");
    EXPECT_EQ(read_file(folder_.path(input)), before);
  }
  EXPECT_EQ(import_to("notes.txt").code, 3);
  EXPECT_EQ(import_to("notes.txt").err,
            "notes.txt: error: the file exists already and is not a trace that this program reads; only traces are "
            "replaced; remove it or choose another name\n");
  EXPECT_EQ(read_file(folder_.path("notes.txt")), "precious\n");
  EXPECT_EQ(import_to("pipe").code, 2);
  EXPECT_EQ(import_to("pipe").err, "pipe: error: is not a regular file; choose another name\n");
  EXPECT_TRUE(std::filesystem::is_fifo(folder_.path("pipe")));
  EXPECT_EQ(import_to("link").err, "");
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.path("link")));
  EXPECT_THAT(ldpsim({"trace", "info", "run.trace"}).out, HasSubstr("method: imported\n"));
  EXPECT_EQ(folder_.files(), 5u);
}

TEST_F(TraceCli, ExportKeepsFilesThatHoldSomethingElse) {
  std::filesystem::create_directory(folder_.path("csv"));
  folder_.write("csv/network.csv", "mine\n");
  const Outcome csv = ldpsim({"trace", "export", "run.trace", "-o", "csv"});
  EXPECT_EQ(csv.code, 2);
  EXPECT_EQ(csv.err,
            "csv/network.csv: error: the file exists already; choose another folder, or --force overwrites it\n");
  EXPECT_EQ(read_file(folder_.path("csv/network.csv")), "mine\n");
  EXPECT_FALSE(std::filesystem::exists(folder_.path("csv/schedule.csv")));
  EXPECT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv", "--force"}).code, 0);
  EXPECT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv"}).code, 0);  // the same again
  folder_.write("csv/loss.npy", "mine\n");
  EXPECT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv", "--format", "numpy"}).code, 2);
  EXPECT_EQ(read_file(folder_.path("csv/loss.npy")), "mine\n");
}

TEST_F(TraceCli, ResultsAreNotWrittenIntoPipesNorOverLinks) {
  ASSERT_EQ(mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("new.results", folder_.path("link"));
  const auto replay_to = [&](const std::string& output) {
    return ldpsim({"replay", "run.trace", "--arch", "stripes", "-q", "-o", output});
  };
  EXPECT_EQ(replay_to("pipe").err, "pipe: error: is not a regular file; expected a results file\n");
  EXPECT_THAT(replay_to("run.trace").err, HasSubstr("run.trace: error: not a results file: "));
  EXPECT_EQ(ldpsim({"trace", "validate", "run.trace"}).code, 0);
  EXPECT_EQ(replay_to("link").code, 0);
  EXPECT_TRUE(std::filesystem::is_symlink(folder_.path("link")));
  EXPECT_TRUE(std::filesystem::exists(folder_.path("new.results")));
}

TEST_F(TraceCli, ExportedCsvCanBeImported) {
  ASSERT_EQ(ldpsim({"trace", "export", "run.trace", "--format", "csv", "-o", "csv"}).code, 0);
  EXPECT_THAT(read_file(folder_.path("csv/evaluations.csv")), HasSubstr("15,test,accuracy,0.75\n"));
  EXPECT_THAT(read_file(folder_.path("csv/iterations.csv")), HasSubstr("\n1,0,1,0.1\n"));
  const Outcome import =
      ldpsim({"import", "csv/schedule.csv", "--network", "csv/network.csv", "-o", "again.trace", "--batch", "4"});
  EXPECT_EQ(import.code, 0) << import.err;
  EXPECT_EQ(ldpsim({"trace", "validate", "again.trace"}).out,
            "again.trace: sound: 3 layers, 20 iterations, 0 evaluations, 0 operands\n");
  ASSERT_EQ(ldpsim({"trace", "export", "again.trace", "-o", "csv2", "-q"}).code, 0);
  EXPECT_EQ(read_file(folder_.path("csv/schedule.csv")), read_file(folder_.path("csv2/schedule.csv")));
}

TEST_F(TraceCli, AnImportedScheduleCostsWhatTheRunDidIfItsRangesAreSaid) {
  ASSERT_EQ(ldpsim({"trace", "export", "run.trace", "-o", "csv"}).code, 0);
  const auto cost_of = [&](const std::string& trace) {
    return ldpsim({"replay", trace, "--arch", "stripes", "--by", "total", "--format", "csv", "-q"}).out;
  };
  for (const std::string range : {"channel", "tensor"}) {
    std::filesystem::create_directory(folder_.path(range));
    ASSERT_EQ(run_program({"sqlite3", folder_.path("run.trace"),
                           "insert or replace into meta values('weight_range','" + range + "')"})
                  .code,
              0);
    ASSERT_EQ(ldpsim({"import", "csv/schedule.csv", "--network", "csv/network.csv", "-o", range + "/run.trace",
                      "--batch", "4", "--weight-range", range})
                  .code,
              0);
    EXPECT_EQ(cost_of(range + "/run.trace"), cost_of("run.trace"));
  }
  EXPECT_NE(cost_of("channel/run.trace"), cost_of("tensor/run.trace"));
}

TEST_F(TraceCli, NumpyReadsTheExportedOperands) {
  const Outcome outcome = ldpsim({"trace", "export", "run.trace", "--format", "numpy", "-o", "np"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "np: 52 files\n");  // 6 of the schedule, 2 x (6 codes with scale and offset, 5 results)
  folder_.write("read.py", R"(
import numpy as np
weight = np.load('np/iteration_10/001.conv2.weight.npy')
print(np.load('np/weight_bits.npy').shape, weight.dtype, weight.shape, weight.max() < 2 ** 7)
print(np.load('np/iteration_10/001.conv2.weight.scale.npy').shape, np.load('np/iteration_10/001.conv2.gradient.npy').dtype)
print(np.load('np/iteration_10/001.conv2.backward_data.npy').dtype, np.load('np/loss.npy')[1])
)");
  const Outcome python = run_program({kPython, "read.py"}, folder_.path(""));
  EXPECT_EQ(python.out, "(20, 3) uint8 (6, 4, 3, 3) True\n(6,) uint16\nfloat64 1.0\n") << python.err;
}

TEST_F(TraceCli, TheReadmesPythonProgramWritesASoundTrace) {
  const std::string readme = read_file(std::string(LDPSIM_SOURCE_DIR) + "/traces/README.md");
  const std::size_t begin = readme.find("```python\n") + 10;
  ASSERT_NE(begin, std::string::npos);
  folder_.write("write_trace.py", readme.substr(begin, readme.find("\n```", begin) - begin));
  const Outcome python = run_program({kPython, "write_trace.py", "tiny.trace"}, folder_.path(""));
  ASSERT_EQ(python.code, 0) << python.err;
  const Outcome outcome = ldpsim({"trace", "validate", "tiny.trace"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "tiny.trace: sound: 2 layers, 2 iterations, 1 evaluations, 5 operands\n");
}

TEST(TrainCli, SaysWhenThereIsNoTrainer) {
  const testing_support::ScratchFolder folder;
  std::filesystem::copy_file(built("ldpsim"), folder.path("ldpsim"));
  const Outcome outcome = run_program({folder.path("ldpsim"), "train", "--help"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("this build is without LibTorch; configure with -DLDPSIM_WITH_TORCH=ON"));
}

TEST(TrainCli, PassesItsArgumentsOnAsTheyAre) {
  const testing_support::ScratchFolder folder;
  std::filesystem::copy_file(built("ldpsim"), folder.path("ldpsim"));
  folder.write("ldptrain", "#!/bin/sh\nfor word; do echo \"<$word>\"; done\nexit 7\n");
  std::filesystem::permissions(folder.path("ldptrain"), std::filesystem::perms::owner_all);
  const Outcome outcome = run_program({folder.path("ldpsim"), "train", "--help", "-o", "a b", ""});
  EXPECT_EQ(outcome.code, 7);
  EXPECT_EQ(outcome.out, "<--help>\n<-o>\n<a b>\n<>\n");
}

}  // namespace
}  // namespace ldpsim
