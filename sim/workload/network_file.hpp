// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim {

/// A network and the precision of each of its layers, as a NETWORK.csv has them.
struct NetworkTable {
  Network network;
  std::vector<LayerBits> bits;  ///< in the order of the layers; of no meaning where Layer::quantised is false
};

/// Reads a NETWORK.csv: a header line and a line a layer, in the order of execution. Columns, in any order:
///
///   name, kind (conv|linear|matmul), in_channels, out_channels                          required
///   in_height, in_width, kernel_height, kernel_width, stride, dilation, groups          1 where empty or absent
///   padding                                                                             0 where empty or absent
///   weight_bits, activation_bits, gradient_bits     1..16, or all three 0: a float layer; `unset` where empty or
///   absent
///
/// Lines that start with '#', blank lines and CRLF line ends are accepted. The network is named after the file.
/// Throws UserError naming file:line, the offending value and the allowed ones; DamagedFile if the file cannot be read.
NetworkTable read_network(const std::string& file, LayerBits unset = {});

}  // namespace ldpsim
