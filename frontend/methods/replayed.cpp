// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/methods/method.hpp"
#include "frontend/quant/kernels.hpp"
#include "sim/core/error.hpp"
#include "sim/trace/schedule.hpp"

namespace ldpsim::methods {
namespace {

TraceReader opened(const std::string& file) {
  if (file.ends_with(".csv")) {
    throw UserError("--schedule " + file, "is a CSV, not a trace",
                    "ldpsim import makes a trace of it: ldpsim import " + file + " --network NAME -o RUN.trace");
  }
  return TraceReader(file);
}

/// The precisions that a trace recorded drive the training again. `ldpsim import` makes a trace of a CSV.
class Replayed final : public Method {
 public:
  Replayed(const MethodSettings& common, const std::string& file) : common_(common) {
    const TraceReader trace = opened(file);
    const Schedule schedule(trace);
    const std::string where = "--schedule " + file;
    const Network &ours = *common_.network, &theirs = schedule.network();
    if (ours.layers.size() != theirs.layers.size()) {
      throw UserError(where,
                      fmt::format("has {} layers, {} has {}", theirs.layers.size(), ours.name, ours.layers.size()),
                      "it must be of the network that is trained");
    }
    for (std::size_t i = 0; i < ours.layers.size(); ++i) {
      // A layer in float has no precision to replay: the same network may tell other classes or know other words.
      if (ours.layers[i].quantised && ours.layers[i].macs() != theirs.layers[i].macs()) {
        throw UserError(
            where,
            fmt::format("layer {} is '{}' of {} multiply-accumulates, in {} it is '{}' of {}", i, theirs.layers[i].name,
                        theirs.layers[i].macs(), ours.name, ours.layers[i].name, ours.layers[i].macs()),
            "it must be of the network that is trained");
      }
    }
    if (schedule.size() < common_.iterations) {
      throw UserError(where, fmt::format("has {} iterations, the run {}", schedule.size(), common_.iterations),
                      fmt::format("--iterations {}", schedule.size()));
    }
    const std::int64_t rows = std::min(common_.iterations + 1, schedule.size());
    trace.for_each_iteration(schedule.first(), schedule.first() + rows,
                             [&](const TraceIteration& row) { add(row, where); });
  }

  std::vector<Precision> precision(std::int64_t iteration) const override {
    // The method is asked for one iteration after the last when that is evaluated.
    std::vector<Precision> all(common_.network->layers.size());
    const std::size_t rows = bits_.size() / all.size(), at = std::min(static_cast<std::size_t>(iteration), rows - 1);
    const Bits* bits = bits_.data() + at * all.size();
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (common_.network->layers[i].quantised) all[i] = {bits[i][0], bits[i][1], bits[i][2]};
    }
    return all;
  }

 private:
  using Bits = std::array<std::uint8_t, 3>;  ///< weight, activation, gradient

  /// As recorded; of layers that this run keeps in float whatever is there.
  void add(const TraceIteration& row, const std::string& where) {
    for (std::size_t i = 0; i < row.weight_bits.size(); ++i) {
      const Bits bits{row.weight_bits[i], row.activation_bits[i], row.gradient_bits[i]};
      if (common_.network->layers[i].quantised && bits != Bits{}) {
        for (const std::uint8_t value : bits) check_bits(value, bits, i, row.iteration, where);
      }
      bits_.push_back(bits);
    }
  }

  void check_bits(int value, const Bits& all, std::size_t layer, std::int64_t iteration,
                  const std::string& where) const {
    if (value >= quant::kMinBits && value <= quant::kMaxBits) return;
    throw UserError(where,
                    fmt::format("iteration {}, layer '{}': {}, {}, {} bits of weight, activation, gradient", iteration,
                                common_.network->layers[layer].name, all[0], all[1], all[2]),
                    fmt::format("allowed: 0 in all three, or {} to {}", quant::kMinBits, quant::kMaxBits));
  }

  MethodSettings common_;
  std::vector<Bits> bits_;  ///< [iteration][layer]
};

/// The trace's name; that it can be opened is known before data is read.
std::string schedule_file(const MethodSettings&, const cli::Arguments& arguments) {
  if (!arguments.given("schedule"))
    throw UserError("--schedule", "is missing", "--method replayed needs --schedule RUN.trace");
  const std::string file = arguments.text("schedule");
  opened(file);
  return file;
}

}  // namespace

MethodEntry replayed_method() {
  return entry_of<Replayed>(
      "replayed", "the precisions of a recorded run, iteration by iteration",
      {cli::OptionSpec{"schedule", "RUN.trace", "", "replayed: the trace; ldpsim import makes one of a CSV"}},
      schedule_file);
}

}  // namespace ldpsim::methods
