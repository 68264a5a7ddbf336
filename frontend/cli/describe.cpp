// SPDX-License-Identifier: Apache-2.0
#include "frontend/cli/describe.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "frontend/data/packages.hpp"
#include "frontend/tasks/task.hpp"
#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::cli {
namespace {

void check_folder(const std::filesystem::path& folder, const std::string& dataset) {
  std::error_code failed;
  if (!std::filesystem::exists(folder, failed)) {
    throw UserError(folder.string(), fmt::format("no such folder, for dataset '{}'", dataset),
                    "ldpsim list datasets says where to get it");
  }
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
  words.insert(words.end(), {"-o", "unnamed"});  // a run needs a trace; its name decides nothing
  return words;
}

TraceMeta description_of(const Arguments& arguments) {
  const train::Settings settings = train::settings_from(arguments);
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  if (!dataset.packaged.empty() && !arguments.given("data"))
    data::require_packages(data::package_root(dataset.packaged), dataset.packaged);
  check_folder(settings.data_directory, settings.dataset);
  if (!settings.test_directory.empty()) check_folder(settings.test_directory, settings.test_dataset);
  return train::describe(settings, arguments, tasks::description_without_data(settings));
}

void print(const TraceMeta& description) {
  for (const auto& [key, value] : description) fmt::print("{}={}\n", key, value);
}

}  // namespace

void describe_run(std::vector<std::string> words) {
  if (!Arguments(train::option_specs(), words).given("output")) words.insert(words.end(), {"-o", "unnamed"});
  print(description_of(Arguments(train::option_specs(), words)));
}

void describe_runs() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      print(description_of(Arguments(train::option_specs(), words_of(line))));
    } catch (const UserError& error) {
      fmt::print("error={}\n", error.what());
    }
    fmt::print("\n");
  }
}

}  // namespace ldpsim::cli
