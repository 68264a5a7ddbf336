// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/text.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "tests/support/scratch.hpp"

namespace ldpsim::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

TEST(Vocabulary, NumbersWordsByFrequency) {
  const Vocabulary vocabulary("b a a\nc b a <unk> d\n", 1);
  EXPECT_EQ(vocabulary.to_string(), "<eos>\n<unk>\na\nb\nc\nd\n");
  EXPECT_EQ(vocabulary.size(), 6);
  EXPECT_EQ(vocabulary.padded_size(), 8);
  EXPECT_THAT(vocabulary.encode("a x\n\n b"), ElementsAre(2, 1, 0, 0, 3, 0));
  EXPECT_EQ(Vocabulary::parse(vocabulary.to_string()).token("c"), 4);
  EXPECT_THROW(Vocabulary::parse("a\nb\n"), UserError);
}

TEST(Vocabulary, LeavesOutRareWords) {
  const Vocabulary vocabulary("a a a b b c", 2);
  EXPECT_EQ(vocabulary.size(), 4);
  EXPECT_EQ(vocabulary.token("c"), Vocabulary::kUnknown);
}

TEST(TokenFiles, AreReadInPublishedLayout) {
  const ScratchFolder folder;
  folder.write("wiki.train.tokens", " \n = Title = \n a b a \n");
  folder.write("wiki.valid.tokens", " a c \n");
  const auto read = [&] { return read_token_files(folder.path(""), "x", 1); };
  EXPECT_THAT(message_of(read), HasSubstr("wiki.test.tokens: error: no such file"));
  folder.write("wiki.test.tokens", " b \n");
  const TextCorpus corpus = read();
  EXPECT_EQ(corpus.train.size(), 3u + 3 + 3) << "six words and three ends of line";
  EXPECT_EQ(corpus.valid[1], Vocabulary::kUnknown);
  EXPECT_EQ(corpus.vocabulary.word(corpus.test[0]), "b");
  EXPECT_EQ(read_tokens(folder.path("wiki.test.tokens"), corpus.vocabulary), corpus.test);
}

TEST(TokenFiles, MustNotBeEmpty) {
  const ScratchFolder folder;
  folder.write("train.txt", "a b\n");
  folder.write("valid.txt", "a\n");
  const std::string empty = folder.write("test.txt", "");
  EXPECT_THAT(message_of([&] { read_token_files(folder.path(""), "x", 1); }), HasSubstr("test.txt: error: is empty"));
  EXPECT_THAT(message_of([&] { read_tokens(empty, Vocabulary("a b\n", 1)); }), HasSubstr("test.txt: error: is empty"));
}

TEST(UnigramPerplexity, OfUniformWordsIsTheirNumber) {
  std::vector<Token> text;
  for (int i = 0; i < 1000; ++i) text.push_back(i % 10);
  EXPECT_NEAR(unigram_perplexity(text, text, 10), 10, 1e-9);
  EXPECT_NEAR(unigram_perplexity({}, text, 10), 10, 1e-9) << "knowing nothing";
  const std::vector<Token> skewed = {0, 0, 0, 1};
  const double p = 4.0 / 6, q = 2.0 / 6;
  EXPECT_NEAR(unigram_perplexity(skewed, skewed, 2), std::exp(-(3 * std::log(p) + std::log(q)) / 4), 1e-12);
}

TEST(UnknownShare, CountsWordsThatTheVocabularyLacks) {
  const Vocabulary vocabulary("a a b b\n", 1);
  EXPECT_DOUBLE_EQ(unknown_share(vocabulary.encode("a c\nb <unk>\n")), 2.0 / 6);
  EXPECT_DOUBLE_EQ(unknown_share({}), 0);
}

std::vector<Token> counting(Token count) {
  std::vector<Token> text;
  for (Token i = 0; i < count; ++i) text.push_back(10 + i);
  return text;
}

TEST(TokenBlocks, PredictEachTokenFromThoseBefore) {
  const std::vector<Token> text = counting(7);
  const TokenBlocks blocks(text, 4);
  ASSERT_EQ(blocks.count(), 2);
  std::vector<Token> inputs(4), targets(4);
  blocks.fill(0, inputs.data(), targets.data());
  EXPECT_THAT(inputs, ElementsAre(0, 10, 11, 12));
  EXPECT_THAT(targets, ElementsAre(10, 11, 12, 13));
  blocks.fill(1, inputs.data(), targets.data());
  EXPECT_THAT(inputs, ElementsAre(13, 14, 15, 0));
  EXPECT_THAT(targets, ElementsAre(14, 15, 16, kNoTarget));
}

TEST(TokenBlocks, WithContextStillHaveEachTargetOnce) {
  const std::vector<Token> text = counting(101);
  for (const std::int64_t context : {0, 3, 7}) {
    const TokenBlocks blocks(text, 10, context);
    std::vector<int> seen(text.size());
    std::vector<Token> inputs(10), targets(10);
    for (std::int64_t block = 0; block < blocks.count(); ++block) {
      blocks.fill(block, inputs.data(), targets.data());
      for (std::size_t i = 0; i < 10; ++i) {
        if (targets[i] == kNoTarget) continue;
        ++seen[static_cast<std::size_t>(targets[i] - 10)];
        EXPECT_EQ(inputs[i], targets[i] == 10 ? 0 : targets[i] - 1);
        EXPECT_GE(static_cast<std::int64_t>(i), std::min<std::int64_t>(context, targets[i] - 10))
            << "too little was read before";
      }
    }
    EXPECT_THAT(seen, testing::Each(1)) << "context " << context;
  }
}

}  // namespace
}  // namespace ldpsim::data
