// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/applicable.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/models/model.hpp"
#include "frontend/quant/range_norm.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

void refuse_option(const cli::Arguments& arguments, const char* option, const data::DatasetEntry& dataset,
                   const char* reason) {
  if (!arguments.given(option)) return;
  throw UserError(fmt::format("--{}", option), fmt::format("does not apply to dataset '{}'", dataset.name), reason);
}

/// Samples of the smallest batch in an epoch.
std::int64_t smallest_batch(std::int64_t samples, std::int64_t batch) {
  const std::int64_t rest = samples % batch;
  return rest == 0 ? batch : rest;
}

/// The next size to `batch` that leaves no batch below `least`; 0 where there is none.
std::int64_t nearest_batch(std::int64_t samples, std::int64_t batch, std::int64_t least) {
  for (std::int64_t distance = 1; distance <= std::max(batch, samples); ++distance) {
    for (const std::int64_t size : {batch - distance, batch + distance}) {
      if (size >= least && size <= samples && smallest_batch(samples, size) >= least) return size;
    }
  }
  return 0;
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

std::int64_t least_batch(models::Model& model) {
  const Network& network = model.network();
  if (!model_entry(network.name).batch_norm) return 1;
  std::int64_t fewest = quant::kMinNormValues;  // values that a sample has of a channel
  for (const Layer& layer : network.layers) {
    if (layer.kind == LayerKind::kConv) fewest = std::min(fewest, layer.out_height() * layer.out_width());
  }
  const std::int64_t needed = model.range_norms().empty() ? 2 : quant::kMinNormValues;
  return (needed + fewest - 1) / fewest;
}

void check_batches(const Settings& settings, std::int64_t samples, std::int64_t least) {
  const std::int64_t batch = settings.batch, processes = settings.meeting.size, needed = std::max(processes, least);
  // A run may end before the last batch of its first epoch.
  const bool comes_to_last = samples > 0 && settings.iterations >= (samples + batch - 1) / batch;
  const std::int64_t smallest = comes_to_last ? smallest_batch(samples, batch) : batch;
  if (smallest >= needed) return;
  const std::string what = smallest == batch ? fmt::format("is {}", batch)
                                             : fmt::format("{} leaves {} of {} samples to the last batch of an epoch",
                                                           batch, smallest, samples);
  const std::string why = processes >= least ? fmt::format("{} processes need", processes) : "the normalisation needs";
  const std::int64_t better = samples > 0 ? nearest_batch(samples, batch, needed) : needed;
  throw UserError("--batch", fmt::format("{}, {} {}", what, why, needed),
                  better > 0 ? fmt::format("--batch {}", better) : "use fewer processes or more samples");
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
  if (pictures) refuse_option(arguments, "label-smoothing", dataset, "its targets are images; leave it out");
  if (text || dataset.holds<data::Dataset>())
    refuse_option(arguments, "skip-damaged", dataset, "it has no picture files; leave it out");
  if ((text || pictures) && arguments.text("augment") == "off")
    refuse_option(arguments, "augment", dataset,
                  text ? "its samples are never changed; leave it out" : "its patches are always drawn; leave it out");
}

void check_rate_options(const cli::Arguments& arguments, models::RateSchedule schedule) {
  if (!arguments.given("lr-end") || schedule == models::RateSchedule::kCosine ||
      schedule == models::RateSchedule::kRestarts)
    return;
  throw UserError("--lr-end", "does not apply to a learning rate without a cosine",
                  "leave it out, or give --lr-schedule cosine");
}

}  // namespace ldpsim::train
