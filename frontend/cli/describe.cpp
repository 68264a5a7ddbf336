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

TraceMeta description_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream stream(line);
  for (std::string word; std::getline(stream, word, '\t');) words.push_back(word);
  words.insert(words.end(), {"-o", "unnamed"});  // a run needs a trace; its name decides nothing
  const Arguments arguments(train::option_specs(), words);
  const train::Settings settings = train::settings_from(arguments);
  const data::DatasetEntry& dataset = train::dataset_entry(settings.dataset);
  if (!dataset.packaged.empty() && !arguments.given("data"))
    data::require_packages(data::package_root(dataset.packaged), dataset.packaged);
  check_folder(settings.data_directory, settings.dataset);
  if (!settings.test_directory.empty()) check_folder(settings.test_directory, settings.test_dataset);
  return train::describe(settings, arguments, tasks::description_without_data(settings));
}

}  // namespace

void describe_runs() {
  for (std::string line; std::getline(std::cin, line);) {
    try {
      for (const auto& [key, value] : description_of(line)) fmt::print("{}={}\n", key, value);
    } catch (const UserError& error) {
      fmt::print("error={}\n", error.what());
    }
    fmt::print("\n");
  }
}

}  // namespace ldpsim::cli
