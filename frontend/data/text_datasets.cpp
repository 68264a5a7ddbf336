// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "frontend/data/dataset.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

/// Tokens of the published texts, ends of lines counted (Merity et al. 2016).
struct PublishedCounts {
  std::size_t train, valid, test;
};
constexpr PublishedCounts kWikiText2 = {2'088'628, 217'646, 245'569}, kWikiText103 = {103'227'021, 217'646, 245'569};

void check_count(const std::filesystem::path& directory, const char* part, std::size_t found, std::size_t published) {
  if (found == published) return;
  throw DamagedFile(directory.string(), fmt::format("its {} text has {} tokens", part, found),
                    fmt::format("the published one has {}; another text in this layout is --dataset text", published));
}

DatasetEntry wikitext(const std::string& name, const std::string& summary, PublishedCounts counts) {
  DatasetEntry entry;
  entry.name = name;
  entry.summary = summary;
  entry.loader = Loader<TextCorpus>([name, counts](const std::filesystem::path& directory) {
    TextCorpus corpus = read_token_files(directory, name, 1);
    check_count(directory, "training", corpus.train.size(), counts.train);
    check_count(directory, "validation", corpus.valid.size(), counts.valid);
    check_count(directory, "test", corpus.test.size(), counts.test);
    return corpus;
  });
  entry.publisher = "Merity et al., \"Pointer sentinel mixture models\", 2016";
  entry.remedy = fmt::format("download {} (word level) from its publisher; --data the folder of wiki.*.tokens", name);
  return entry;
}

}  // namespace

std::vector<DatasetEntry> text_datasets() {
  DatasetEntry own;
  own.name = "text";
  own.summary = "your own text in WikiText's layout, words that occur once or twice unknown";
  own.loader =
      Loader<TextCorpus>([](const std::filesystem::path& directory) { return read_token_files(directory, "text", 3); });
  own.publisher = "you";
  own.remedy = "--data the folder of train.txt, valid.txt, test.txt: words separated by blanks, a line a paragraph";
  return {wikitext("wikitext-103", "103 million words of Wikipedia, 267,735 different ones", kWikiText103),
          wikitext("wikitext-2", "2 million words of Wikipedia, 33,278 different ones", kWikiText2), own};
}

}  // namespace ldpsim::data
