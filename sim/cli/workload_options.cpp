// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/workload_options.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

#include "sim/cli/machine_options.hpp"
#include "sim/core/suggest.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {
namespace {

constexpr int kLeastBits = 1, kMostBits = 16;
constexpr int kNetworkStaticBits = 8;  ///< what a table without a run of its own is compared with

int bits_of(const std::string& text, const std::string& option) {
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error == std::errc() && end == text.data() + text.size() && bits >= kLeastBits && bits <= kMostBits) return bits;
  throw UserError(option, "'" + text + "' is not a precision", "allowed: 1 to 16 bits");
}

/// "8", or "4:4:8" for weights, activations, gradients.
LayerBits layer_bits_of(const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() != 1 && parts.size() != 3)
    throw UserError("--bits " + text, "is neither B nor W:A:G", "e.g. --bits 8 or --bits 4:4:8");
  const auto part = [&](std::size_t i) { return bits_of(parts[parts.size() == 1 ? 0 : i], "--bits " + text); };
  return {part(0), part(1), part(2)};
}

/// The file of --profile. A name is a folder of networks/profiles/ with a file a network.
std::string profile_file(const std::string& profile, const std::string& network) {
  namespace fs = std::filesystem;
  if (profile.find('/') != std::string::npos || profile.ends_with(".csv")) return profile;
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(data_directory("networks") + "/profiles")) {
    if (fs::exists(entry.path() / (network + ".csv"))) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  if (names.empty())
    throw UserError("--profile", "there is no profile of network " + network, "give a CSV file of your own");
  if (std::find(names.begin(), names.end(), profile) == names.end())
    throw UserError("--profile", "network " + network + " has no profile '" + profile + "'",
                    allowed_hint(profile, names));
  return data_directory("networks") + "/profiles/" + profile + "/" + network + ".csv";
}

}  // namespace

NetworkTable network_table_of(const std::string& file, const po::variables_map& values) {
  NetworkTable table = read_network_csv(file);
  if (values.count("profile") == 0) return table;
  if (values.count("bits") != 0) throw UserError("--profile", "does not go with --bits", "leave one of them out");
  apply_profile(table, profile_file(values["profile"].as<std::string>(), table.network.name));
  return table;
}

void add_profile_option(po::options_description& options) {
  options.add_options()(
      "profile", po::value<std::string>()->value_name("NAME|FILE"),
      "precisions of single layers: a CSV (columns layer, weight_bits, activation_bits, gradient_bits), or the name of "
      "a set in networks/profiles/ (ldpsim list profiles)");
}

bool is_trace(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string head(15, '\0');
  if (stream.read(head.data(), static_cast<std::streamsize>(head.size()))) return head == "SQLite format 3";
  return !file.ends_with(".csv");
}

void add_trace_options(po::options_description& options) {
  options.add_options()("iterations", po::value<std::string>()->value_name("A:B"), "iterations A to B-1 alone")(
      "float-layer-bits", po::value<std::string>()->value_name("N"),
      "bits at which operands that the training left in float are charged (default: the trace's static bits)");
}

void add_values_option(po::options_description& options) {
  options.add_options()(
      "values", po::value<std::string>()->value_name("SOURCE"),
      "operands for machines whose cycles depend on values: captured (the default; only traces have them), or uniform, "
      "made up with codes equally distributed over their range");
}

void add_activity_option(po::options_description& options) {
  options.add_options()("activity", po::value<std::string>()->value_name("BITS"),
                        "bits by which the energy of the PEs is charged: uniform (the default; every bit is a fair "
                        "coin, as energy tables "
                        "suppose), or operands: the share of set and of changing bits in the operands of --values");
}

namespace {

bool follows_operands(const po::variables_map& values, const ReplayRun& run) {
  if (values.count("activity") == 0) return false;
  const std::string bits = values["activity"].as<std::string>();
  const std::vector<std::string> choices{"uniform", "operands"};
  if (bits != choices[0] && bits != choices[1])
    throw UserError("--activity", "unknown bits '" + bits + "'", allowed_hint(bits, choices));
  if (bits == choices[1] && run.values == nullptr)
    throw UserError("--activity", "a network table has no captured operands",
                    "replay a trace that has, or make operands up with --values uniform");
  return bits == choices[1];
}

bool makes_values_up(const po::variables_map& values, bool has_captures) {
  if (values.count("values") == 0) return false;
  const std::string source = values["values"].as<std::string>();
  const std::vector<std::string> sources{"captured", "uniform"};
  if (source != sources[0] && source != sources[1])
    throw UserError("--values", "unknown source '" + source + "'", allowed_hint(source, sources));
  if (source == sources[0] && !has_captures)
    throw UserError("--values", "a network table has no captured operands", "allowed: uniform");
  return source == sources[1];
}

}  // namespace

ReplayRun run_of_trace(const std::string& file, const po::variables_map& values) {
  const TraceReader trace(file);
  std::pair<std::int64_t, std::int64_t> range{Schedule::kBegin, Schedule::kEnd};
  if (values.count("iterations") != 0) range = iteration_range_of(values["iterations"].as<std::string>());
  int float_bits = 0;  // the trace's own
  if (values.count("float-layer-bits") != 0)
    float_bits = bits_of(values["float-layer-bits"].as<std::string>(), "--float-layer-bits");
  ReplayRun run = ReplayRun::of(std::filesystem::path(file).stem().string(), trace,
                                Schedule(trace, range.first, range.second, float_bits));
  run.values = makes_values_up(values, true) ? make_uniform_values(run.workload.network)
                                             : make_captured_values(file, range.first, range.second);
  run.activity = follows_operands(values, run);
  return run;
}

void add_network_options(po::options_description& options) {
  options.add_options()("batch", po::value<std::int64_t>()->default_value(16)->value_name("N"), "images in a batch")(
      "bits", po::value<std::string>()->value_name("B|W:A:G"),
      "precision of every quantised layer instead of the table's");
  add_profile_option(options);
  options.add_options()(
      "weight-range", po::value<std::string>()->default_value("channel")->value_name("RANGE"),
      "channel: weights have a scale per output channel, as in training by default; tensor: one scale");
}

std::string weight_range_of(const po::variables_map& values) {
  const std::string range = values["weight-range"].as<std::string>();
  const std::vector<std::string> ranges{"channel", "tensor"};
  if (std::find(ranges.begin(), ranges.end(), range) == ranges.end())
    throw UserError("--weight-range", "unknown range '" + range + "'", allowed_hint(range, ranges));
  return range;
}

ReplayRun run_of_network(const std::string& file, const po::variables_map& values) {
  NetworkTable table = network_table_of(file, values);
  const auto batch = values["batch"].as<std::int64_t>();
  if (batch < 1 || batch > 1'000'000)
    throw UserError("--batch", "is " + std::to_string(batch), "allowed: 1 to 1000000");
  const std::string range = weight_range_of(values);
  ReplayRun run;
  run.name = table.network.name;
  run.iterations = 1;
  run.static_bits = kNetworkStaticBits;
  for (std::size_t i = 0; i < table.bits.size(); ++i) {
    const Layer& layer = table.network.layers[i];
    if (layer.quantised && values.count("bits") != 0) table.bits[i] = layer_bits_of(values["bits"].as<std::string>());
    if (layer.quantised) continue;
    table.bits[i] = {kNetworkStaticBits, kNetworkStaticBits, kNetworkStaticBits};
    run.float_layers.push_back(layer.name);
  }
  run.final_bits = table.bits;
  run.histogram = histogram_of(table.bits);
  run.workload = {.network = std::move(table.network), .batch = batch, .weight_scale_per_channel = range == "channel"};
  if (makes_values_up(values, false)) run.values = make_uniform_values(run.workload.network);
  run.activity = follows_operands(values, run);
  return run;
}

void refuse_option(const po::variables_map& values, const std::string& option, const std::string& why) {
  if (values.count(option) != 0 && !values[option].defaulted())
    throw UserError("--" + option, "has no meaning for " + why, "leave it out");
}

}  // namespace ldpsim::cli
