// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ldpsim::data {

/// Number of a word in a vocabulary.
using Token = std::int32_t;

/// Words with numbers. 0 is the end of a line, 1 any word that is not in it, the others follow by falling frequency in
/// the training text (equal ones in the order of their bytes).
class Vocabulary {
 public:
  static constexpr Token kEndOfLine = 0, kUnknown = 1;
  static constexpr const char *kEndOfLineWord = "<eos>", *kUnknownWord = "<unk>";

  Vocabulary() = default;
  /// Words that occur fewer than `least_count` times in `text` are left out.
  Vocabulary(std::string_view text, std::int64_t least_count);
  /// As saved: one word a line, in order.
  static Vocabulary parse(const std::string& text);
  std::string to_string() const;

  Token token(std::string_view word) const;  ///< kUnknown if it has none
  const std::string& word(Token token) const { return words_.at(static_cast<std::size_t>(token)); }
  std::int64_t size() const { return static_cast<std::int64_t>(words_.size()); }
  /// Rows of an embedding for it: a multiple of 8, as matrix units like it.
  std::int64_t padded_size() const { return (size() + 7) / 8 * 8; }

  /// Words of `text` separated by blanks, and kEndOfLine after each line.
  std::vector<Token> encode(std::string_view text) const;

 private:
  void add(const std::string& word);
  std::vector<std::string> words_;
  std::unordered_map<std::string, Token> tokens_;
};

/// A text split for training, validation and testing, as numbers of words.
struct TextCorpus {
  std::string name;
  Vocabulary vocabulary;
  std::vector<Token> train, valid, test;
};

/// The three parts as text: words separated by blanks, a line a paragraph.
struct TextParts {
  std::string train, valid, test;
};
TextCorpus make_corpus(const std::string& name, const TextParts& parts, std::int64_t least_count);

/// Reads `wiki.train.tokens`, `wiki.valid.tokens` and `wiki.test.tokens` (also without the leading `wiki.`) of Merity
/// et al. 2016, or texts in that layout. Throws UserError naming a missing file.
TextCorpus read_token_files(const std::filesystem::path& directory, const std::string& name, std::int64_t least_count);

/// One file of that layout in a vocabulary of another text; plain or gzip. Throws DamagedFile naming it if it is empty.
std::vector<Token> read_tokens(const std::filesystem::path& file, const Vocabulary& vocabulary);

/// Share of the words of a text that its vocabulary lacks, all of them one word to a model.
double unknown_share(std::span<const Token> text);

/// exp of the mean of -log p over `text`, p the frequency of a word in `train` (each word counted once more, so that
/// none has p = 0): what a model has to surpass that knows words but no context.
double unigram_perplexity(std::span<const Token> train, std::span<const Token> text, std::int64_t vocabulary_size);

/// What the loss leaves out.
inline constexpr Token kNoTarget = -1;

/// A text cut into blocks for a language model: block i predicts tokens [i * step, i * step + step) from those before
/// them. With `context` > 0 a block begins with so many tokens that it only reads (its targets are kNoTarget), so that
/// no target lacks them; each token of the text is a target once. Before the text's first token stands an end of line.
class TokenBlocks {
 public:
  /// `length` tokens a block, of which `context` (below `length`) are only read. Refers to `text`.
  TokenBlocks(std::span<const Token> text, std::int64_t length, std::int64_t context = 0);
  std::int64_t count() const;
  std::int64_t length() const { return length_; }
  /// Writes `length` inputs and targets. What lies beyond the text has the input kEndOfLine and no target.
  void fill(std::int64_t block, Token* inputs, Token* targets) const;

 private:
  std::span<const Token> text_;
  std::int64_t length_, context_, step_;
};

}  // namespace ldpsim::data
