// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <filesystem>
#include <sstream>

#include "sim/arch/actions.hpp"
#include "sim/arch/arch_spec.hpp"
#include "sim/arch/dram_presets.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/trainer_program.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/core/csv.hpp"
#include "sim/core/suggest.hpp"
#include "sim/energy/energy_table.hpp"
#include "sim/replay/columns.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {
namespace {

/// Empty if 0, which stands for a process that is not stated.
Cell known(double figure) { return cell_of(figure == 0 ? std::nullopt : std::optional(figure)); }

Table list_archs(const po::variables_map& values) {
  Table table({"arch", "array", "frequency_mhz", "dram_bits_per_cycle", "technology_nm", "area_mm2", "area_array_mm2",
               "area_buffers_mm2", "area_rest_mm2", "area_confidence", "assumed_values", "description"});
  for (const std::string& name : arch_names()) {
    std::vector<ArchSpec> archs{load_arch(name)};
    set_technology(archs, values);
    const ArchSpec& arch = archs.front();
    const EnergyTable energy = EnergyTable::of(arch, *make_pe_array(arch));
    const Area& area = energy.area();
    table.add({name, arch.text("array.kind"), arch.real("clock.frequency_mhz"), arch.integer("dram.bits_per_cycle"),
               known(energy.components().technology.nm), cell_of(area.total_mm2), cell_of(area.array_mm2),
               cell_of(area.buffers_mm2), cell_of(area.rest_mm2), area.confidence,
               static_cast<std::int64_t>(arch.assumed.size()), arch.description});
  }
  table.note("ldpsim explain ARCH shows every value with its source; an area that is empty is not known");
  return table;
}

Table list_dram(const po::variables_map&) {
  Table table({"preset", "pj_per_bit", "confidence", "source", "remark"});
  for (const DramPreset& preset : dram_presets())
    table.add({preset.name, preset.pj_per_bit, preset.confidence, preset.source, preset.remark});
  table.note(dram_disagreement());
  return table;
}

Table list_arrays(const po::variables_map&) {
  Table table({"array", "description"});
  for (const PeArrayKind& kind : PeArrayRegistry::instance().kinds()) table.add({kind.kind, kind.doc});
  return table;
}

Table list_actions(const po::variables_map&) {
  Table table({"action", "unit", "description"});
  for (const ActionDoc& action : action_docs())
    table.add({std::string(action.name), std::string(action.unit), std::string(action.doc)});
  return table;
}

Table list_keys(const po::variables_map&) {
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

Table list_networks(const po::variables_map&) {
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

Table list_profiles(const po::variables_map&) {
  namespace fs = std::filesystem;
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(data_directory("networks") + "/profiles")) {
    if (entry.path().extension() == ".csv") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Table table({"profile", "network", "layers", "file"});
  for (const fs::path& file : files) {
    CsvTable rows(file.string(),
                  {{"layer"}, {"weight_bits", false}, {"activation_bits", false}, {"gradient_bits", false}});
    std::int64_t layers = 0;
    while (rows.next()) ++layers;
    table.add({file.parent_path().filename().string(), file.stem().string(), layers, file.string()});
  }
  table.note("use one with --profile NAME; layers that it does not name keep the precisions of the network's table");
  return table;
}

Table list_energy_tables(const po::variables_map&) {
  Table table({"energy_table", "technology_nm", "voltage", "rows", "area_rows"});
  for (const std::string& name : energy_table_names()) {
    const ComponentTable components = read_component_table(name, "ldpsim list energy", 0);
    const Technology& technology = components.technology;
    table.add({name, known(technology.nm), known(technology.voltage),
               static_cast<std::int64_t>(components.energy.size()), static_cast<std::int64_t>(components.area.size())});
  }
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
Table list_methods(const po::variables_map&) { return list_of_trainer("methods", "method"); }

/// A dataset a line, fields separated by tabs.
Table list_datasets(const po::variables_map&) {
  Table table({"dataset", "task", "here", "description", "source", "how_to_get"});
  std::istringstream lines(output_of_trainer("ldpsim list datasets", {"--list", "datasets"}));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::array<std::string, 6> row;
    for (std::string& field : row) std::getline(fields, field, '\t');
    table.add({row[0], row[1], row[2], row[3], row[4], row[5]});
  }
  return table;
}

struct Listing {
  const char* what;
  Table (*make)(const po::variables_map&);
};
constexpr Listing kListings[] = {{"archs", list_archs},     {"networks", list_networks}, {"profiles", list_profiles},
                                 {"methods", list_methods}, {"datasets", list_datasets}, {"arrays", list_arrays},
                                 {"actions", list_actions}, {"keys", list_keys},         {"energy", list_energy_tables},
                                 {"dram", list_dram}};

class ListCommand final : public Command {
 public:
  std::string name() const override { return "list"; }
  std::string summary() const override {
    return "List what there is: machines, networks, profiles, methods, datasets, kinds of array, keys, actions, energy "
           "tables, "
           "prices "
           "of DRAM";
  }
  std::string synopsis() const override {
    return "ldpsim list archs|networks|profiles|methods|datasets|arrays|keys|actions|energy|dram [--format "
           "text|csv|json]";
  }
  std::vector<std::string> examples() const override {
    return {"ldpsim list archs", "ldpsim list archs --technology 28", "ldpsim list keys --format csv"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("what", po::value<std::string>()->value_name("WHAT"),
                          "archs, networks, profiles, methods, datasets, arrays, keys, actions, energy or dram");
    positional.add("what", 1);
    add_technology_option(options);
    add_format_option(options);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("what") == 0) throw UserError("ldpsim list", "nothing to list is given", "usage: " + synopsis());
    const std::string what = values["what"].as<std::string>();
    std::vector<std::string> names;
    for (const Listing& listing : kListings) {
      if (what == listing.what) {
        if (what != "archs") refuse_option(values, "technology", "list " + what);
        print_table(listing.make(values), values);
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
