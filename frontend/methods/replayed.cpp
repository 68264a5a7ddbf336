// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "frontend/methods/method.hpp"
#include "sim/core/error.hpp"
#include "sim/trace/schedule.hpp"

namespace ldpsim::methods {
namespace {

/// The precisions that a trace recorded drive the training again. `ldpsim import` makes a trace of a CSV.
class Replayed final : public Method {
 public:
  Replayed(const MethodSettings& common, const std::string& file) : common_(common), schedule_(TraceReader(file)) {
    const std::string where = "--schedule " + file;
    const Network &ours = *common_.network, &theirs = schedule_.network();
    if (ours.layers.size() != theirs.layers.size()) {
      throw UserError(where,
                      fmt::format("has {} layers, {} has {}", theirs.layers.size(), ours.name, ours.layers.size()),
                      "it must be of the network that is trained");
    }
    for (std::size_t i = 0; i < ours.layers.size(); ++i) {
      if (ours.layers[i].macs() != theirs.layers[i].macs()) {
        throw UserError(where,
                        fmt::format("layer {} is '{}', in {} it is '{}' of another shape", i, theirs.layers[i].name,
                                    ours.name, ours.layers[i].name),
                        "it must be of the network that is trained");
      }
    }
    if (schedule_.size() < common_.iterations) {
      throw UserError(where, fmt::format("has {} iterations, the run {}", schedule_.size(), common_.iterations),
                      fmt::format("--iterations {}", schedule_.size()));
    }
  }

  std::vector<Precision> precision(std::int64_t iteration) const override {
    // The method is asked for one iteration after the last when that is evaluated.
    const std::int64_t at = schedule_.first() + std::min(iteration, schedule_.size() - 1);
    std::vector<Precision> all(common_.network->layers.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (!common_.network->layers[i].quantised) continue;
      const LayerBits bits = schedule_.bits(at, i);
      all[i] = {bits.weight, bits.activation, bits.gradient};
    }
    return all;
  }

 private:
  MethodSettings common_;
  Schedule schedule_;
};

}  // namespace

MethodEntry replayed_method() {
  return {"replayed",
          "the precisions of a recorded run, iteration by iteration",
          {cli::OptionSpec{"schedule", "RUN.trace", "", "replayed: the trace; ldpsim import makes one of a CSV"}},
          [](const MethodSettings& common, const cli::Arguments& arguments) -> std::unique_ptr<Method> {
            if (!arguments.given("schedule"))
              throw UserError("--schedule", "is missing", "--method replayed needs --schedule RUN.trace");
            return std::make_unique<Replayed>(common, arguments.text("schedule"));
          }};
}

}  // namespace ldpsim::methods
