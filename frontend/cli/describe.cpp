// SPDX-License-Identifier: Apache-2.0
#include "frontend/cli/describe.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <iostream>
#include <sstream>
#include <string>

#include "frontend/train/settings.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::cli {
namespace {

/// What the arguments alone say of the data; the rest is known once they are read.
TraceMeta data_of(const Arguments& arguments) {
  TraceMeta meta{{"augment", arguments.text("augment")}};
  if (arguments.given("tokens")) meta["tokens"] = arguments.text("tokens");
  if (arguments.given("image-size")) meta["image_height"] = arguments.text("image-size");
  if (arguments.given("test-dataset")) meta["test_dataset"] = arguments.text("test-dataset");
  return meta;
}

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
  check_folder(settings.data_directory, settings.dataset);
  if (!settings.test_directory.empty()) check_folder(settings.test_directory, settings.test_dataset);
  return train::describe(settings, arguments, data_of(arguments));
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
