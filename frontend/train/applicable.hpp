// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/cli/arguments.hpp"
#include "frontend/data/dataset.hpp"
#include "frontend/methods/method.hpp"
#include "frontend/models/catalogue.hpp"

namespace ldpsim::train {

/// Throws UserError if an option was given that the method has no use for.
void check_method_options(const cli::Arguments& arguments, const methods::MethodSettings& settings,
                          const methods::MethodEntry& method);

/// Throws UserError if an option was given that the dataset has no use for.
void check_data_options(const cli::Arguments& arguments, const data::DatasetEntry& dataset);

/// Throws UserError where the network cannot be quantised as the method wants it, or a trace not record what that does.
void check_scheme(const cli::Arguments& arguments, const quant::Scheme& scheme, const methods::MethodEntry& method,
                  const models::ModelEntry& network);

}  // namespace ldpsim::train
