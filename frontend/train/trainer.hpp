// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/cli/arguments.hpp"
#include "frontend/train/settings.hpp"

namespace ldpsim::train {

/// Threads of LibTorch, OpenMP and BLAS, an allocator that keeps its pages, and the device. Call once, before any
/// tensor exists.
void prepare_process(const Settings& settings);

/// Trains and writes the trace; prints a summary to stdout. Throws UserError. On SIGINT or SIGTERM it saves a
/// checkpoint, commits the trace and throws a UserError of ExitCode::kInterrupted.
void train(const Settings& settings, const cli::Arguments& arguments);

/// Tests what a run's last checkpoint holds on the test data of `settings`, which may be other than in training, and
/// prints the metrics to stdout; writes nothing. Throws UserError.
void test(const Settings& settings, const cli::Arguments& arguments);

/// Prints step time and peak memory of the training step with `settings.method` and in float, and their ratios.
void benchmark(const Settings& settings, const cli::Arguments& arguments);

}  // namespace ldpsim::train
