// SPDX-License-Identifier: Apache-2.0
#include "sim/core/csv.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;
using Rows = std::vector<std::vector<std::string>>;

Rows rows_of(const std::string& text) {
  ScratchFolder folder;
  CsvReader reader(folder.write("t.csv", text));
  Rows rows;
  for (std::vector<std::string> fields; reader.next(fields);) rows.push_back(fields);
  return rows;
}

TEST(Csv, ReadsQuotedFields) {
  EXPECT_EQ(rows_of("a,\"b,\"\"c\"\"\",\"two\nlines\"\nd,,\n"), (Rows{{"a", "b,\"c\"", "two\nlines"}, {"d", "", ""}}));
  EXPECT_EQ(rows_of("\"\",\"\"\n"), (Rows{{"", ""}}));
}

TEST(Csv, ToleratesWhatEditorsDo) {
  EXPECT_EQ(rows_of("\xEF\xBB\xBF"
                    "a, b\r\n\r\n  \n# remark, with comma\n 1 ,\t2 \r\n3,4"),
            (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}}));
  EXPECT_EQ(rows_of(""), Rows{});
}

TEST(Csv, WritesFieldsThatReadBack) {
  for (const std::string text : {"plain", "a,b", "say \"x\"", "two\nlines", " blank", "#no remark", ""}) {
    EXPECT_EQ(rows_of(csv_field(text) + ",z\n"), (Rows{{text, "z"}})) << text;
  }
}

TEST(CsvTable, FindsColumnsInAnyOrderAndCase) {
  ScratchFolder folder;
  CsvTable table(folder.write("t.csv", "Bits,name\n4,conv\n,fc\n"), {{"name"}, {"bits", false}, {"groups", false}});
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.text(0), "conv");
  EXPECT_EQ(table.integer(1, 1, 16), 4);
  EXPECT_EQ(table.integer(2, 1, 16, 7), 7);
  ASSERT_TRUE(table.next());
  EXPECT_EQ(table.integer(1, 1, 16, 8), 8);
  EXPECT_FALSE(table.next());
}

TEST(CsvTable, SaysWhatIsWrongAndWhere) {
  ScratchFolder folder;
  const auto error_of = [&](const std::string& text) {
    const std::string file = folder.write("t.csv", text);
    std::string message = message_of([&] {
      CsvTable table(file, {{"name"}, {"bits"}, {"groups", false}});
      while (table.next()) table.integer(1, 1, 16);
    });
    return message.replace(0, file.size(), "t.csv");
  };
  EXPECT_EQ(error_of(""), "t.csv: error: the file is empty; expected a header: name,bits,groups");
  EXPECT_EQ(error_of("name,bitz\n"),
            "t.csv:1: error: unknown column 'bitz'; did you mean 'bits'? allowed: name, bits, groups");
  EXPECT_EQ(error_of("name,bits,NAME\n"), "t.csv:1: error: column 'name' is there twice");
  EXPECT_EQ(error_of("\n# x\nname\n"), "t.csv:3: error: column 'bits' is missing; columns: name,bits,groups");
  EXPECT_EQ(error_of("name,bits\na,1\nb\n"), "t.csv:3: error: the row has 1 field where the header has 2");
  EXPECT_EQ(error_of("name,bits\na,17\n"), "t.csv:2: error: 'bits' is '17'; allowed: integers 1 to 16");
  EXPECT_EQ(error_of("name,bits\na,4.0\n"), "t.csv:2: error: 'bits' is '4.0'; allowed: integers 1 to 16");
  EXPECT_EQ(error_of("name,bits\na,\n"), "t.csv:2: error: 'bits' is empty");
  EXPECT_EQ(error_of("name,bits\n\"a,1\n"), "t.csv:2: error: a quoted field has no closing quote");
  EXPECT_EQ(error_of("name,bits\n\"a\"b,1\n"),
            "t.csv:2: error: text after the closing quote of a field; write a quote inside a quoted field as \"\"");
  EXPECT_EQ(error_of(std::string("name,bits\n\0,1\n", 14)),
            "t.csv:2: error: not a text file: it has a zero byte; expected CSV in UTF-8");
  EXPECT_EQ(message_of([] { CsvReader("/nowhere/t.csv"); }),
            "/nowhere/t.csv: error: no such file; expected a CSV file");
  EXPECT_EQ(message_of([] { CsvReader("/tmp"); }), "/tmp: error: is a folder; expected a CSV file");
}

}  // namespace
}  // namespace ldpsim
