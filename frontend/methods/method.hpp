// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frontend/cli/arguments.hpp"
#include "frontend/models/recipe.hpp"
#include "frontend/quant/scheme.hpp"
#include "sim/workload/layer.hpp"

namespace ldpsim::methods {

/// Bits of one layer in one iteration. 0 = that tensor stays float.
struct Precision {
  int weight = 0, activation = 0, gradient = 0;
};

/// What one layer's backward pass tells a method that learns its precision: <dL/dXq, Xq - X> and <dL/dWq, Wq - W>.
struct ErrorProducts {
  double activation = 0, weight = 0;
};

/// What every method is made from.
struct MethodSettings {
  const Network* network = nullptr;  ///< outlives the method
  int min_bits = 8, max_bits = 8, gradient_bits = 8;
  int static_bits = 8;  ///< bits that a cost ratio of 1 stands for
  std::int64_t iterations = 64000, iterations_per_epoch = 391;
  std::uint64_t seed = 1;
  double budget = 0.6;              ///< that the network was published with
  double precision_rate = 0.1;      ///< learning rate of LDP's precisions, likewise
  bool counts_float_layers = true;  ///< in costs, as the network's publication does
  bool has_accuracy = true;         ///< the network tells classes apart
};

/// A rule that says at which precision each layer runs in each iteration.
///
/// Contract: the trainer calls, in order and from one thread: precision(i); then, if wants_error_products(),
/// after_backward with one element a layer (zeros for float layers); then, if wants_accuracy(), batch_accuracy; then
/// after_step with the batch's loss; after the last iteration of an epoch, after_epoch.
/// state() and restore() carry all that later calls depend on: a method restored from the state after iteration i
/// continues as if it had not stopped.
class Method {
 public:
  virtual ~Method() = default;
  /// Throws UserError if the network cannot be trained as the settings ask; called before training starts.
  virtual void check() const {}
  /// One element a layer of the network, all zero for layers that are not quantised.
  virtual std::vector<Precision> precision(std::int64_t iteration) const = 0;
  virtual bool wants_error_products() const { return false; }
  virtual void after_backward(std::span<const ErrorProducts>) {}
  virtual bool wants_accuracy() const { return false; }
  /// Share of the batch that the step classified rightly, before the update.
  virtual void batch_accuracy(std::int64_t /*iteration*/, double /*accuracy*/) {}
  virtual void after_step(std::int64_t /*iteration*/, double /*loss*/) {}
  virtual void after_epoch() {}
  virtual std::vector<double> state() const { return {}; }
  virtual void restore(std::span<const double>) {}
  /// What the run has found out, as (name, value), for the end of the trace's meta and the summary.
  virtual std::vector<std::pair<std::string, std::string>> findings() const { return {}; }
};

/// A method as the command line knows it.
struct MethodEntry {
  std::string name, summary;
  std::vector<cli::OptionSpec> options;  ///< its own, besides those of MethodSettings
  std::function<std::unique_ptr<Method>(const MethodSettings&, const cli::Arguments&)> make;
  /// How the network is quantised, where that is not CPT's way. The settings have no network yet.
  std::function<quant::Scheme(const MethodSettings&, const cli::Arguments&)> scheme =
      [](const MethodSettings&, const cli::Arguments&) { return quant::Scheme{}; };
  /// Changes a network's recipe to the one that the method was published with.
  std::function<void(models::Recipe&, const cli::Arguments&)> regime = [](models::Recipe&, const cli::Arguments&) {};
  /// Throws UserError if options were given that it has no use for. The settings have no network yet.
  std::function<void(const MethodSettings&, const cli::Arguments&)> check = [](const MethodSettings&,
                                                                               const cli::Arguments&) {};
};

/// An entry whose own options are read by `read`, into what `Made` is constructed from besides the common settings:
/// with the method, and before anything else of a run, so that no run begins with options that it cannot have.
template <class Made, class Read>
MethodEntry entry_of(std::string name, std::string summary, std::vector<cli::OptionSpec> options, Read read) {
  MethodEntry entry;
  entry.name = std::move(name);
  entry.summary = std::move(summary);
  entry.options = std::move(options);
  entry.make = [read](const MethodSettings& common, const cli::Arguments& arguments) -> std::unique_ptr<Method> {
    return std::make_unique<Made>(common, read(common, arguments));
  };
  entry.check = [read](const MethodSettings& common, const cli::Arguments& arguments) { read(common, arguments); };
  return entry;
}

/// The same bits in every quantised layer and iteration.
class Constant final : public Method {
 public:
  Constant(const Network& network, Precision precision);
  std::vector<Precision> precision(std::int64_t) const override { return precision_; }

 private:
  std::vector<Precision> precision_;
};

/// The same precision for every quantised layer of a network, zeros for the others.
std::vector<Precision> uniform_precision(const Network& network, Precision precision);

/// "3,4,6,8" as bits; throws UserError at `where` on an empty list or anything that is no precision.
std::vector<int> bits_list(const std::string& text, const std::string& where);

/// All methods. Adding one: its file and its line in builtin.cpp.
const std::vector<MethodEntry>& builtin_methods();

MethodEntry static_method();
MethodEntry half_method();
MethodEntry ldp_method();
MethodEntry cpt_method();
MethodEntry range_test_method();
MethodEntry pfq_method();
MethodEntry staged_method();
MethodEntry random_method();
MethodEntry replayed_method();
MethodEntry sbm_original_method();
MethodEntry fp32_method();

}  // namespace ldpsim::methods
