// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "frontend/train/settings.hpp"

namespace ldpsim::train {

/// Reads the finished trace back and prints accuracy, bits and cost to stdout.
void print_summary(const Settings& settings);

}  // namespace ldpsim::train
