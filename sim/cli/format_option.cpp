// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/format_option.hpp"

#include <cstdio>
#include <string>

namespace ldpsim::cli {

void add_format_option(po::options_description& options) {
  options.add_options()("format", po::value<std::string>()->default_value("text")->value_name("FORMAT"),
                        "text, csv or json");
}

void print_table(const Table& table, const po::variables_map& values) {
  const std::string text = table.render(table_format_of(values["format"].as<std::string>()));
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace ldpsim::cli
