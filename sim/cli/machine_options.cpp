// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/machine_options.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "sim/core/suggest.hpp"
#include "sim/datapath/builtin.hpp"
#include "sim/trace/schedule.hpp"

namespace ldpsim::cli {
namespace {

/// `keys_set`: those of the settings before this one; its own is added.
void apply(std::vector<ArchSpec>& archs, const std::string& setting, std::set<std::string>& keys_set) {
  const std::string where = "--set " + setting;
  const std::size_t equals = setting.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError(where, "is not KEY=VALUE", "e.g. --set dram.bits_per_cycle=128");
  const std::string key = setting.substr(0, equals), value = setting.substr(equals + 1);
  if (!keys_set.insert(key).second) throw UserError(where, "the key is set twice", "set each key once");
  bool known = false;
  for (ArchSpec& arch : archs) {
    if (!arch.knows(key)) continue;
    arch.set(key, value, where);
    known = true;
  }
  if (known) return;
  std::set<std::string> keys;
  for (const ArchSpec& arch : archs) {
    for (const Parameter& parameter : arch.parameters()) keys.insert(parameter.key);
  }
  const std::vector<std::string> names(keys.begin(), keys.end());
  throw UserError(where, "unknown key '" + key + "'", allowed_key_hint(key, names));
}

}  // namespace

void add_machine_options(po::options_description& options) {
  options.add_options()("arch,a", po::value<std::vector<std::string>>()->composing()->value_name("NAME"),
                        "machine: a name out of arch_configs/ or a YAML file; may be repeated")(
      "set,s", po::value<std::vector<std::string>>()->composing()->value_name("KEY=VALUE"),
      "change a key of the machines that have it; may be repeated");
}

void add_technology_option(po::options_description& options) {
  options.add_options()("technology", po::value<std::string>()->value_name("NM"),
                        "rescale energy and area of every machine to this process, e.g. 28, so that machines of "
                        "different ones can be compared; as --set energy.technology_nm=NM");
}

void set_technology(std::vector<ArchSpec>& archs, const po::variables_map& values) {
  if (values.count("technology") == 0) return;
  const std::string nm = values["technology"].as<std::string>();
  for (ArchSpec& arch : archs) arch.set("energy.technology_nm", nm, "--technology " + nm);
}

std::vector<ArchSpec> archs_of(const po::variables_map& values) {
  register_builtin_pe_arrays();
  if (values.count("arch") == 0) throw UserError("--arch", "no machine given", allowed_hint("", arch_names()));
  std::vector<ArchSpec> archs;
  std::set<std::string> names;
  for (const std::string& name : values["arch"].as<std::vector<std::string>>()) {
    if (!names.insert(name).second) throw UserError("--arch " + name, "is given twice", "name each machine once");
    archs.push_back(load_arch(name));
  }
  std::set<std::string> keys_set;
  if (values.count("set") != 0) {
    for (const std::string& setting : values["set"].as<std::vector<std::string>>()) apply(archs, setting, keys_set);
  }
  if (values.count("technology") != 0 && keys_set.contains("energy.technology_nm"))
    throw UserError("--technology", "sets energy.technology_nm, as --set does", "leave one of them out");
  set_technology(archs, values);
  return archs;
}

std::vector<Machine> machines_of(const po::variables_map& values) {
  std::vector<Machine> machines;
  for (ArchSpec& arch : archs_of(values)) machines.emplace_back(std::move(arch));
  return machines;
}

void add_rescale_option(po::options_description& options) {
  options.add_options()(
      "rescale", po::value<std::string>()->value_name("HOW"),
      "backward-data with a weight scale per channel: free (a plain GEMM), per_group (charged for) or both");
}

std::vector<ArchSpec> rescale_variants(const std::vector<ArchSpec>& archs, const po::variables_map& values,
                                       bool by_default_both) {
  const std::string how =
      values.count("rescale") != 0 ? values["rescale"].as<std::string>() : (by_default_both ? "both" : "");
  if (how.empty()) return archs;
  const std::vector<std::string> allowed{"free", "per_group", "both"};
  if (std::find(allowed.begin(), allowed.end(), how) == allowed.end()) {
    throw UserError("--rescale", "unknown way '" + how + "'", allowed_hint(how, allowed));
  }
  std::vector<ArchSpec> variants;
  for (const ArchSpec& arch : archs) {
    for (const char* one : {"free", "per_group"}) {
      if (how != "both" && how != one) continue;
      variants.push_back(arch);
      variants.back().set("rescale", one, "--rescale " + how);
    }
  }
  return variants;
}

void add_passes_option(po::options_description& options) {
  options.add_options()(
      "passes", po::value<std::string>()->default_value("forward,backward_data,backward_weight")->value_name("LIST"),
      "passes to run, separated by commas");
}

std::vector<Pass> passes_of(const po::variables_map& values) {
  std::set<Pass> chosen;
  for (const std::string& name : split(values["passes"].as<std::string>(), ','))
    chosen.insert(pass_of(name, "--passes"));
  std::vector<Pass> passes;
  for (const Pass pass : kAllPasses) {
    if (chosen.count(pass) != 0) passes.push_back(pass);
  }
  return passes;
}

void add_jobs_option(po::options_description& options) {
  options.add_options()("jobs,j", po::value<std::int64_t>()->default_value(1)->value_name("N"), "worker processes");
}

std::size_t jobs_of(const po::variables_map& values) {
  const auto jobs = values["jobs"].as<std::int64_t>();
  if (jobs < 1 || jobs > 1024) throw UserError("--jobs", "is " + std::to_string(jobs), "allowed: 1 to 1024");
  return static_cast<std::size_t>(jobs);
}

std::pair<std::int64_t, std::int64_t> iteration_range_of(const std::string& text) {
  const auto number = [&](const std::string& part, std::int64_t if_empty) {
    if (part.empty()) return if_empty;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error == std::errc() && end == part.data() + part.size() && value >= 0) return value;
    throw UserError("--iterations " + text, "'" + part + "' is not a number of an iteration",
                    "e.g. --iterations 0:1000");
  };
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 2)
    throw UserError("--iterations " + text, "is not FIRST:LAST", "e.g. --iterations 0:1000 for the first thousand");
  return {number(parts[0], Schedule::kBegin), number(parts[1], Schedule::kEnd)};
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  while (true) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.push_back(text.substr(at, end - at));
    if (end == text.size()) return parts;
    at = end + 1;
  }
}

}  // namespace ldpsim::cli
