// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "sim/cli/commands.hpp"
#include "sim/cli/format_option.hpp"
#include "sim/cli/paper_tables.hpp"
#include "sim/cli/workload_options.hpp"
#include "sim/ledger/ledger.hpp"
#include "sim/ledger/paper_units.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/trace/trace.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim::cli {
namespace {

constexpr int kLargestBits = 16;

int bits_option(const po::variables_map& values, const std::string& option) {
  const int bits = values[option].as<int>();
  if (bits < 1 || bits > kLargestBits) throw UserError("--" + option, "is " + std::to_string(bits), "allowed: 1 to 16");
  return bits;
}

std::int64_t count_option(const po::variables_map& values, const std::string& option) {
  const auto count = values[option].as<std::int64_t>();
  if (count < 1 || count > 1'000'000'000)
    throw UserError("--" + option, "is " + std::to_string(count), "allowed: 1 to 1000000000");
  return count;
}

/// What was counted, for how many samples an iteration.
struct Counted {
  Ledger ledger;
  std::int64_t batch;
  std::string remark{};  ///< what must be known of the method; empty: nothing
};

Counted count_trace(const std::string& file, const po::variables_map& values) {
  for (const char* option : {"bits", "profile", "gradient-bits", "batch", "iterations"}) {
    if (values.count(option) != 0 && !values[option].defaulted())
      throw UserError(std::string("--") + option, "has no meaning for a trace, which has its own", "leave it out");
  }
  const TraceReader trace(file);
  // 0: the trace's own static precision
  const Schedule schedule(trace, Schedule::kBegin, Schedule::kEnd,
                          values["static-bits"].defaulted() ? 0 : bits_option(values, "static-bits"));
  Counted counted{Ledger(schedule.network(), schedule.float_layer_bits()), schedule.batch(), schedule.remark()};
  std::vector<LayerBits> bits(schedule.network().layers.size());
  for (std::int64_t iteration = schedule.first(); iteration < schedule.last(); ++iteration) {
    for (std::size_t layer = 0; layer < bits.size(); ++layer) bits[layer] = schedule.bits(iteration, layer);
    counted.ledger.add(bits);
  }
  return counted;
}

Counted count_network(const std::string& file, const po::variables_map& values) {
  NetworkTable table = network_table_of(file, values);
  const int gradient = bits_option(values, "gradient-bits");
  int static_bits = bits_option(values, "static-bits");
  if (values["static-bits"].defaulted()) {
    if (const auto published = published_units(table.network.name)) static_bits = published->static_bits;
  }
  for (std::size_t i = 0; i < table.bits.size(); ++i) {
    LayerBits& bits = table.bits[i];
    if (!table.network.layers[i].quantised) {
      bits = {0, 0, 0};
      continue;
    }
    if (values.count("bits") != 0) bits.weight = bits.activation = bits_option(values, "bits");
    if (!values["gradient-bits"].defaulted()) bits.gradient = gradient;
  }
  Counted counted{Ledger(std::move(table.network), static_bits), count_option(values, "batch")};
  counted.ledger.add(table.bits, count_option(values, "iterations"));
  return counted;
}

double giga(__int128 count) { return static_cast<double>(count) / 1e9; }

/// One line of the ledger: a pass, all of training, or inference.
std::vector<Cell> line(const std::string& pass, double macs, double gbitops, double static_gbitops) {
  const double ratio = static_gbitops == 0 ? 1.0 : gbitops / static_gbitops;
  return {pass, macs / 1e9, gbitops, static_gbitops, ratio, 100 * (1 - ratio), {}, {}, {}};
}

void fill_paper_units(std::vector<Cell>& row, double paper_static, double paper_ratio) {
  row[row.size() - 3] = paper_static * paper_ratio;
  row[row.size() - 2] = paper_static;
  row[row.size() - 1] = paper_ratio;
}

/// How costs are printed in the publications.
struct PaperUnits {
  double divisor = kPaperInferenceDivisor, samples = kPaperTrainingSamples;
  double tokens = 1;  ///< of a sample, where costs are printed of tokens
};

/// Those of the network's published tables, else CIFAR's; --divisor overrides.
PaperUnits paper_units(const Network& network, const po::variables_map& values) {
  PaperUnits units;
  if (const auto published = published_units(network.name)) {
    units = {published->divisor, published->samples};
    const Layer& first = network.layers.front();
    if (published->samples_in_table != 1) units.tokens = static_cast<double>(first.out_height() * first.out_width());
  }
  if (!values["divisor"].defaulted()) units.divisor = values["divisor"].as<double>();
  return units;
}

Table ledger_table(const Counted& counted, const PaperUnits& units) {
  const Ledger& ledger = counted.ledger;
  const auto macs = static_cast<double>(ledger.network().macs());
  const int bits = ledger.static_bits();
  Table table({"pass", "gmacs", "gbitops", "static_gbitops", "ratio", "saving_percent", "paper_gbitops",
               "paper_static_gbitops", "paper_ratio"});
  __int128 training = 0, static_training = 0;
  const auto training_gmacs = [&](__int128 static_bitops) {
    return static_cast<double>(static_bitops) / (bits * bits);
  };
  for (const Pass pass : kAllPasses) {
    const __int128 sum = ledger.bitops(pass) * counted.batch,
                   at_static_bits = ledger.static_bitops(pass) * counted.batch;
    table.add(line(name_of(pass), training_gmacs(at_static_bits), giga(sum), giga(at_static_bits)));
    training += sum;
    static_training += at_static_bits;
  }
  std::vector<Cell> total = line("training", training_gmacs(static_training), giga(training), giga(static_training));
  fill_paper_units(total, paper_training_gbitops(macs / units.tokens, bits, units.samples), ledger.training_ratio());
  table.add(std::move(total));
  std::vector<Cell> inference = line("inference", macs, giga(ledger.inference_bitops()), macs * bits * bits / 1e9);
  fill_paper_units(inference, paper_inference_gbitops(macs / units.tokens, bits, units.divisor),
                   ledger.inference_ratio());
  table.add(std::move(inference));
  table.note(
      fmt::format("network {}: {} iterations of {} samples; inference: one sample at the bits of the last iteration; "
                  "static: {} bits",
                  ledger.network().name, ledger.iterations(), counted.batch, bits));
  table.note(
      "exact: forward weight x activation bits, backward-data weight x gradient, backward-weight activation x "
      "gradient; the first layer has no backward-data");
  table.note(
      fmt::format("paper units: training 3 x MACs{3} x {0}^2 x {1} {4} x ratio, the first layer in all three passes; "
                  "inference MACs{3} x {0}^2 / {2} x ratio",
                  bits, static_cast<std::int64_t>(units.samples), units.divisor, units.tokens == 1 ? "" : " of a token",
                  units.tokens == 1 ? "samples" : "tokens"));
  std::string in_float;
  for (const Layer& layer : ledger.network().layers) {
    if (!layer.quantised) in_float += (in_float.empty() ? "" : ", ") + layer.name;
  }
  if (!in_float.empty()) table.note(fmt::format("float layers counted at {} bits: {}", bits, in_float));
  if (!counted.remark.empty()) table.note(counted.remark);
  return table;
}

class BitopsCommand : public Command {
 public:
  std::string name() const override { return "bitops"; }
  std::string summary() const override {
    return "the GBitOPs ledger of a schedule, exact and in the units of the papers";
  }
  std::string synopsis() const override {
    return "ldpsim bitops RUN.trace [--paper] | NETWORK.csv [--bits B] | --paper | --contradictions [options]";
  }
  std::vector<std::string> examples() const override {
    return {"ldpsim bitops networks/resnet20.csv --bits 4", "ldpsim bitops --paper", "ldpsim bitops --contradictions"};
  }
  void options(po::options_description& options, po::positional_options_description& positional) override {
    options.add_options()("input", po::value<std::string>()->value_name("FILE"), "a trace, or a network table (*.csv)")(
        "paper",
        "every cell of the published tables beside ours, with residuals; with a trace, the rows it corresponds to "
        "beside "
        "what it measured")("contradictions", "what the paper says held against its own figures, with the arithmetic")(
        "bits", po::value<int>()->value_name("B"),
        "weight and activation bits of every quantised layer of a network table")(
        "gradient-bits", po::value<int>()->default_value(8)->value_name("B"), "gradient bits of a network table")(
        "static-bits", po::value<int>()->default_value(8)->value_name("B"),
        "static precision that ratios compare with; by default a trace's own, or 16 for PAN, as published")(
        "batch", po::value<std::int64_t>()->default_value(128)->value_name("N"),
        "samples an iteration, of a network table")("iterations",
                                                    po::value<std::int64_t>()->default_value(64000)->value_name("N"),
                                                    "iterations, of a network table")(
        "divisor", po::value<double>()->default_value(kPaperInferenceDivisor, "as published")->value_name("D"),
        "of inference in paper units: 2 on CIFAR and for networks without published costs, 8 on ImageNet");
    add_profile_option(options);
    add_format_option(options);
    positional.add("input", 1);
  }
  ExitCode run(const po::variables_map& values) override {
    const bool paper = values.count("paper") != 0, contradictions = values.count("contradictions") != 0,
               input = values.count("input") != 0;
    if (contradictions ? paper || input : !paper && !input)
      throw UserError("ldpsim bitops", "expected one file, --paper or --contradictions", "usage: " + synopsis());
    if (contradictions || !input) {
      print_table(contradictions ? contradictions_table() : published_table(), values);
      return ExitCode::kDone;
    }
    const double divisor = values["divisor"].as<double>();
    if (!(divisor > 0) || !std::isfinite(divisor))
      throw UserError("--divisor", fmt::format("is {}", divisor), "allowed: finite numbers above 0");
    const auto& file = values["input"].as<std::string>();
    const bool is_table = std::filesystem::path(file).extension() == ".csv";
    if (paper) {
      if (is_table) throw UserError(file, "is a network table", "--paper takes a trace, or no file");
      print_table(published_table_beside(TraceReader(file), count_trace(file, values).ledger), values);
      return ExitCode::kDone;
    }
    const Counted counted = is_table ? count_network(file, values) : count_trace(file, values);
    print_table(ledger_table(counted, paper_units(counted.ledger.network(), values)), values);
    return ExitCode::kDone;
  }
};

}  // namespace

std::unique_ptr<Command> make_bitops_command() { return std::make_unique<BitopsCommand>(); }

}  // namespace ldpsim::cli
