// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/trace/check.hpp"
#include "sim/trace/schedule.hpp"
#include "tests/unit/trace/sample_trace.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::read_file;
using testing_support::ScratchFolder;

/// Reads all that can be read; false if the file was refused with a UserError. Anything else is a failure of the test.
bool reads(const std::string& file) {
  try {
    const TraceReader trace(file);
    bool sound = check_trace(trace).problem.empty();
    Schedule(trace).histogram();
    trace.evaluations();
    for (const std::int64_t iteration : trace.captured_iterations()) {
      for (const auto& [layer, tensor] : trace.captured_operands(iteration)) trace.operand(iteration, layer, tensor);
    }
    return sound;
  } catch (const UserError& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with(file + ": error: ")) << error.what();
    return false;
  }
}

TEST(DamagedTrace, TruncatedAnywhereIsRefused) {
  ScratchFolder folder;
  testing_support::write_sample_trace(folder.path("run.trace"), 40);
  const std::string bytes = read_file(folder.path("run.trace"));
  ASSERT_TRUE(reads(folder.path("run.trace")));
  ASSERT_GT(bytes.size(), 30000u);
  for (std::size_t length = 0; length < bytes.size(); length += 1024) {
    EXPECT_FALSE(reads(folder.write("part.trace", bytes.substr(0, length)))) << length;
  }
  EXPECT_FALSE(reads(folder.write("part.trace", bytes.substr(0, bytes.size() - 1))));
}

TEST(DamagedTrace, FlippedBitsAreRefusedOrHarmless) {
  ScratchFolder folder;
  testing_support::write_sample_trace(folder.path("run.trace"), 20);
  const std::string bytes = read_file(folder.path("run.trace"));
  Random random(5);
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::string damaged = bytes;
    for (std::int64_t flips = random.between(1, 8); flips > 0; --flips) {
      const auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()) - 1));
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.between(0, 7)));
    }
    refused += reads(folder.write("bad.trace", damaged)) ? 0 : 1;
  }
  EXPECT_GT(refused, 150);  // most of the file is checksummed blobs
}

TEST(DamagedTrace, OverwrittenPagesAreRefused) {
  ScratchFolder folder;
  testing_support::write_sample_trace(folder.path("run.trace"), 20);
  const std::string bytes = read_file(folder.path("run.trace"));
  Random random(6);
  for (std::size_t page = 0; page < bytes.size(); page += 4096) {
    std::string damaged = bytes;
    for (std::size_t i = 0; i < 4096; ++i) damaged[page + i] = static_cast<char>(random.between(0, 255));
    EXPECT_FALSE(reads(folder.write("bad.trace", damaged))) << page;
  }
}

TEST(DamagedTrace, ForeignFilesAreNamedAsSuch) {
  ScratchFolder folder;
  const auto error_of = [&](const std::string& schema) {
    const std::string file = folder.path("x.trace");
    std::filesystem::remove(file);
    create_whole(file, {"trace", "", 0}, [&](Database& database) { database.execute(schema); });
    const std::string message = message_of([&] { TraceReader{file}; }), remedy = "; a trace is written by ";
    EXPECT_THAT(message, testing::HasSubstr(remedy));
    return message.substr(file.size(), message.find(remedy) - file.size());
  };
  EXPECT_EQ(error_of("CREATE TABLE photos(id)"), ": error: not a trace: it has no table 'meta'");
  EXPECT_EQ(error_of("CREATE TABLE meta(name, value)"), ": error: not a trace: its table 'meta' has no column 'key'");
  EXPECT_EQ(error_of("CREATE TABLE meta(key, value)"),
            ": error: not a trace: its table 'meta' has no 'format_version'");
  const std::string version = "CREATE TABLE meta(key, value); INSERT INTO meta VALUES('format_version', '1');";
  EXPECT_EQ(error_of(version + "CREATE VIEW layer AS SELECT 1"), ": error: not a trace: it has no table 'layer'");
  EXPECT_EQ(message_of([] { TraceReader("/dev/null"); }), "/dev/null: error: is not a regular file; expected a trace");
}

TEST(DamagedTrace, WrongMetaAndLayersAreNamed) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  const auto error_after = [&](const std::string& statement) {
    std::filesystem::remove(file);
    testing_support::write_sample_trace(file, 4);
    Database(file, Database::Mode::kWrite, {"trace", "", 0}).execute(statement);
    return message_of([&] { Schedule{TraceReader(file)}; }).substr(file.size());
  };
  EXPECT_EQ(error_after("DELETE FROM meta WHERE key='network'"), ": error: its table 'meta' has no 'network'");
  EXPECT_EQ(error_after("UPDATE meta SET value='many' WHERE key='batch'"),
            ": error: 'batch' in its table 'meta' is 'many'; allowed: 1 to 1048576");
  EXPECT_EQ(error_after("UPDATE meta SET value='32' WHERE key='static_bits'"),
            ": error: 'static_bits' in its table 'meta' is '32'; allowed: 1 to 16");
  EXPECT_EQ(error_after("DELETE FROM layer WHERE id=1"),
            ": error: table 'layer' has no id 1: ids count from 0 without a gap");
  EXPECT_EQ(error_after("DELETE FROM layer"), ": error: table 'layer' is empty");
  EXPECT_EQ(error_after("UPDATE layer SET kind='pool' WHERE id=1"),
            ": error: table 'layer', id 1: unknown layer kind 'pool'; allowed: conv, linear, matmul");
  EXPECT_EQ(error_after("UPDATE layer SET stride=0 WHERE id=1"),
            ": error: table 'layer', id 1: layer 'conv2': stride is 0; allowed: 1 to 16777216");
  EXPECT_EQ(error_after("UPDATE layer SET groups='x' WHERE id=1"),
            ": error: table 'layer', id 1: 'groups' is a text; expected an integer");
  EXPECT_EQ(error_after("UPDATE iteration SET weight_bits='x' WHERE iteration=2"),
            ": error: row with iteration 2: 'weight_bits' is a text; expected a blob");
  EXPECT_EQ(error_after("UPDATE iteration SET iteration=-5 WHERE iteration=0"),
            ": error: table 'iteration' has iterations -5 to 3; allowed: 0 to 1099511627776");
  EXPECT_EQ(error_after("UPDATE iteration SET gradient_bits=x'0808' WHERE iteration=2"),
            ": error: iteration 2: gradient_bits has 2 bytes, one for each of 3 layers is expected");
  EXPECT_EQ(error_after("UPDATE iteration SET weight_bits=x'032000' WHERE iteration=2"),
            ": error: iteration 2, layer 'conv2': weight_bits is 32; allowed: 0 (float) to 16");
}

TEST(DamagedTrace, LayersThatTablesCannotTellApartAreRefused) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  const auto error_after = [&](const std::string& change) {
    std::filesystem::remove(file);
    testing_support::write_sample_trace(file, 4);
    Database(file, Database::Mode::kWrite, {"trace", "", 0}).execute("UPDATE layer SET " + change + " WHERE id=1");
    const std::string message = message_of([&] { TraceReader reader(file); });
    const std::string place = file + ": error: table 'layer', id 1: ";
    EXPECT_TRUE(message.starts_with(place)) << message;
    return message.substr(std::min(message.size(), place.size()));
  };
  EXPECT_EQ(error_after("name='conv1'"), "its name 'conv1' is that of id 0, too; names are unique");
  EXPECT_EQ(error_after("name=''"), "a layer has no name; give every layer a name of its own");
  EXPECT_EQ(error_after("name='total'"),
            "a layer is called 'total', as the last row of every table is; give every layer a name of its own");
  EXPECT_EQ(error_after("name='a'||char(10)||'b'"),
            "the name of layer 'a?b' has a line break, tab or other control character; names are one line of text");
  EXPECT_EQ(error_after("quantised=2"), "'quantised' is 2; allowed: 0, 1");
}

TEST(DamagedTrace, BlobsThatCannotBeDecodedAreNamed) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace");
  const auto error_after = [&](const std::string& change) {
    std::filesystem::remove(file);
    testing_support::write_sample_trace(file, 4);
    Database(file, Database::Mode::kWrite, {"trace", "", 0})
        .execute("UPDATE operand SET " + change + " WHERE layer=0 AND tensor='weight'");
    const TraceReader trace(file);
    return message_of([&] { trace.operand(0, 0, "weight"); }).substr(file.size());
  };
  const std::string at = ": error: iteration 0, layer 'conv1', tensor 'weight': ";
  EXPECT_EQ(error_after("codes='x'"), at + "'codes' is a text; expected a blob");
  EXPECT_EQ(error_after("codec='gzip'"), at + "its codec is 'gzip'; allowed: zstd, raw");
  EXPECT_EQ(error_after("codec='raw', codes=x'00'"), at + "its blob has 1 bytes where 108 are expected");
  EXPECT_EQ(error_after("codes=x'0011223344'"), at + "its blob is no zstd frame");
  EXPECT_EQ(error_after("shape='4,3,3,4'"), at + "its blob holds 108 bytes where 144 are expected");
  EXPECT_EQ(error_after("shape='4,3,-3'"), at + "its shape is '4,3,-3'; expected positive extents like 16,3,3,3");
  EXPECT_EQ(error_after("shape='99999999999,99999999999'"),
            at + "its shape is '99999999999,99999999999'; expected positive extents like 16,3,3,3");
  EXPECT_EQ(error_after("bits=17"), at + "it has 17 bits; allowed: 1 to 16 for codes, 64 for results");
  EXPECT_EQ(error_after("scale=x'0000'"), at + "its scale or offset has 2 bytes, no multiple of 8");
  EXPECT_EQ(error_after("bits=2"), at + "code 7 at [0, 0, 0, 0] is out of range; allowed with 2 bits: 0 to 3; 'ldpsim "
                                        "trace validate' checks the whole file");
}

TEST(KilledWriter, LeavesATraceThatCanBeResumed) {
  ScratchFolder folder;
  const std::string whole = folder.path("whole.trace");
  testing_support::write_sample_trace(whole, 60);
  Random random(8);
  for (int trial = 0; trial < 5; ++trial) {
    const std::string file = folder.path("killed" + std::to_string(trial) + ".trace");
    const pid_t child = fork();
    if (child == 0) {
      testing_support::write_sample_trace(file, 1'000'000);
      _exit(0);
    }
    usleep(static_cast<useconds_t>(random.between(5000, 120000)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    if (!std::filesystem::exists(file)) continue;  // killed before there was one: nothing to resume
    const std::int64_t have = TraceReader(file).iteration_count();
    EXPECT_EQ(have % 4, 0);  // a commit every four
    {
      TraceWriter writer = TraceWriter::resume(file, std::min<std::int64_t>(have, 30));
      testing_support::add_iterations(writer, std::min<std::int64_t>(have, 30), 60);
    }
    EXPECT_TRUE(reads(file));
    EXPECT_EQ(testing_support::dump(file), testing_support::dump(whole));
  }
}

TEST(FullDisk, IsSaidWithItsRemedyAndKeepsWhatWasCommitted) {
  ScratchFolder folder;
  const std::string file = folder.path("run.trace"), report = folder.path("report");
  const pid_t child = fork();
  if (child == 0) {  // a limit on file sizes stands for a full disk
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{60'000, 60'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    std::string message;
    try {
      testing_support::write_sample_trace(file, 10'000);
    } catch (const DamagedFile& error) {
      message = error.what();
    }
    folder.write("report", message);
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  EXPECT_EQ(read_file(report), file +
                                   ": error: cannot be written: File too large; free some space and run the command "
                                   "again: what was committed is in the file");
  const std::int64_t have = TraceReader(file).iteration_count();
  EXPECT_GT(have, 0);
  EXPECT_EQ(have % 4, 0);
  EXPECT_TRUE(reads(file));
}

}  // namespace
}  // namespace ldpsim
