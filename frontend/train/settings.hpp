// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "frontend/cli/arguments.hpp"
#include "frontend/conv/kernel.hpp"
#include "frontend/data/dataset.hpp"
#include "frontend/methods/method.hpp"
#include "frontend/models/catalogue.hpp"
#include "frontend/scale/ensemble.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::train {

/// Which operands of which iterations go into the trace.
struct CaptureSettings {
  std::int64_t every = 0;           ///< iterations every-1, 2*every-1, ...; 0: none
  std::int64_t images = 1;          ///< of the batch, the first ones
  std::vector<std::string> layers;  ///< empty: all quantised ones
  bool at(std::int64_t iteration) const { return every > 0 && (iteration + 1) % every == 0; }
};

/// Parses `every=N,images=K,layers=a+b+c`. Throws UserError naming the wrong part.
CaptureSettings parse_capture(const std::string& text);

/// A whole run as the user asked for it.
struct Settings {
  std::string network, dataset, method;
  std::filesystem::path data_directory;
  std::string test_dataset;              ///< empty: the test part of the dataset
  std::filesystem::path test_directory;  ///< of test_dataset; of a language model a text to test on, or empty
  methods::MethodSettings precision;     ///< its network is set when the model exists
  bool weight_per_channel = true;
  models::Recipe recipe;  ///< the network's, with what the user changed
  std::int64_t iterations = 64000, batch = 128;
  std::int64_t image_size = 0, tokens = 0;  ///< 0: as published, or as the dataset has them
  std::int64_t evaluate_every = 400, evaluate_images = 0, checkpoint_every = 100;
  bool augment = true, skip_damaged = false;
  std::uint64_t seed = 1;
  int threads = 1;
  c10::Device device{c10::kCPU};
  conv::Kernel convolution = conv::Kernel::kWinograd;
  scale::Meeting meeting;  ///< of the processes that train together
  CaptureSettings capture;
  std::string capture_text;
  std::string trace, checkpoint;
  bool resume = false, force = false, quiet = false;
  bool test_only = false;            ///< test the run's checkpoint instead of training
  std::int64_t benchmark_steps = 0;  ///< > 0: measure instead of training

  double learning_rate_at(std::int64_t iteration) const;
};

/// Every option of ldptrain, those of the methods included.
std::vector<cli::OptionSpec> option_specs();

/// Throws UserError on whatever cannot be served; looks at no file.
Settings settings_from(const cli::Arguments& arguments);

/// All that decides the outcome of a run: two runs with equal description write equal traces.
/// `data` is what the task says of its data.
TraceMeta describe(const Settings& settings, const cli::Arguments& arguments, const TraceMeta& data);

struct RunIdentity {
  TraceMeta meta;   ///< of describe()
  TraceMeta usual;  ///< the same run's with every option at its default: what older programs, without the option, did
};
RunIdentity identify(const Settings& settings, const cli::Arguments& arguments, const TraceMeta& data);

const models::ModelEntry& model_entry(const std::string& name);
const methods::MethodEntry& method_entry(const std::string& name);
const data::DatasetEntry& dataset_entry(const std::string& name);

}  // namespace ldpsim::train
