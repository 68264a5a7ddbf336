// SPDX-License-Identifier: Apache-2.0
#include "sim/results/results_file.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cmath>
#include <limits>

#include "sim/core/database.hpp"
#include "sim/core/random.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::read_file;
using testing_support::ScratchFolder;

ResultPoint point(std::int64_t i) {
  return {content_key({{"arch", "stripes"}, {"point", std::to_string(i)}}), i,
          "stripes array.windows=" + std::to_string(i), "{}"};
}

Table results(std::int64_t i) {
  Table table({"arch", "layer", "cycles", "utilization"});
  table.add({"stripes", "conv1", std::int64_t{1} << 60, 0.1 + static_cast<double>(i)});
  table.add({"stripes", "total", i, std::monostate{}});
  table.note("activation units are not modelled");
  return table;
}

std::string csv_of(const std::string& file, const std::string& kind) {
  return ResultsFile::open(file).table(kind).render(TableFormat::kCsv);
}

TEST(ContentKey, DependsOnEveryPart) {
  const std::string key = content_key({{"a", "1"}, {"b", "2"}});
  EXPECT_EQ(key.size(), 64u);
  EXPECT_EQ(key, content_key({{"b", "2"}, {"a", "1"}}));
  EXPECT_NE(key, content_key({{"a", "1"}, {"b", "3"}}));
  EXPECT_NE(content_key({{"a", "1\nb:1\n2"}}), content_key({{"a", "1"}, {"b", "2"}}));
}

/// Parts of a sweep that start at the same moment, none of which finds the file.
TEST(ResultsFile, ProcessesThatCreateItAtOnceKeepAllTheirPoints) {
  constexpr int kProcesses = 6, kRounds = 5;
  for (int round = 0; round < kRounds; ++round) {
    ScratchFolder folder;
    const std::string file = folder.path("r.results");
    std::array<int, 2> gate{};
    ASSERT_EQ(pipe(gate.data()), 0);
    for (int i = 0; i < kProcesses; ++i) {
      if (fork() != 0) continue;
      close(gate[1]);
      char go = 0;
      static_cast<void>(read(gate[0], &go, 1));  // returns when all have been started
      ResultsFile::open_or_create(file).add("sweep", point(i), results(i));
      _exit(0);
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < kProcesses; ++i) {
      int status = -1;
      wait(&status);
      EXPECT_EQ(status, 0);
    }
    for (int i = 0; i < kProcesses; ++i) EXPECT_TRUE(ResultsFile::open(file).has(point(i).key)) << i;
    EXPECT_EQ(folder.files(), 1u);
  }
}

TEST(ResultsFile, ReadsBackWhatWasAdded) {
  ScratchFolder folder;
  const std::string file = folder.path("r.results");
  {
    ResultsFile results_file = ResultsFile::open_or_create(file);
    results_file.plan("sweep", std::vector<ResultPoint>{point(0), point(1), point(2)});
    EXPECT_FALSE(results_file.has(point(1).key));
    results_file.add("sweep", point(1), results(1));
    results_file.add("sweep", point(0), results(0));
    EXPECT_TRUE(results_file.has(point(1).key));
    EXPECT_FALSE(results_file.has(point(2).key));
  }
  const ResultsFile read = ResultsFile::open(file);
  EXPECT_EQ(read.kinds(), std::vector<std::string>{"sweep"});
  ASSERT_EQ(read.points("sweep").size(), 3u);
  EXPECT_EQ(read.points("sweep")[1].label, "stripes array.windows=1");
  const Table table = read.table("sweep");
  EXPECT_EQ(table.columns(), results(0).columns());
  ASSERT_EQ(table.rows().size(), 4u);
  EXPECT_EQ(table.rows()[0], results(0).rows()[0]);
  EXPECT_EQ(table.rows()[3], results(1).rows()[1]);
  EXPECT_EQ(table.notes(), std::vector<std::string>{"activation units are not modelled"});
  EXPECT_EQ(read.table_of("sweep", point(1).key)->rows(), results(1).rows());
  EXPECT_FALSE(read.table_of("sweep", point(2).key).has_value());
  EXPECT_TRUE(read.table("replay").columns().empty());
}

TEST(ResultsFile, ContentsDoNotDependOnTheOrderOfCompletion) {
  ScratchFolder folder;
  const std::string a = folder.path("a.results"), b = folder.path("b.results");
  for (const bool forward : {true, false}) {
    ResultsFile results_file = ResultsFile::open_or_create(forward ? a : b);
    for (std::int64_t i = 0; i < 50; ++i) {
      const std::int64_t at = forward ? i : 49 - i;
      results_file.add("sweep", point(at), results(at));
    }
  }
  EXPECT_EQ(csv_of(a, "sweep"), csv_of(b, "sweep"));
  EXPECT_EQ(ResultsFile::open(a).table("sweep").rows().size(), 100u);
}

TEST(ResultsFile, CanBeQueriedByColumn) {
  ScratchFolder folder;
  const std::string file = folder.path("r.results");
  ResultsFile::open_or_create(file).add("replay", point(3), results(3));
  const Database database(file, Database::Mode::kRead, {"results file", "", 0});
  Statement query = database.prepare("SELECT arch, cycles FROM replay WHERE layer='total'");
  ASSERT_TRUE(query.step());
  EXPECT_EQ(query.text(0), "stripes");
  EXPECT_EQ(query.integer(1), 3);
}

TEST(ResultsFile, ReplacesAPointAndWidensAKind) {
  ScratchFolder folder;
  ResultsFile results_file = ResultsFile::open_or_create(folder.path("r.results"));
  results_file.add("sweep", point(0), results(0));
  Table other({"arch", "energy_pj"});
  other.add({"loom", 2.5});
  results_file.add("sweep", point(1), other);
  results_file.add("sweep", point(0), results(7));
  const Table table = results_file.table("sweep");
  EXPECT_EQ(table.columns(), (std::vector<std::string>{"arch", "layer", "cycles", "utilization", "energy_pj"}));
  ASSERT_EQ(table.rows().size(), 3u);
  EXPECT_EQ(table.rows()[1][2], Cell{std::int64_t{7}});
  EXPECT_EQ(table.rows()[1][4], Cell{});
  EXPECT_EQ(table.rows()[2], (std::vector<Cell>{"loom", {}, {}, {}, 2.5}));
}

TEST(ResultsFile, ANanBecomesAnEmptyCell) {
  ScratchFolder folder;
  ResultsFile results_file = ResultsFile::open_or_create(folder.path("r.results"));
  Table table({"ratio"});
  table.add({std::numeric_limits<double>::quiet_NaN()});
  table.add({std::numeric_limits<double>::infinity()});
  results_file.add("replay", point(0), table);
  EXPECT_EQ(results_file.table("replay").rows()[0][0], Cell{});
  EXPECT_EQ(results_file.table("replay").rows()[1][0], Cell{std::numeric_limits<double>::infinity()});
}

TEST(ResultsFile, RefusesForeignFiles) {
  ScratchFolder folder;
  const std::string text = folder.write("x.results", "arch,cycles\n");
  EXPECT_EQ(message_of([&] { ResultsFile::open_or_create(text); }),
            text +
                ": error: not a results file: it is no SQLite file, or its beginning is damaged; a results "
                "file is written by ldpsim simulate, replay or sweep");
  EXPECT_EQ(read_file(text), "arch,cycles\n");
  const std::string foreign = folder.path("y.results");
  create_whole(foreign, {"trace", "", 0},
               [](Database& database) { database.execute("CREATE TABLE meta(key, value)"); });
  EXPECT_EQ(message_of([&] { ResultsFile::open(foreign); }),
            foreign +
                ": error: not a results file: it has no table 'point'; a results file is written by ldpsim simulate, "
                "replay or sweep");
  EXPECT_EQ(message_of([&] { ResultsFile::open(folder.path("z.results")); }),
            folder.path("z.results") + ": error: no such file; expected a results file");
}

TEST(ResultsFile, ATruncatedOrFlippedFileIsRefusedOrReadNeverMore) {
  ScratchFolder folder;
  const std::string whole = folder.path("r.results"), part = folder.path("part.results");
  {
    ResultsFile results_file = ResultsFile::open_or_create(whole);
    for (std::int64_t i = 0; i < 40; ++i) results_file.add("sweep", point(i), results(i));
  }
  const std::string bytes = read_file(whole);
  const auto opens = [&](const std::string& damaged) {
    folder.write("part.results", damaged);
    try {
      for (const std::string& kind : ResultsFile::open(part).kinds()) ResultsFile::open(part).table(kind);
      return true;
    } catch (const UserError&) {
      return false;
    }
  };
  for (std::size_t length = 0; length < bytes.size(); length += 1024)
    EXPECT_FALSE(opens(bytes.substr(0, length))) << length;
  Random random(11);
  int refused = 0;
  for (int trial = 0; trial < 300; ++trial) {
    std::string damaged = bytes;
    for (int flips = 0; flips < 4; ++flips) {
      const auto at = static_cast<std::size_t>(random.between(0, static_cast<std::int64_t>(bytes.size()) - 1));
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.between(0, 7)));
    }
    refused += opens(damaged) ? 0 : 1;
  }
  EXPECT_GT(refused, 10);
}

TEST(ResultsFile, AKilledWriterLosesNothingItAdded) {
  ScratchFolder folder;
  const std::string file = folder.path("r.results");
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    ResultsFile results_file = ResultsFile::open_or_create(file);
    for (std::int64_t i = 0;; ++i) {
      results_file.add("sweep", point(i), results(i));
      const char one = 1;
      if (write(pipe_ends[1], &one, 1) != 1) _exit(1);
    }
  }
  char added[30];
  for (std::size_t have = 0; have < sizeof added;) {
    const ssize_t more = read(pipe_ends[0], added, sizeof added - have);
    ASSERT_GT(more, 0);
    have += static_cast<std::size_t>(more);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  ResultsFile results_file = ResultsFile::open_or_create(file);
  for (std::int64_t i = 0; i < 30; ++i) EXPECT_TRUE(results_file.has(point(i).key)) << i;
  EXPECT_EQ(results_file.table("sweep").rows()[58], results(29).rows()[0]);
}

}  // namespace
}  // namespace ldpsim
