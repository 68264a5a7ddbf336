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

/// What to do about a file that export does not overwrite.
inline constexpr char kExportHint[] = "choose another folder, or --force overwrites it";

/// Writes a trace as .npy files into a folder, which is made if need be. Returns the number of files. Throws UserError
/// at a file that is there already and holds something else, unless `force`.
///   weight_bits.npy, activation_bits.npy, gradient_bits.npy   uint8 [iterations, layers]
///   iteration.npy (int64), loss.npy, learning_rate.npy        [iterations]
///   iteration_<i>/<layer index>.<layer name>.<tensor>.npy     uint8 or uint16 codes, or float64 results, in the
///   tensor's shape iteration_<i>/<layer index>.<layer name>.<tensor>.scale.npy, ....offset.npy   float64
std::int64_t export_numpy(const TraceReader& trace, const std::string& folder, bool force);

}  // namespace ldpsim
