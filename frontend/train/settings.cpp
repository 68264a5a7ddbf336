// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <sstream>
#include <thread>
#include <tuple>

#include "frontend/quant/kernels.hpp"
#include "frontend/train/applicable.hpp"
#include "frontend/train/device.hpp"
#include "sim/core/error.hpp"
#include "sim/core/file.hpp"
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

/// A name for each value of an enumeration, as the command line spells it.
template <typename Value>
struct Spelling {
  std::vector<std::pair<const char*, Value>> names;

  Value read(const cli::Arguments& arguments, const std::string& option) const {
    std::vector<std::string> allowed;
    for (const auto& [name, value] : names) allowed.emplace_back(name);
    const std::string chosen = arguments.choice(option, allowed);
    for (const auto& [name, value] : names) {
      if (chosen == name) return value;
    }
    return names.front().second;
  }
  std::string write(Value wanted) const {
    for (const auto& [name, value] : names) {
      if (value == wanted) return name;
    }
    return "";
  }
};

const Spelling<models::OptimiserKind> kOptimisers{{{"sgd", models::OptimiserKind::kSgd},
                                                   {"adam", models::OptimiserKind::kAdam},
                                                   {"adamw", models::OptimiserKind::kAdamW}}};
const Spelling<models::RateSchedule> kSchedules{{{"steps", models::RateSchedule::kSteps},
                                                 {"constant", models::RateSchedule::kConstant},
                                                 {"cosine", models::RateSchedule::kCosine},
                                                 {"cosine-restarts", models::RateSchedule::kRestarts},
                                                 {"inverse-root", models::RateSchedule::kInverseRoot}}};

void read_precision(const cli::Arguments& arguments, Settings& settings) {
  methods::MethodSettings& precision = settings.precision;
  precision.min_bits = settings.recipe.min_bits;
  precision.max_bits = settings.recipe.max_bits;
  precision.gradient_bits = settings.recipe.gradient_bits;
  precision.budget = settings.recipe.budget;
  precision.precision_rate = settings.recipe.precision_rate;
  precision.counts_float_layers = settings.recipe.counts_float_layers;
  if (arguments.given("bits")) {
    std::tie(precision.min_bits, precision.max_bits) = arguments.bounds("bits", quant::kMinBits, quant::kMaxBits);
  }
  if (arguments.given("gradient-bits"))
    precision.gradient_bits = static_cast<int>(arguments.integer("gradient-bits", quant::kMinBits, quant::kMaxBits));
  precision.static_bits = std::max(precision.max_bits, precision.gradient_bits);
  if (arguments.given("static-bits")) {
    precision.static_bits = static_cast<int>(arguments.integer("static-bits", quant::kMinBits, quant::kMaxBits));
  }
}

/// The recipe's value where the user gives none.
void read(const cli::Arguments& arguments, const char* option, double low, double high, double& value) {
  if (arguments.given(option)) value = arguments.real(option, low, high);
}
void read(const cli::Arguments& arguments, const char* option, std::int64_t low, std::int64_t high,
          std::int64_t& value) {
  if (arguments.given(option)) value = arguments.integer(option, low, high);
}

/// A recipe with AdamW says itself whether vectors decay; elsewhere AdamW spares them, as is usual with it.
void read_optimiser(const cli::Arguments& arguments, models::Recipe& recipe) {
  const models::OptimiserKind published = recipe.optimiser;
  recipe.optimiser = kOptimisers.read(arguments, "optimiser");
  if (recipe.optimiser == models::OptimiserKind::kAdamW && published != recipe.optimiser) recipe.decay_vectors = false;
}

void read_recipe(const cli::Arguments& arguments, models::Recipe& recipe) {
  if (arguments.given("optimiser")) read_optimiser(arguments, recipe);
  if (arguments.given("lr-schedule")) recipe.schedule = kSchedules.read(arguments, "lr-schedule");
  if (recipe.schedule == models::RateSchedule::kSteps && recipe.drops.empty()) recipe.drops = {0.5, 0.75};
  read(arguments, "iterations", 1, kMaxIterations, recipe.iterations);
  read(arguments, "batch", 2, kMaxBatch, recipe.batch);
  read(arguments, "lr", 0.0, 1e6, recipe.rate);
  read(arguments, "lr-end", 0.0, 1e6, recipe.rate_end);
  read(arguments, "warm-up", 0.0, 1.0, recipe.warm_up_fraction);
  read(arguments, "momentum", 0.0, 0.9999999, recipe.momentum);
  read(arguments, "weight-decay", 0.0, 1.0, recipe.weight_decay);
  read(arguments, "clip-norm", 0.0, 1e9, recipe.clip_norm);
  read(arguments, "label-smoothing", 0.0, 0.999, recipe.label_smoothing);
  read(arguments, "weight-average", 0.0, 0.9999999, recipe.average);
}

std::string variable_or(const char* variable, const char* otherwise) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0' ? value : otherwise;
}

/// An option, or the variable in which launchers as torchrun pass it.
std::string option_or_variable(const cli::Arguments& arguments, const char* option, const char* variable,
                               const char* otherwise) {
  return arguments.given(option) ? arguments.text(option) : variable_or(variable, otherwise);
}

/// Of the store at MASTER_ADDR:MASTER_PORT, which torchrun's agent holds itself unless it says otherwise; its workers
/// look for each other under the number of the start.
std::string launcher_prefix() {
  if (variable_or("TORCHELASTIC_USE_AGENT_STORE", "False") != "True") return "";
  return "/worker/attempt_" + variable_or("TORCHELASTIC_RESTART_COUNT", "0");
}

scale::Meeting read_meeting(const cli::Arguments& arguments) {
  scale::Meeting meeting;
  const auto number = [&](const char* option, const char* variable, const char* otherwise, std::int64_t low,
                          std::int64_t high) {
    const std::string where = arguments.given(option) ? fmt::format("--{}", option) : fmt::format("${}", variable);
    return static_cast<int>(
        cli::parse_integer(option_or_variable(arguments, option, variable, otherwise), where, low, high));
  };
  meeting.size = number("world-size", "WORLD_SIZE", "1", 1, 65536);
  meeting.rank = number("rank", "RANK", "0", 0, meeting.size - 1);
  const std::string address = variable_or("MASTER_ADDR", meeting.host.c_str()),
                    port = variable_or("MASTER_PORT", "29500");
  const std::string master = arguments.given("master") ? arguments.text("master") : address + ":" + port;
  if (!arguments.given("master")) meeting.launcher_prefix = launcher_prefix();
  const std::size_t colon = master.rfind(':');
  if (colon == std::string::npos || colon == 0)
    throw UserError("--master", fmt::format("'{}' is no HOST:PORT", master), "for example 127.0.0.1:29500");
  meeting.host = master.substr(0, colon);
  meeting.port = static_cast<int>(cli::parse_integer(master.substr(colon + 1), "--master", 1, 65535));
  meeting.timeout = std::chrono::seconds(arguments.integer("meeting-timeout", 1, 86400));
  meeting.quiet = arguments.on("quiet");
  return meeting;
}

void read_schedule(const cli::Arguments& arguments, Settings& settings) {
  read_recipe(arguments, settings.recipe);
  settings.iterations = settings.recipe.iterations;
  settings.batch = settings.recipe.batch;
  read(arguments, "image-size", 8, 4096, settings.image_size);
  read(arguments, "tokens", 2, 65536, settings.tokens);
  settings.augment = arguments.choice("augment", {"on", "off"}) == "on";
  settings.skip_damaged = arguments.on("skip-damaged");
  settings.evaluate_every = arguments.integer("evaluate-every", 0, kMaxIterations);
  settings.evaluate_images = arguments.integer("evaluate-images", 0, kMaxIterations);
  settings.checkpoint_every = arguments.integer("checkpoint-every", 1, kMaxIterations);
  settings.seed = static_cast<std::uint64_t>(arguments.integer("seed", 0, INT64_MAX));
  settings.meeting = read_meeting(arguments);
  settings.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (arguments.given("threads")) settings.threads = static_cast<int>(arguments.integer("threads", 1, 1024));
  settings.device = device_from(arguments.text("device"));
  settings.convolution = arguments.choice("convolution", {"winograd", "direct"}) == "direct" ? conv::Kernel::kDirect
                                                                                             : conv::Kernel::kWinograd;
  if (!settings.device.is_cpu() && settings.meeting.size > 1) {
    throw UserError("--device", fmt::format("'{}' does not go with several processes", arguments.text("device")),
                    "they talk through the CPU: use --device cpu, or one process");
  }
}

/// The dataset asked for, or the network's own; throws UserError if the network is for another task.
const data::DatasetEntry& matching_dataset(const cli::Arguments& arguments, const models::ModelEntry& network) {
  const data::DatasetEntry& dataset =
      dataset_entry(arguments.given("dataset") ? arguments.text("dataset") : network.dataset);
  if (dataset.task() != network.task) {
    throw UserError("--dataset",
                    fmt::format("'{}' is for {}, network '{}' for {}", dataset.name, data::task_name(dataset.task()),
                                network.name, data::task_name(network.task)),
                    "--list datasets says what each is for");
  }
  return dataset;
}

void read_test_data(const cli::Arguments& arguments, const models::ModelEntry& network, Settings& settings) {
  if (arguments.given("test-data")) settings.test_directory = arguments.text("test-data");
  if (!arguments.given("test-dataset")) return;
  settings.test_dataset = arguments.text("test-dataset");
  const data::DatasetEntry& dataset = dataset_entry(settings.test_dataset);
  if (dataset.task() != data::TaskKind::kSuperResolution || network.task != dataset.task())
    throw UserError("--test-dataset", fmt::format("'{}' is for {}", dataset.name, data::task_name(dataset.task())),
                    "only super-resolution tests on a set of its own");
  if (settings.test_directory.empty()) settings.test_directory = dataset.default_directory;
  if (settings.test_directory.empty())
    throw UserError("--test-data", fmt::format("dataset '{}' has no packaged folder", dataset.name),
                    "name its folder with --test-data DIR");
}

}  // namespace

const models::ModelEntry& model_entry(const std::string& name) {
  return entry_of(models::builtin_models(), name, "network");
}
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
      if (capture.layers.empty())
        throw UserError(where, "layers= names no layer",
                        "for example layers=conv1+stage2.block1.conv1, or leave it out");
    } else {
      throw UserError(where, fmt::format("unknown key '{}'", key),
                      allowed_hint(key, std::vector<std::string>{"every", "images", "layers"}));
    }
  }
  if (capture.every == 0) throw UserError(where, "lacks every=N", "for example every=1000,images=1");
  return capture;
}

double Settings::learning_rate_at(std::int64_t iteration) const {
  const auto i = static_cast<double>(iteration), all = static_cast<double>(iterations);
  const double warm_up = recipe.warm_up_fraction * all, range = recipe.rate - recipe.rate_end;
  const auto cosine = [](double share) { return 0.5 * (1 + std::cos(std::numbers::pi * share)); };
  if (i < warm_up) return recipe.warm_up_rate + (recipe.rate - recipe.warm_up_rate) * i / warm_up;
  switch (recipe.schedule) {
    case models::RateSchedule::kConstant:
      break;
    case models::RateSchedule::kSteps: {
      double rate = recipe.rate;
      for (const double drop : recipe.drops) {
        if (i >= drop * all) rate *= 0.1;
      }
      return rate;
    }
    case models::RateSchedule::kCosine:
      return recipe.rate_end + range * cosine(i / all);
    case models::RateSchedule::kRestarts: {
      const double period = std::max(1.0, recipe.restart_fraction * all);
      return recipe.rate_end + range * cosine(std::fmod(i, period) / period);
    }
    case models::RateSchedule::kInverseRoot:
      return recipe.rate * std::sqrt(std::max(1.0, warm_up) / std::max(1.0, i));
  }
  return recipe.rate;
}

std::vector<cli::OptionSpec> option_specs() {
  std::vector<cli::OptionSpec> specs = {
      {"network", "NAME", "resnet20", "network to train; --list networks"},
      {"dataset", "NAME", "", "dataset; --list datasets (default: one that a fresh machine can have)"},
      {"data", "DIR", "", "folder of the dataset, where it is not the packaged one"},
      {"test-dataset", "NAME", "", "super-resolution: set to test on, where it is another one"},
      {"test-data", "PATH", "", "its folder; of a language model a text file to test on instead of the dataset's"},
      {"method", "NAME", "ldp", "how precision is chosen; --list methods"},
      {"bits", "B|LOW:HIGH", "",
       "precision of weights and activations, or its bounds (default: the paper's for the network, mostly 3:8)"},
      {"gradient-bits", "G", "", "precision of the gradients (default: the paper's for the network, mostly 8)"},
      {"static-bits", "M", "", "precision that costs 1 (default: the larger of --bits and --gradient-bits)"},
      {"weight-range", "channel|tensor", "",
       "one scale for each output channel of a weight, or for all of it (default: channel; sbm-original: tensor)"},
      {"iterations", "N", "", "training steps (default, as of all down to --tokens: as the network was published)"},
      {"batch", "N", "", "samples in a step"},
      {"optimiser", "sgd|adam|adamw", "", "how gradients move weights"},
      {"lr", "RATE", "", "learning rate, after the warm-up"},
      {"lr-schedule", "NAME", "",
       "of the rate: steps (a tenth where the network was published with that, else at 1/2 and 3/4), constant, cosine, "
       "cosine-restarts or inverse-root"},
      {"lr-end", "RATE", "", "where a cosine ends"},
      {"warm-up", "SHARE", "", "of the run, in which the rate rises"},
      {"momentum", "M", "", "of SGD; of the first moment in Adam"},
      {"weight-decay", "D", "",
       "on all parameters; of deit-tiny, and with adamw in the place of another optimiser, on matrices and kernels "
       "alone"},
      {"clip-norm", "N", "", "largest norm of the gradient; 0 = any"},
      {"label-smoothing", "S", "", "share of the target spread over all classes"},
      {"weight-average", "D", "", "decay of the mean of the weights that tests use; 0 = none"},
      {"image-size", "N", "", "height and width of the images, where network and dataset leave a choice"},
      {"tokens", "N", "", "tokens in a sample of text"},
      {"augment", "on|off", "on", "random changes of training samples, as published for the network"},
      {"skip-damaged", "", "", "name pictures that cannot be decoded and go on without them"},
      {"seed", "N", "1", "decides everything random"},
      {"world-size", "N", "",
       "processes that train together, each on its part of every batch (default: $WORLD_SIZE or 1)"},
      {"rank", "R", "", "this one's number from 0 on; rank 0 writes the trace (default: $RANK or 0)"},
      {"master", "HOST:PORT", "", "where rank 0 listens (default: $MASTER_ADDR:$MASTER_PORT or 127.0.0.1:29500)"},
      {"meeting-timeout", "SECONDS", "300", "how long processes wait until all of them are there"},
      {"threads", "N", "", "threads; results repeat exactly for a given number (default: all cores)"},
      {"device", "cpu|cuda|cuda:N", "cpu", "where networks compute; a checkpoint can be resumed on another one"},
      {"convolution", "winograd|direct", "winograd",
       "how 3x3 kernels of stride 1 are computed on a CPU: fewer multiplications, or LibTorch's sums"},
      {"evaluate-every", "N", "400", "iterations between tests, 0 = at the end only"},
      {"evaluate-images", "N", "0",
       "test samples to use: of a folder of classes spread over them, else the first ones; 0 = all"},
      {"capture", "every=N,images=K[,layers=a+b]", "",
       "record operands and results of every Nth iteration for K images"},
      {"output", "FILE", "", "the trace to write", "o"},
      {"checkpoint-every", "N", "100", "iterations between checkpoints that outlast a power failure, in FILE.ckpt"},
      {"resume", "", "", "continue an interrupted run, with the same arguments"},
      {"force", "", "", "overwrite an existing trace"},
      {"test-only", "", "",
       "test the network of FILE.ckpt, with the run's arguments or another test set; writes nothing"},
      {"quiet", "", "", "no talk on stderr but errors"},
      {"benchmark", "STEPS", "", "measure the training step with and without quantisation; no data, no trace"},
      {"list", "networks|methods|datasets", "", "print what there is"},
      {"describe", "", "",
       "print what decides the outcome of a run with these arguments; alone: of runs whose arguments are lines of "
       "stdin, separated by tabs"},
      {"version", "", "", "print versions"},
      {"help", "", "", "this text", "h"},
  };
  for (const methods::MethodEntry& method : methods::builtin_methods()) {
    specs.insert(specs.end(), method.options.begin(), method.options.end());
  }
  return specs;
}

namespace {

/// What the arguments say, each by itself; whether they go together is for settings_from().
Settings read_settings(const cli::Arguments& arguments) {
  Settings settings;
  settings.network = arguments.text("network");
  settings.method = arguments.text("method");
  const models::ModelEntry& network = model_entry(settings.network);
  const methods::MethodEntry& method = method_entry(settings.method);
  settings.recipe = network.recipe;
  method.regime(settings.recipe, arguments);
  const data::DatasetEntry& dataset = matching_dataset(arguments, network);
  settings.dataset = dataset.name;
  settings.data_directory =
      arguments.given("data") ? std::filesystem::path(arguments.text("data")) : dataset.default_directory;
  read_test_data(arguments, network, settings);
  read_precision(arguments, settings);
  settings.precision.has_accuracy = network.task != data::TaskKind::kSuperResolution;
  read_schedule(arguments, settings);
  settings.precision.iterations = settings.iterations;
  settings.weight_per_channel = arguments.given("weight-range")
                                    ? arguments.choice("weight-range", {"channel", "tensor"}) == "channel"
                                    : method.scheme(settings.precision, arguments).weight_per_channel;
  if (arguments.given("capture")) {
    settings.capture_text = arguments.text("capture");
    settings.capture = parse_capture(settings.capture_text);
  }
  settings.trace = arguments.text("output");
  settings.checkpoint = settings.trace + ".ckpt";
  settings.resume = arguments.on("resume");
  settings.force = arguments.on("force");
  settings.quiet = arguments.on("quiet");
  settings.test_only = arguments.on("test-only");
  if (arguments.given("benchmark")) settings.benchmark_steps = arguments.integer("benchmark", 1, 1'000'000);
  return settings;
}

}  // namespace

Settings settings_from(const cli::Arguments& arguments) {
  Settings settings = read_settings(arguments);
  const models::ModelEntry& network = model_entry(settings.network);
  const methods::MethodEntry& method = method_entry(settings.method);
  check_method_options(arguments, settings.precision, method);
  check_data_options(arguments, dataset_entry(settings.dataset));
  check_rate_options(arguments, settings.recipe.schedule);
  check_scheme(arguments, method.scheme(settings.precision, arguments), method, network);
  if (arguments.given("schedule")) output_target(settings.trace, std::vector{arguments.text("schedule")});
  if (settings.benchmark_steps == 0 && settings.trace.empty())
    throw UserError("ldptrain", "no trace to write", "name one with -o FILE");
  if (settings.benchmark_steps == 0 && settings.data_directory.empty())
    throw UserError("--data", fmt::format("dataset '{}' has no packaged folder", settings.dataset),
                    "name its folder with --data DIR");
  if (settings.resume && settings.force) throw UserError("--resume", "contradicts --force", "give one of them");
  if (settings.test_only && (settings.resume || settings.force || settings.meeting.size > 1))
    throw UserError("--test-only", "contradicts --resume, --force and --world-size", "give it alone");
  return settings;
}

TraceMeta describe(const Settings& settings, const cli::Arguments& arguments, const TraceMeta& data) {
  const models::Recipe& recipe = settings.recipe;
  TraceMeta meta = {
      {"network", settings.network},
      {"dataset", settings.dataset},
      {"method", settings.method},
      {"weight_bits_min", std::to_string(settings.precision.min_bits)},
      {"weight_bits_max", std::to_string(settings.precision.max_bits)},
      {"gradient_bits", std::to_string(settings.precision.gradient_bits)},
      {"static_bits", std::to_string(settings.precision.static_bits)},
      {"weight_range", settings.weight_per_channel ? "channel" : "tensor"},
      {"iterations", std::to_string(settings.iterations)},
      {"batch", std::to_string(settings.batch)},
      {"optimiser", kOptimisers.write(recipe.optimiser)},
      {"learning_rate", fmt::format("{}", recipe.rate)},
      {"learning_rate_schedule", kSchedules.write(recipe.schedule)},
      {"learning_rate_end", fmt::format("{}", recipe.rate_end)},
      {"warm_up", fmt::format("{}", recipe.warm_up_fraction)},
      {"momentum", fmt::format("{}", recipe.momentum)},
      {"weight_decay", fmt::format("{}", recipe.weight_decay)},
      {"clip_norm", fmt::format("{}", recipe.clip_norm)},
      {"label_smoothing", fmt::format("{}", recipe.label_smoothing)},
      {"weight_average", fmt::format("{}", recipe.average)},
      {"seed", std::to_string(settings.seed)},
      {"threads", std::to_string(settings.threads)},
      {"world_size", std::to_string(settings.meeting.size)},
      {"evaluate_every", std::to_string(settings.evaluate_every)},
      {"evaluate_images", std::to_string(settings.evaluate_images)},
      {"capture", settings.capture_text},
  };
  // The name that reproduced runs have is made of these keys: the default must not change those that are there.
  if (settings.convolution == conv::Kernel::kDirect) meta["convolution"] = "direct";
  meta.insert(data.begin(), data.end());
  for (const cli::OptionSpec& option : method_entry(settings.method).options) {
    std::string key = option.name;
    std::replace(key.begin(), key.end(), '-', '_');
    meta[key] = arguments.text(option.name);
  }
  // Readers of traces need the numbers.
  for (const auto& [key, number] :
       {std::pair{"budget", settings.precision.budget}, {"precision_lr", settings.precision.precision_rate}}) {
    if (const auto entry = meta.find(key); entry != meta.end() && entry->second == "published")
      entry->second = fmt::format("{}", number);
  }
  return meta;
}

RunIdentity identify(const Settings& settings, const cli::Arguments& arguments, const TraceMeta& data) {
  std::vector<std::string> words = {"--network", settings.network, "--dataset", settings.dataset,
                                    "--method",  settings.method,  "-o",        settings.trace};
  if (!settings.data_directory.empty()) words.insert(words.end(), {"--data", settings.data_directory});
  const cli::Arguments usual(option_specs(), words);
  // It only describes and need not be able to run: a method may ask for an option that has no default.
  RunIdentity identity{describe(settings, arguments, data), describe(read_settings(usual), usual, {})};
  for (TraceMeta* meta : {&identity.meta, &identity.usual}) meta->emplace("convolution", "winograd");
  return identity;
}

}  // namespace ldpsim::train
