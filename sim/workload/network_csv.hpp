// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim {

/// A network with the precision of each of its layers.
struct NetworkTable {
  Network network;              ///< named after the file
  std::vector<LayerBits> bits;  ///< one a layer
};

/// Reads NETWORK.csv: a row a layer, in the order of the forward pass, under the header
///   name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,stride,padding,groups,dilation,quantised,
///   weight_bits,activation_bits,gradient_bits
/// Columns may be in any order. `groups`, `dilation` (1), `quantised` (1) and the three bits (8; 1 to 16) may be left
/// out or empty; a linear or matmul layer may also leave the sizes after out_channels empty (positions and kernel 1x1,
/// stride 1, no padding). Errors are UserError at file:line.
NetworkTable read_network_csv(const std::string& file);

/// Sets the precisions that a profile names: a CSV with the columns layer and any of weight_bits, activation_bits and
/// gradient_bits. Layers that it does not name, and bits that it leaves empty, stay as they are. Throws UserError at
/// file:line for a layer that the network does not have or that is there twice, and for bits beyond 1 to 16.
void apply_profile(NetworkTable& table, const std::string& file);

/// The same as text, every column written out.
std::string write_network_csv(const Network& network, std::span<const LayerBits> bits);

}  // namespace ldpsim
