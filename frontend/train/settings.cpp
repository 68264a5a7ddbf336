// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <thread>

#include "frontend/quant/kernels.hpp"
#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/core/suggest.hpp"

namespace ldpsim::train {
namespace {

constexpr std::int64_t kMaxIterations = 100'000'000, kMaxBatch = 65'536;

template <typename Entry>
const Entry& entry_of(const std::vector<Entry>& entries, const std::string& name, const char* kind) {
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry;
    names.push_back(entry.name);
  }
  throw UserError(fmt::format("--{}", kind), fmt::format("unknown {} '{}'", kind, name), allowed_hint(name, names));
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

std::string digest(const data::ImageSet& set) {
  const auto view = [](const std::vector<std::uint8_t>& bytes) {
    return std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  return sha256_hex(view(set.pixels)) + sha256_hex(view(set.labels));
}

void read_precision(const cli::Arguments& arguments, Settings& settings) {
  const auto bits = arguments.bounds("bits", quant::kMinBits, quant::kMaxBits);
  methods::MethodSettings& precision = settings.precision;
  precision.min_bits = bits.first;
  precision.max_bits = bits.second;
  precision.gradient_bits = static_cast<int>(arguments.integer("gradient-bits", quant::kMinBits, quant::kMaxBits));
  precision.static_bits = std::max(precision.max_bits, precision.gradient_bits);
  if (arguments.given("static-bits")) {
    precision.static_bits = static_cast<int>(arguments.integer("static-bits", quant::kMinBits, quant::kMaxBits));
  }
}

void read_schedule(const cli::Arguments& arguments, Settings& settings) {
  settings.iterations = arguments.integer("iterations", 1, kMaxIterations);
  settings.batch = arguments.integer("batch", 2, kMaxBatch);
  settings.learning_rate = arguments.real("lr", 0, 1e6);
  settings.momentum = arguments.real("momentum", 0, 1);
  settings.weight_decay = arguments.real("weight-decay", 0, 1);
  settings.augment = arguments.choice("augment", {"on", "off"}) == "on";
  settings.evaluate_every = arguments.integer("evaluate-every", 0, kMaxIterations);
  settings.evaluate_images = arguments.integer("evaluate-images", 0, kMaxIterations);
  settings.checkpoint_every = arguments.integer("checkpoint-every", 1, kMaxIterations);
  settings.seed = static_cast<std::uint64_t>(arguments.integer("seed", 0, INT64_MAX));
  settings.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (arguments.given("threads")) settings.threads = static_cast<int>(arguments.integer("threads", 1, 1024));
}

}  // namespace

const methods::MethodEntry& method_entry(const std::string& name) {
  return entry_of(methods::builtin_methods(), name, "method");
}
const data::DatasetEntry& dataset_entry(const std::string& name) {
  return entry_of(data::builtin_datasets(), name, "dataset");
}

CaptureSettings parse_capture(const std::string& text) {
  const std::string where = "--capture";
  CaptureSettings capture;
  for (const std::string& part : split(text, ',')) {
    const std::size_t equals = part.find('=');
    const std::string key = part.substr(0, equals), value = equals == std::string::npos ? "" : part.substr(equals + 1);
    if (key == "every") {
      capture.every = cli::parse_integer(value, where, 1, kMaxIterations);
    } else if (key == "images") {
      capture.images = cli::parse_integer(value, where, 1, kMaxBatch);
    } else if (key == "layers") {
      capture.layers = split(value, '+');
    } else {
      throw UserError(where, fmt::format("unknown key '{}'", key),
                      allowed_hint(key, std::vector<std::string>{"every", "images", "layers"}));
    }
  }
  if (capture.every == 0) throw UserError(where, "lacks every=N", "for example every=1000,images=1");
  return capture;
}

double Settings::learning_rate_at(std::int64_t iteration) const {
  double rate = learning_rate;
  if (2 * iteration >= iterations) rate *= 0.1;
  if (4 * iteration >= 3 * iterations) rate *= 0.1;
  return rate;
}

std::vector<cli::OptionSpec> option_specs() {
  std::vector<cli::OptionSpec> specs = {
      {"network", "NAME", "resnet20", "network to train; --list networks"},
      {"dataset", "NAME", "fashion-mnist", "dataset; --list datasets"},
      {"data", "DIR", "", "folder of the dataset, where it is not the packaged one"},
      {"method", "NAME", "ldp", "how precision is chosen; --list methods"},
      {"bits", "B|LOW:HIGH", "3:8", "precision of weights and activations, or its bounds"},
      {"gradient-bits", "G", "8", "precision of the gradients"},
      {"static-bits", "M", "", "precision that costs 1 (default: the larger of --bits and --gradient-bits)"},
      {"weight-range", "channel|tensor", "channel", "one scale for each output channel of a weight, or for all of it"},
      {"iterations", "N", "64000", "training steps; the rate falls tenfold after 1/2 and 3/4 of them"},
      {"batch", "N", "128", "images in a step"},
      {"lr", "RATE", "0.1", "initial learning rate of SGD"},
      {"momentum", "M", "0.9", "of SGD"},
      {"weight-decay", "D", "0.0001", "of SGD, on all parameters"},
      {"augment", "on|off", "on", "random shifts by up to 4 pixels and mirroring"},
      {"seed", "N", "1", "decides everything random"},
      {"threads", "N", "", "threads; results repeat exactly for a given number (default: all cores)"},
      {"evaluate-every", "N", "400", "iterations between tests, 0 = at the end only"},
      {"evaluate-images", "N", "0", "test images to use, the first ones, 0 = all"},
      {"capture", "every=N,images=K[,layers=a+b]", "",
       "record operands and results of every Nth iteration for K images"},
      {"output", "FILE", "", "the trace to write", "o"},
      {"checkpoint-every", "N", "100", "iterations between checkpoints, written to FILE.ckpt"},
      {"resume", "", "", "continue an interrupted run, with the same arguments"},
      {"force", "", "", "overwrite an existing trace"},
      {"quiet", "", "", "no talk on stderr but errors"},
      {"benchmark", "STEPS", "", "measure the training step with and without quantisation; no data, no trace"},
      {"list", "networks|methods|datasets", "", "print what there is"},
      {"version", "", "", "print versions"},
      {"help", "", "", "this text", "h"},
  };
  for (const methods::MethodEntry& method : methods::builtin_methods()) {
    specs.insert(specs.end(), method.options.begin(), method.options.end());
  }
  return specs;
}

Settings settings_from(const cli::Arguments& arguments) {
  Settings settings;
  settings.network = arguments.text("network");
  settings.dataset = arguments.text("dataset");
  settings.method = arguments.text("method");
  const methods::MethodEntry& method = method_entry(settings.method);
  for (const methods::MethodEntry& other : methods::builtin_methods()) {
    for (const cli::OptionSpec& option : other.options) {
      if (arguments.given(option.name) && other.name != method.name) {
        throw UserError("--" + option.name, fmt::format("does not apply to method '{}'", method.name),
                        fmt::format("it belongs to --method {}", other.name));
      }
    }
  }
  const data::DatasetEntry& dataset = dataset_entry(settings.dataset);
  settings.data_directory =
      arguments.given("data") ? std::filesystem::path(arguments.text("data")) : dataset.default_directory;
  read_precision(arguments, settings);
  read_schedule(arguments, settings);
  settings.weight_per_channel = arguments.choice("weight-range", {"channel", "tensor"}) == "channel";
  if (arguments.given("capture")) {
    settings.capture_text = arguments.text("capture");
    settings.capture = parse_capture(settings.capture_text);
  }
  settings.trace = arguments.text("output");
  settings.checkpoint = settings.trace + ".ckpt";
  settings.resume = arguments.on("resume");
  settings.force = arguments.on("force");
  settings.quiet = arguments.on("quiet");
  if (arguments.given("benchmark")) {
    settings.benchmark_steps = arguments.integer("benchmark", 1, 1'000'000);
  } else if (settings.trace.empty()) {
    throw UserError("ldptrain", "no trace to write", "name one with -o FILE");
  } else if (settings.data_directory.empty()) {
    throw UserError("--data", fmt::format("dataset '{}' has no packaged folder", settings.dataset),
                    "name its folder with --data DIR");
  }
  if (settings.resume && settings.force) throw UserError("--resume", "contradicts --force", "give one of them");
  return settings;
}

TraceMeta describe(const Settings& settings, const cli::Arguments& arguments, const data::Dataset& dataset) {
  TraceMeta meta = {
      {"network", settings.network},
      {"dataset", settings.dataset},
      {"dataset_sha256", sha256_hex(digest(dataset.train) + digest(dataset.test))},
      {"train_images", std::to_string(dataset.train.count())},
      {"test_images", std::to_string(dataset.test.count())},
      {"classes", std::to_string(dataset.classes)},
      {"image_channels", std::to_string(data::kInputChannels)},
      {"image_height", std::to_string(data::kInputSize)},
      {"image_width", std::to_string(data::kInputSize)},
      {"method", settings.method},
      {"weight_bits_min", std::to_string(settings.precision.min_bits)},
      {"weight_bits_max", std::to_string(settings.precision.max_bits)},
      {"gradient_bits", std::to_string(settings.precision.gradient_bits)},
      {"static_bits", std::to_string(settings.precision.static_bits)},
      {"weight_range", settings.weight_per_channel ? "channel" : "tensor"},
      {"iterations", std::to_string(settings.iterations)},
      {"batch", std::to_string(settings.batch)},
      {"learning_rate", fmt::format("{}", settings.learning_rate)},
      {"momentum", fmt::format("{}", settings.momentum)},
      {"weight_decay", fmt::format("{}", settings.weight_decay)},
      {"augment", settings.augment ? "on" : "off"},
      {"seed", std::to_string(settings.seed)},
      {"threads", std::to_string(settings.threads)},
      {"evaluate_every", std::to_string(settings.evaluate_every)},
      {"evaluate_images", std::to_string(settings.evaluate_images)},
      {"capture", settings.capture_text},
  };
  for (const cli::OptionSpec& option : method_entry(settings.method).options) {
    std::string key = option.name;
    std::replace(key.begin(), key.end(), '-', '_');
    meta[key] = arguments.text(option.name);
  }
  return meta;
}

}  // namespace ldpsim::train
