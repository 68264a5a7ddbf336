// SPDX-License-Identifier: Apache-2.0
#include "sim/validate/bench.hpp"

#include <cmath>

#include "sim/core/error.hpp"
#include "sim/datapath/builtin.hpp"

namespace ldpsim {

Bench::Bench(Accelerator& accelerator) : accelerator_(accelerator) { register_builtin_pe_arrays(); }

Pricing& Bench::pricing(const std::string& machine, const Settings& settings) {
  std::unique_ptr<Priced>& priced = machines_[{machine, settings}];
  if (!priced) {
    ArchSpec arch = load_arch(machine);
    for (const auto& [key, value] : settings) arch.set(key, value, "check of " + machine);
    priced = std::make_unique<Priced>(accelerator_, std::move(arch));
  }
  return priced->pricing;
}

const NetworkTable& Bench::network(const std::string& name, const std::string& profile) {
  const auto [place, is_new] = networks_.try_emplace({name, profile});
  if (is_new) {
    const std::string folder = data_directory("networks");
    place->second = read_network_csv(folder + "/" + name + ".csv");
    if (!profile.empty()) apply_profile(place->second, folder + "/profiles/" + profile + "/" + name + ".csv");
  }
  return place->second;
}

PassCost Bench::price(Pricing& pricing, const NetworkTable& network, std::size_t layer, Pass pass, std::int64_t batch) {
  return pricing.price({.layer = network.network.layers[layer],
                        .first_layer = reads_network_input(network.network, layer),
                        .pass = pass,
                        .bits = network.bits[layer],
                        .batch = batch});
}

std::string validation_file(const std::string& name) { return data_directory("published") + "/validation/" + name; }

double geometric_mean(const std::vector<double>& values) {
  if (values.empty()) throw InternalError("a geometric mean of nothing");
  double logarithms = 0;
  for (const double value : values) logarithms += std::log(value);
  return std::exp(logarithms / static_cast<double>(values.size()));
}

}  // namespace ldpsim
