// SPDX-License-Identifier: Apache-2.0
#include "frontend/methods/method.hpp"

namespace ldpsim::methods {
Constant::Constant(const Network& network, Precision precision) : precision_(uniform_precision(network, precision)) {}

MethodEntry static_method() {
  return {"static",
          "constant precision, the upper bound of --bits (the \"SBM\" rows of the LDP paper)",
          {},
          [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
            const Precision precision{settings.max_bits, settings.max_bits, settings.gradient_bits};
            return std::make_unique<Constant>(*settings.network, precision);
          }};
}

MethodEntry half_method() {
  return {"half",
          "16 bits for weights, activations and gradients (the \"half\" rows of the LDP paper)",
          {},
          [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
            return std::make_unique<Constant>(*settings.network, Precision{16, 16, 16});
          }};
}

MethodEntry fp32_method() {
  return {"fp32",
          "no quantisation, for comparison",
          {},
          [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
            return std::make_unique<Constant>(*settings.network, Precision{});
          }};
}

}  // namespace ldpsim::methods
