// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "sim/workload/network_csv.hpp"
#include "tests/support/loaded_machine.hpp"

namespace ldpsim {
namespace {

/// Every pass of every layer of a network, at the precision of its table.
void expect_maps(const test::LoadedMachine& machine, const NetworkTable& table, std::int64_t batch) {
  const InsertedZeros zeros =
      machine.arch.text("inserted_zeros") == "skip" ? InsertedZeros::kSkip : InsertedZeros::kCompute;
  for (std::size_t i = 0; i < table.network.layers.size(); ++i) {
    const Layer& layer = table.network.layers[i];
    if (table.bits[i].weight == 0) continue;  // float
    for (const Pass pass : kAllPasses) {
      if (!pass_exists(table.network, i, pass)) continue;
      for (Problem problem : lower(layer, pass, batch, zeros, true)) {
        problem.first_layer = reads_network_input(table.network, i);
        const TilePlan plan = machine.map(problem, pass_bits(pass, table.bits[i]));
        const Cycles closed = machine.array->closed_form_cycles(problem, plan.bits);
        ASSERT_GE(plan.bound_cycles, plan.compute_cycles);
        ASSERT_GE(plan.compute_cycles, closed) << layer.name << ' ' << name_of(pass);
      }
    }
  }
}

NetworkTable shipped(const std::string& network) {
  return read_network_csv(data_directory("networks") + "/" + network + ".csv");
}

TEST(ShippedMachines, MapEveryPassOfShippedNetworks) {
  register_builtin_pe_arrays();
  for (const std::string& arch : arch_names()) {
    const test::LoadedMachine machine(arch);
    for (const std::string name : {"resnet20", "resnet18", "alexnet", "vgg19", "lstm"}) {
      for (const std::int64_t batch : {1, 16, 128}) {
        ASSERT_NO_THROW(expect_maps(machine, shipped(name), batch)) << arch << ' ' << name << ' ' << batch;
      }
    }
    for (const std::string name : {"googlenet", "deit-tiny", "transformer-lm", "pan-x4"}) {
      ASSERT_NO_THROW(expect_maps(machine, shipped(name), 16)) << arch << ' ' << name;
    }
  }
}

TEST(ShippedMachines, EveryUnsourcedKeyIsMarkedAsAssumed) {
  register_builtin_pe_arrays();
  for (const std::string& name : arch_names()) {
    const ArchSpec arch = load_arch(name);
    EXPECT_FALSE(arch.description.empty()) << name;
    EXPECT_FALSE(arch.not_modelled.empty()) << name;
    for (const Parameter& parameter : arch.parameters()) {
      if (parameter.initial || parameter.key == "array.kind" || parameter.key == "energy.table") continue;
      EXPECT_EQ(arch.sources.count(parameter.key) + arch.assumed.count(parameter.key), 1u)
          << name << ' ' << parameter.key;
    }
  }
}

}  // namespace
}  // namespace ldpsim
