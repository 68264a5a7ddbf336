// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/prose.hpp"

#include <gmock/gmock.h>

#include "frontend/data/dataset.hpp"
#include "tests/support/pictures.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::packaged_file;
using testing_support::ScratchFolder;

TEST(SpacedWords, AreThoseOfWikiText) {
  const std::pair<const char*, const char*> cases[] = {
      {"A well-known 1.5 and 2,000 cm.", "A well @-@ known 1 @.@ 5 and 2 @,@ 000 cm ."},
      {"He said: \"I don't!\" (twice)", "He said : \" I don 't ! \" ( twice )"},
      {"Tucker's p. 264, U.S. law.", "Tucker 's p. 264 , U.S. law ."},
      {"one -- two . . .", "one -- two . . ."},
      {"  caf\xC3\xA9,\nbar ", "caf\xC3\xA9 , bar"},
      {"workers' rights", "workers ' rights"},
      {"", ""},
  };
  for (const auto& [text, words] : cases) EXPECT_EQ(spaced_words(text), words);
}

TEST(Markdown, BecomesParagraphsAndHeadings) {
  const std::string markdown =
      "# A.1 What _is_ it?\n\nThe first **paragraph** runs\nover lines [see [section\nH.4](secH4.md)].\n\n"
      "> _\"Quoted\nwords.\"_\n\n* * *\n\n  * one\n  * [two\nlines](x.md)\n\n1\\. Not an item "
      "<br>\n\n![A\npicture](a.png)\n\n"
      "## [Linked\nheading](y.md)\n[next](z.md \"Go to next page\")\n|\n---|---\n";
  EXPECT_EQ(prose_of_markdown(markdown),
            " = A.1 What is it ? = \n"
            " The first paragraph runs over lines [ see section H.4 ] . \n"
            " \" Quoted words . \" \n"
            " one \n"
            " two lines \n"
            " 1 . Not an item \n"
            " = = Linked heading = = \n");
}

TEST(TaggedWords, LoseTheirTags) {
  EXPECT_EQ(prose_of_tagged("\n\n\tThe/at jury/nn said/vbd ./.\nIt/pps 1/2/cd ,/,\n\n\n\tNext/ap\n"),
            " The jury said . It 1/2 , \n Next \n");
}

TEST(SplitDocuments, EighteenToOneToOne) {
  std::vector<std::string> documents;
  for (int i = 0; i < 45; ++i) documents.push_back(static_cast<char>('A' + i % 26) + std::string("\n"));
  const TextParts parts = split_documents(documents);
  EXPECT_EQ(parts.train.size(), 2u * (18 + 18 + 5));
  EXPECT_EQ(parts.valid, "S\nM\n");
  EXPECT_EQ(parts.test, "T\nN\n");
}

/// The corpus of the package, of which figures were found before by another program.
TEST(Anarchism, IsALanguageCorpusOfTwoMillionWords) {
  const std::filesystem::path file = packaged_file("usr/share/doc/anarchism/markdown/secA1.md.gz");
  if (file.empty()) GTEST_SKIP() << "not unpacked here: scripts/data anarchism";
  const TextCorpus corpus = anarchism().load<TextCorpus>(file.parent_path());
  EXPECT_NEAR(static_cast<double>(corpus.train.size()), 2'071'311, 60'000);
  EXPECT_NEAR(static_cast<double>(corpus.test.size()), 48'986, 2'000);
  EXPECT_NEAR(static_cast<double>(corpus.vocabulary.size()), 16'524, 500);
  EXPECT_NEAR(unigram_perplexity(corpus.train, corpus.test, corpus.vocabulary.size()), 704, 40);
  EXPECT_THAT(message_of([&] { anarchism().load<Dataset>(file.parent_path()); }),
              HasSubstr("--dataset: error: 'anarchism' is for language modelling"));
}

TEST(Brown, NeedsItsFolder) {
  const ScratchFolder folder;
  EXPECT_THAT(message_of([&] { brown().load<TextCorpus>(folder.path("")); }), HasSubstr("fewer than twenty documents"));
  for (int i = 10; i < 30; ++i) folder.write("ca" + std::to_string(i), "\n\tword/nn ./.\n");
  folder.write("cats.txt", "no text");
  const TextCorpus corpus = brown().load<TextCorpus>(folder.path(""));
  EXPECT_EQ(corpus.train.size(), 18u * 3);
  EXPECT_EQ(corpus.test.size(), 3u);
}

TEST(WikiText, IsHeldAgainstThePublishedCounts) {
  const ScratchFolder folder;
  for (const std::string part : {"train", "valid", "test"}) folder.write("wiki." + part + ".tokens", " a b \n");
  for (const DatasetEntry& entry : text_datasets()) {
    if (entry.name == "wikitext-2") {
      EXPECT_THAT(message_of([&] { entry.load<TextCorpus>(folder.path("")); }),
                  HasSubstr("its training text has 3 tokens; the published one has 2088628"));
    }
  }
}

}  // namespace
}  // namespace ldpsim::data
