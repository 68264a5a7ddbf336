// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/cli/arguments.hpp"
#include "frontend/data/dataset.hpp"
#include "frontend/methods/method.hpp"
#include "frontend/models/catalogue.hpp"
#include "frontend/train/settings.hpp"

namespace ldpsim::train {

/// Throws UserError if an option was given that the method has no use for.
void check_method_options(const cli::Arguments& arguments, const methods::MethodSettings& settings,
                          const methods::MethodEntry& method);

/// Throws UserError if an option was given that the dataset has no use for.
void check_data_options(const cli::Arguments& arguments, const data::DatasetEntry& dataset);

/// Throws UserError if an option was given that the schedule of the learning rate does not read.
void check_rate_options(const cli::Arguments& arguments, models::RateSchedule schedule);

/// Throws UserError where the network cannot be quantised as the method wants it, or a trace not record what that does.
void check_scheme(const cli::Arguments& arguments, const quant::Scheme& scheme, const methods::MethodEntry& method,
                  const models::ModelEntry& network);

/// Samples that a batch needs so that every normalisation of the network has enough values of a channel.
std::int64_t least_batch(models::Model& model);

/// Throws UserError where a batch that the run comes to, the last of an epoch of `samples` or any, has fewer samples
/// than there are processes, or than `least`. 0 samples: every batch is full.
void check_batches(const Settings& settings, std::int64_t samples, std::int64_t least);

}  // namespace ldpsim::train
