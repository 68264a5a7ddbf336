// SPDX-License-Identifier: Apache-2.0
#include <sstream>

#include "frontend/methods/method.hpp"
#include "frontend/quant/kernels.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::methods {

const std::vector<MethodEntry>& builtin_methods() {
  static const std::vector<MethodEntry> entries = {
      static_method(), ldp_method(),  cpt_method(),      range_test_method(),   pfq_method(),  staged_method(),
      random_method(), half_method(), replayed_method(), sbm_original_method(), fp32_method(),
  };
  return entries;
}

std::vector<Precision> uniform_precision(const Network& network, Precision precision) {
  std::vector<Precision> all;
  for (const Layer& layer : network.layers) all.push_back(layer.quantised ? precision : Precision{});
  return all;
}

std::vector<int> bits_list(const std::string& text, const std::string& where) {
  std::vector<int> bits;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');)
    bits.push_back(static_cast<int>(cli::parse_integer(part, where, quant::kMinBits, quant::kMaxBits)));
  if (bits.empty()) throw UserError(where, "is empty", "list precisions, e.g. 3,4,6,8");
  return bits;
}

}  // namespace ldpsim::methods
