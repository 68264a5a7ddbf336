// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/replay/pricing.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {

/// What checks compute with: machines of arch_configs/ and networks of networks/, each made once, and the simulator.
class Bench {
 public:
  using Settings = std::vector<std::pair<std::string, std::string>>;  ///< key, value
  /// Keeps the reference. Registers the kinds of array that ldpsim comes with.
  explicit Bench(Accelerator& accelerator);

  /// A machine with some keys changed, ready to be asked for costs; it remembers what it was asked.
  Pricing& pricing(const std::string& machine, const Settings& settings = {});
  /// A network at the precisions of its table, or of a profile in networks/profiles/PROFILE/.
  const NetworkTable& network(const std::string& name, const std::string& profile = {});
  /// Cost of one pass of one layer of a network at its precisions.
  PassCost price(Pricing& pricing, const NetworkTable& network, std::size_t layer, Pass pass, std::int64_t batch);

  /// A line for the reader beside the figures, such as where two of them part.
  void note(std::string line) { notes_.push_back(std::move(line)); }
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  struct Priced {
    Machine machine;
    Pricing pricing;
    Priced(Accelerator& accelerator, ArchSpec arch) : machine(std::move(arch)), pricing(accelerator, machine) {}
  };
  Accelerator& accelerator_;
  std::map<std::pair<std::string, Settings>, std::unique_ptr<Priced>> machines_;
  std::map<std::pair<std::string, std::string>, NetworkTable> networks_;
  std::vector<std::string> notes_;
};

/// A file of published/validation/.
std::string validation_file(const std::string& name);
/// Geometric mean of positive numbers.
double geometric_mean(const std::vector<double>& values);

}  // namespace ldpsim
