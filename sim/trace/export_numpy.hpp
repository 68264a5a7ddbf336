// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/trace/trace.hpp"

namespace ldpsim {

/// A NumPy array file (.npy, version 1.0) of row-major elements; `type` as NumPy writes it: "|u1", "<u2", "<i8", "<f8".
std::string npy_file(const std::string& type, const std::vector<std::int64_t>& shape, std::string_view elements);

/// Writes a trace as .npy files into a folder, which is made if need be. Returns the number of files.
///   weight_bits.npy, activation_bits.npy, gradient_bits.npy   uint8 [iterations, layers]
///   iteration.npy (int64), loss.npy, learning_rate.npy        [iterations]
///   iteration_<i>/<layer index>.<layer name>.<tensor>.npy     uint8 or uint16 codes, or float64 results, in the
///   tensor's shape iteration_<i>/<layer index>.<layer name>.<tensor>.scale.npy, ....offset.npy   float64
std::int64_t export_numpy(const TraceReader& trace, const std::string& folder);

}  // namespace ldpsim
