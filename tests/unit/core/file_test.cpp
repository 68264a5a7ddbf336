// SPDX-License-Identifier: Apache-2.0
#include "sim/core/file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "sim/core/database.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

namespace fs = std::filesystem;
using testing_support::message_of;
using testing_support::read_file;

class OutputFile : public ::testing::Test {
 protected:
  std::string error_of(const std::string& name, const std::vector<std::string>& inputs = {}) {
    const std::string message = message_of([&] { output_target(folder_.path(name), inputs); });
    return message.substr(std::min(message.size(), folder_.path("").size()));
  }
  testing_support::ScratchFolder folder_;
};

TEST_F(OutputFile, AFileIsWrittenWholeAndReplaced) {
  write_file(folder_.path("a"), "first");
  write_file(folder_.path("a"), "second");
  EXPECT_EQ(read_file(folder_.path("a")), "second");
  EXPECT_EQ(folder_.files(), 1u);
}

TEST_F(OutputFile, ALinkStaysOneAndItsTargetIsWritten) {
  folder_.write("there", "old");
  fs::create_symlink("there", folder_.path("link"));
  fs::create_symlink(folder_.path("new"), folder_.path("dangling"));
  fs::create_symlink("link", folder_.path("link-to-link"));
  write_file(folder_.path("link-to-link"), "x");
  write_file(folder_.path("dangling"), "y");
  EXPECT_EQ(read_file(folder_.path("there")), "x");
  EXPECT_EQ(read_file(folder_.path("new")), "y");
  for (const char* link : {"link", "dangling", "link-to-link"}) EXPECT_TRUE(fs::is_symlink(folder_.path(link))) << link;
  fs::create_symlink("database", folder_.path("to-database"));
  create_whole(folder_.path("to-database"), {"trace", "", 0}, [](Database& d) { d.execute("CREATE TABLE t(x)"); });
  EXPECT_TRUE(fs::is_symlink(folder_.path("to-database")));
  EXPECT_TRUE(fs::is_regular_file(folder_.path("database")));
}

TEST_F(OutputFile, WhatAnotherProcessMadeMeanwhileStays) {
  const std::string mine = folder_.write("mine.new", "mine"), name = folder_.path("name");
  EXPECT_NE(unfinished_name(name), unfinished_name(name));
  EXPECT_TRUE(publish_new(mine, name, "name"));
  EXPECT_EQ(read_file(name), "mine");
  const std::string late = folder_.write("late.new", "late");
  EXPECT_FALSE(publish_new(late, name, "name"));
  EXPECT_EQ(read_file(name), "mine");
  EXPECT_EQ(read_file(late), "late");
  EXPECT_NE(
      message_of([&] {
        create_whole(folder_.path("again"), {"trace", "", 0}, [&](Database&) { folder_.write("again", "faster"); });
      }).find("again: error: the file exists already"),
      std::string::npos);
  EXPECT_EQ(read_file(folder_.path("again")), "faster");
  EXPECT_EQ(folder_.files(), 3u);
}

TEST_F(OutputFile, WhatIsNoRegularFileIsRefusedAndStays) {
  ASSERT_EQ(mkfifo(folder_.path("pipe").c_str(), 0600), 0);
  fs::create_directory(folder_.path("folder"));
  fs::create_symlink("pipe", folder_.path("link"));
  fs::create_symlink("circle", folder_.path("circle"));
  for (const char* name : {"pipe", "folder", "link"}) {
    EXPECT_EQ(error_of(name), std::string(name) + ": error: is not a regular file; choose another name");
    EXPECT_ANY_THROW(write_file(folder_.path(name), "x"));
  }
  EXPECT_EQ(error_of("circle"), "circle: error: its links lead in a circle; choose another name");
  EXPECT_TRUE(fs::is_fifo(folder_.path("pipe")));
  EXPECT_EQ(folder_.files(), 4u);
}

TEST_F(OutputFile, AnInputUnderAnyNameIsRefused) {
  folder_.write("input", "precious");
  fs::create_symlink("input", folder_.path("soft"));
  fs::create_hard_link(folder_.path("input"), folder_.path("hard"));
  for (const char* name : {"input", "soft", "hard"}) {
    EXPECT_EQ(
        error_of(name, {folder_.path("missing"), folder_.path("input")}),
        std::string(name) + ": error: is an input of this command, writing it would destroy it; choose another name");
  }
}

TEST_F(OutputFile, FreeIsWhatIsNotThereOrTheSame) {
  folder_.write("a", "text");
  require_free(folder_.path("b"), "text", "");
  require_free(folder_.path("a"), "text", "");
  for (const char* other : {"texts", "test", ""}) {
    EXPECT_EQ(message_of([&] { require_free(folder_.path("a"), other, "hint"); }),
              folder_.path("a") + ": error: the file exists already; hint");
  }
}

}  // namespace
}  // namespace ldpsim
