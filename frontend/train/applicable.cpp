// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/applicable.hpp"

#include <fmt/format.h>

#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

void refuse_option(const cli::Arguments& arguments, const char* option, const data::DatasetEntry& dataset,
                   const char* reason) {
  if (!arguments.given(option)) return;
  throw UserError(fmt::format("--{}", option), fmt::format("does not apply to dataset '{}'", dataset.name), reason);
}

}  // namespace

void check_method_options(const cli::Arguments& arguments, const methods::MethodSettings& settings,
                          const methods::MethodEntry& method) {
  for (const methods::MethodEntry& other : methods::builtin_methods()) {
    for (const cli::OptionSpec& option : other.options) {
      if (arguments.given(option.name) && other.name != method.name) {
        throw UserError("--" + option.name, fmt::format("does not apply to method '{}'", method.name),
                        fmt::format("it belongs to --method {}", other.name));
      }
    }
  }
  method.check(settings, arguments);
}

void check_scheme(const cli::Arguments& arguments, const quant::Scheme& scheme, const methods::MethodEntry& method,
                  const models::ModelEntry& network) {
  if (scheme.norm_bits > 0 && !network.batch_norm) {
    std::string able;
    for (const models::ModelEntry& other : models::builtin_models())
      if (other.batch_norm) able += (able.empty() ? "" : ", ") + other.name;
    throw UserError("--method",
                    fmt::format("'{}' puts Range BN in the place of batch normalisation, which network '{}' does not "
                                "have",
                                method.name, network.name),
                    "networks that have: " + able);
  }
  if (scheme.bifurcated && arguments.given("capture")) {
    throw UserError("--capture",
                    fmt::format("method '{}' makes the gradients of weights from gradients that are not quantised, "
                                "which have no codes to record",
                                method.name),
                    "leave it out; the trace still has the bits of every layer");
  }
}

void check_data_options(const cli::Arguments& arguments, const data::DatasetEntry& dataset) {
  const bool text = dataset.holds<data::TextCorpus>(), pictures = dataset.task() == data::TaskKind::kSuperResolution;
  if (!text) refuse_option(arguments, "tokens", dataset, "samples of text alone have tokens; leave it out");
  if (text) refuse_option(arguments, "image-size", dataset, "it has no images; leave it out");
  if (dataset.holds<data::Dataset>())
    refuse_option(arguments, "image-size", dataset, "its images are always 32 x 32; leave it out");
  if (!text && !pictures)
    refuse_option(arguments, "test-data", dataset, "it is tested on its own test part; leave it out");
  if (pictures && !arguments.given("test-dataset"))
    refuse_option(arguments, "test-data", dataset, "it needs the name of that set; give --test-dataset, too");
}

}  // namespace ldpsim::train
