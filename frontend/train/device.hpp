// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace ldpsim::train {

/// What --device names: cpu, cuda (the first) or cuda:N. Throws UserError where LibTorch or the machine has no such
/// device.
c10::Device device_from(const std::string& text);

/// Makes a device compute in whole float32 and the same in each run.
void prepare_device(c10::Device device);

/// Returns when all that was asked of the device is done.
void wait_for(c10::Device device);

}  // namespace ldpsim::train
