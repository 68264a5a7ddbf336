// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "sim/arch/arch_spec.hpp"
#include "sim/arch/pe_array.hpp"
#include "sim/arch/yaml_file.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/machine_options.hpp"
#include "sim/cli/topics.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/core/suggest.hpp"
#include "sim/energy/energy_table.hpp"

namespace ldpsim::cli {
namespace {

void print_topic(const Topic& topic) {
  fmt::print("{}: {}\n  {}\n", topic.name, topic.what, topic.doc);
  if (!topic.unit.empty()) fmt::print("unit:    {}\n", topic.unit);
  if (!topic.initial.empty()) fmt::print("default: {}\n", topic.initial);
  if (!topic.allowed.empty()) fmt::print("allowed: {}\n", topic.allowed);
  if (!topic.used_by.empty())
    fmt::print("{}{}\n", topic.allowed.empty() ? "price a unit:" : "used by: ", topic.used_by);
}

/// What every machine sets a key to, with the source.
void print_settings(const std::string& key) {
  for (const std::string& name : arch_names()) {
    const ArchSpec arch = load_arch(name);
    const auto value = arch.values().find(key);
    if (value == arch.values().end()) continue;
    std::string why;
    if (const auto source = arch.sources.find(key); source != arch.sources.end()) why = "; source: " + source->second;
    if (const auto reason = arch.assumed.find(key); reason != arch.assumed.end()) why += "; assumed: " + reason->second;
    fmt::print("  {} = {}{}\n", name, value_text(value->second), why);
  }
}

void print_components(const EnergyTable& energy) {
  fmt::print("energy {} (table {}), a unit:\n", energy.technology_text(), energy.name());
  for (const EnergyRow& row : energy.rows())
    fmt::print("  {}: {}\n", action_docs()[static_cast<std::size_t>(row.action)].name, row_text(row, row.pj, "pJ"));
  for (const LeakageRow& row : energy.leakage_rows())
    fmt::print("  leakage of {}: {}\n", row.part, row_text(row, row.microwatt, "uW"));
  fmt::print("area: {}\n", energy.area().text);
  for (const AreaRow& row : energy.components().area) fmt::print("  {}: {}\n", row.part, row_text(row, row.mm2, "mm2"));
}

void print_machine(const ArchSpec& arch) {
  fmt::print("{}: machine\n  {}\nfile: {}\n", arch.name, arch.description, arch.file);
  for (const auto& [key, value] : arch.values()) {
    const auto source = arch.sources.find(key);
    const auto reason = arch.assumed.find(key);
    fmt::print("  {} = {}{}{}\n", key, value_text(value),
               source == arch.sources.end() ? "" : "; source: " + source->second,
               reason == arch.assumed.end() ? "" : "; assumed: " + reason->second);
  }
  print_components(EnergyTable::of(arch, *make_pe_array(arch)));
  if (!arch.not_modelled.empty()) fmt::print("not modelled:\n");
  for (const std::string& line : arch.not_modelled) fmt::print("  - {}\n", line);
}

class ExplainCommand final : public Command {
 public:
  std::string name() const override { return "explain"; }
  std::string summary() const override { return "Explain a key, an action, a column, a cause of cycles or a machine"; }
  std::string synopsis() const override { return "ldpsim explain KEY|ACTION|COLUMN|CAUSE|MACHINE..."; }
  std::vector<std::string> examples() const override {
    return {"ldpsim explain dram.bits_per_cycle", "ldpsim explain dram_stall", "ldpsim explain stripes"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("topic", po::value<std::vector<std::string>>()->value_name("TOPIC"),
                          "what to explain, one or several");
    add_technology_option(options);
    positional.add("topic", -1);
  }
  ExitCode run(const po::variables_map& values) override {
    if (values.count("topic") == 0)
      throw UserError("ldpsim explain", "nothing to explain is given", "usage: " + synopsis());
    const std::vector<std::string> machines = arch_names();
    std::vector<Topic> topics;  // made when the first is no machine: it takes a while
    for (const auto& wanted : values["topic"].as<std::vector<std::string>>()) {
      if (names_yaml_file(wanted) || std::find(machines.begin(), machines.end(), wanted) != machines.end()) {
        std::vector<ArchSpec> archs{load_arch(wanted)};
        set_technology(archs, values);
        print_machine(archs.front());
        continue;
      }
      refuse_option(values, "technology", "'" + wanted + "', which is no machine");
      if (topics.empty()) topics = all_topics();
      explain_topic(wanted, topics, machines);
    }
    return ExitCode::kDone;
  }

 private:
  static void explain_topic(const std::string& wanted, const std::vector<Topic>& topics,
                            std::vector<std::string> names) {
    bool found = false;
    for (const Topic& topic : topics) {
      names.push_back(topic.name);
      if (topic.name != wanted) continue;
      print_topic(topic);
      found = true;
    }
    if (!found) {
      const std::string near = nearest(wanted, names);
      throw UserError("ldpsim explain", "nothing is called '" + wanted + "'",
                      (near.empty() ? std::string() : "did you mean '" + near + "'? ") +
                          "'ldpsim list keys', 'list actions' and 'list archs' show what there is");
    }
    print_settings(wanted);
  }
};

}  // namespace

std::unique_ptr<Command> make_explain_command() { return std::make_unique<ExplainCommand>(); }

}  // namespace ldpsim::cli
