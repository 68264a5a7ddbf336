// SPDX-License-Identifier: Apache-2.0
#include "frontend/data/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "frontend/data/gzip.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

/// Calls `word` with each word, and `line` after each line; a last line need not end in a line feed.
template <class Word, class Line>
void walk(std::string_view text, Word word, Line line) {
  std::size_t start = 0;
  const auto flush = [&](std::size_t end) {
    if (end > start) word(text.substr(start, end - start));
    start = end + 1;
  };
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == ' ' || text[at] == '\t' || text[at] == '\r') flush(at);
    if (text[at] == '\n') {
      flush(at);
      line();
    }
  }
  if (!text.empty() && text.back() != '\n') {
    flush(text.size());
    line();
  }
}

std::filesystem::path token_file(const std::filesystem::path& directory, const std::string& part) {
  for (const std::string& name : {"wiki." + part + ".tokens", part + ".tokens", part + ".txt"}) {
    if (std::filesystem::is_regular_file(directory / name)) return directory / name;
  }
  throw UserError((directory / ("wiki." + part + ".tokens")).string(), "no such file",
                  "--data DIR must name a folder with wiki.train.tokens, wiki.valid.tokens and wiki.test.tokens");
}

/// Plain or gzip. There is no perplexity of nothing.
std::string read_some_text(const std::filesystem::path& file) {
  std::string text = read_gzip(file);
  if (text.empty()) throw DamagedFile(file.string(), "is empty");
  return text;
}

}  // namespace

Vocabulary::Vocabulary(std::string_view text, std::int64_t least_count) {
  std::unordered_map<std::string_view, std::int64_t> counts;
  walk(
      text, [&](std::string_view word) { ++counts[word]; }, [] {});
  std::vector<std::pair<std::string_view, std::int64_t>> kept;
  for (const auto& [word, count] : counts) {
    if (count >= least_count && word != kEndOfLineWord && word != kUnknownWord) kept.emplace_back(word, count);
  }
  std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  add(kEndOfLineWord);
  add(kUnknownWord);
  for (const auto& [word, count] : kept) add(std::string(word));
}

Vocabulary Vocabulary::parse(const std::string& text) {
  Vocabulary vocabulary;
  walk(
      text, [&](std::string_view word) { vocabulary.add(std::string(word)); }, [] {});
  if (vocabulary.size() < 2 || vocabulary.words_[0] != kEndOfLineWord || vocabulary.words_[1] != kUnknownWord) {
    throw UserError("vocabulary", "does not begin with <eos> and <unk>", "one word a line");
  }
  return vocabulary;
}

std::string Vocabulary::to_string() const {
  std::string text;
  for (const std::string& word : words_) text += word + '\n';
  return text;
}

void Vocabulary::add(const std::string& word) {
  tokens_.emplace(word, static_cast<Token>(words_.size()));
  words_.push_back(word);
}

Token Vocabulary::token(std::string_view word) const {
  const auto found = tokens_.find(std::string(word));
  return found == tokens_.end() ? kUnknown : found->second;
}

std::vector<Token> Vocabulary::encode(std::string_view text) const {
  std::vector<Token> tokens;
  walk(
      text, [&](std::string_view word) { tokens.push_back(token(word)); }, [&] { tokens.push_back(kEndOfLine); });
  return tokens;
}

TextCorpus make_corpus(const std::string& name, const TextParts& parts, std::int64_t least_count) {
  TextCorpus corpus{name, Vocabulary(parts.train, least_count), {}, {}, {}};
  corpus.train = corpus.vocabulary.encode(parts.train);
  corpus.valid = corpus.vocabulary.encode(parts.valid);
  corpus.test = corpus.vocabulary.encode(parts.test);
  return corpus;
}

TextCorpus read_token_files(const std::filesystem::path& directory, const std::string& name, std::int64_t least_count) {
  TextParts parts;
  for (const auto& [part, text] : {std::pair{"train", &parts.train}, {"valid", &parts.valid}, {"test", &parts.test}}) {
    *text = read_some_text(token_file(directory, part));
  }
  return make_corpus(name, parts, least_count);
}

std::vector<Token> read_tokens(const std::filesystem::path& file, const Vocabulary& vocabulary) {
  return vocabulary.encode(read_some_text(file));
}

double unknown_share(std::span<const Token> text) {
  const auto unknown = std::count(text.begin(), text.end(), Vocabulary::kUnknown);
  return text.empty() ? 0 : static_cast<double>(unknown) / static_cast<double>(text.size());
}

double unigram_perplexity(std::span<const Token> train, std::span<const Token> text, std::int64_t vocabulary_size) {
  std::vector<double> counts(static_cast<std::size_t>(vocabulary_size), 1.0);
  for (const Token token : train) ++counts.at(static_cast<std::size_t>(token));
  const double total = static_cast<double>(train.size()) + static_cast<double>(vocabulary_size);
  double sum = 0;
  for (const Token token : text) sum -= std::log(counts.at(static_cast<std::size_t>(token)) / total);
  return std::exp(sum / static_cast<double>(text.size()));
}

TokenBlocks::TokenBlocks(std::span<const Token> text, std::int64_t length, std::int64_t context)
    : text_(text), length_(length), context_(context), step_(length - context) {
  if (length < 1 || context < 0 || context >= length) {
    throw InternalError(fmt::format("a block of {} tokens with {} of context", length, context));
  }
}

std::int64_t TokenBlocks::count() const { return (static_cast<std::int64_t>(text_.size()) + step_ - 1) / step_; }

void TokenBlocks::fill(std::int64_t block, Token* inputs, Token* targets) const {
  const auto size = static_cast<std::int64_t>(text_.size());
  // The first block has nothing to read before its targets: it begins with the text, and what is left over stays empty.
  const std::int64_t first_target = block * step_, begin = std::max<std::int64_t>(0, first_target - context_);
  const std::int64_t end = std::min(size, first_target + step_);
  for (std::int64_t i = 0; i < length_; ++i) {
    const std::int64_t at = begin + i;
    inputs[i] = at == 0 || at >= end ? Vocabulary::kEndOfLine : text_[static_cast<std::size_t>(at - 1)];
    targets[i] = at >= first_target && at < end ? text_[static_cast<std::size_t>(at)] : kNoTarget;
  }
}

}  // namespace ldpsim::data
