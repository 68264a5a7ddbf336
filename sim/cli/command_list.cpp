// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <sstream>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/trainer_program.hpp"
#include "sim/core/suggest.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {
namespace {

Table list_archs() {
  Table table({"arch", "array", "frequency_mhz", "dram_bits_per_cycle", "assumed_values", "description"});
  for (const std::string& name : arch_names()) {
    const ArchSpec arch = load_arch(name);
    table.add({name, arch.text("array.kind"), arch.real("clock.frequency_mhz"), arch.integer("dram.bits_per_cycle"),
               static_cast<std::int64_t>(arch.assumed.size()), arch.description});
  }
  table.note("ldpsim explain ARCH shows every value with its source");
  return table;
}

Table list_arrays() {
  Table table({"array", "description"});
  for (const PeArrayKind& kind : PeArrayRegistry::instance().kinds()) table.add({kind.kind, kind.doc});
  return table;
}

Table list_actions() {
  Table table({"action", "unit", "description"});
  for (const ActionDoc& action : action_docs())
    table.add({std::string(action.name), std::string(action.unit), std::string(action.doc)});
  return table;
}

Table list_keys() {
  Table table({"key", "unit", "default", "allowed"});
  const auto add = [&](const Parameter& p) {
    table.add({p.key, p.unit, p.initial ? value_text(*p.initial) : std::string("required"), range_text(p)});
  };
  for (const Parameter& parameter : common_parameters()) add(parameter);
  for (const PeArrayKind& kind : PeArrayRegistry::instance().kinds()) {
    for (const Parameter& parameter : kind.parameters) add(parameter);
  }
  return table;
}

Table list_networks() {
  Table table({"network", "layers", "macs", "file"});
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(data_directory("networks"))) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const std::filesystem::path& file : files) {
    const Network network = read_network_csv(file.string()).network;
    table.add({network.name, static_cast<std::int64_t>(network.layers.size()), network.macs(), file.string()});
  }
  return table;
}

Table list_energy_tables() {
  Table table({"energy_table"});
  for (const std::string& name : energy_table_names()) table.add({name});
  return table;
}

/// What the trainer lists: a name and a description a line.
Table list_of_trainer(const std::string& what, const std::string& column) {
  Table table({column, "description"});
  std::istringstream lines(output_of_trainer("ldpsim list " + what, {"--list", what}));
  for (std::string name, description; lines >> name && std::getline(lines >> std::ws, description);)
    table.add({name, description});
  return table;
}
Table list_methods() { return list_of_trainer("methods", "method"); }
Table list_datasets() { return list_of_trainer("datasets", "dataset"); }

struct Listing {
  const char* what;
  Table (*make)();
};
constexpr Listing kListings[] = {{"archs", list_archs},       {"networks", list_networks},   {"methods", list_methods},
                                 {"datasets", list_datasets}, {"arrays", list_arrays},       {"actions", list_actions},
                                 {"keys", list_keys},         {"energy", list_energy_tables}};

class ListCommand final : public Command {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override {
    return "List what there is: machines, networks, methods, datasets, kinds of array, keys, actions, energy tables";
  }
  std::string synopsis() const override {
    return "ldpsim list archs|networks|methods|datasets|arrays|keys|actions|energy [--format text|csv|json]";
  }
  std::vector<std::string> examples() const override { return {"ldpsim list archs", "ldpsim list keys --format csv"}; }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("what", po::value<std::string>()->required(),
                          "archs, networks, methods, datasets, arrays, keys, actions or energy");
    positional.add("what", 1);
    add_format_option(options);
  }
  ExitCode run(const po::variables_map& values) override {
    const std::string what = values["what"].as<std::string>();
    std::vector<std::string> names;
    for (const Listing& listing : kListings) {
      if (what == listing.what) {
        print_table(listing.make(), values);
        return ExitCode::kDone;
      }
      names.emplace_back(listing.what);
    }
    throw UserError("ldpsim list", "there is no list of '" + what + "'", allowed_hint(what, names));
  }
};

}  // namespace

std::unique_ptr<Command> make_list_command() { return std::make_unique<ListCommand>(); }

}  // namespace ldpsim::cli
