// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "frontend/methods/method.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::methods {
namespace {

void check_half(const MethodSettings&, const cli::Arguments& arguments) {
  for (const char* option : {"bits", "gradient-bits"}) {
    if (!arguments.given(option) || arguments.text(option) == "16") continue;
    throw UserError(fmt::format("--{}", option),
                    fmt::format("{} does not apply to method 'half'", arguments.text(option)),
                    "it always has 16; --method static takes others");
  }
}

void check_fp32(const MethodSettings&, const cli::Arguments& arguments) {
  for (const char* option : {"bits", "gradient-bits"}) {
    if (!arguments.given(option)) continue;
    throw UserError(fmt::format("--{}", option), "does not apply to method 'fp32', which quantises nothing",
                    "leave it out; --static-bits says what a cost of 1 stands for");
  }
  if (!arguments.given("capture")) return;
  throw UserError("--capture", "does not apply to method 'fp32', which has no codes to record",
                  "leave it out; the methods that quantise have them");
}

}  // namespace

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
  MethodEntry entry;
  entry.name = "half";
  entry.summary = "16 bits for weights, activations and gradients (the \"half\" rows of the LDP paper)";
  entry.make = [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
    return std::make_unique<Constant>(*settings.network, Precision{16, 16, 16});
  };
  entry.check = check_half;
  return entry;
}

MethodEntry fp32_method() {
  MethodEntry entry;
  entry.name = "fp32";
  entry.summary = "no quantisation, for comparison";
  entry.make = [](const MethodSettings& settings, const cli::Arguments&) -> std::unique_ptr<Method> {
    return std::make_unique<Constant>(*settings.network, Precision{});
  };
  entry.check = check_fp32;
  return entry;
}

}  // namespace ldpsim::methods
