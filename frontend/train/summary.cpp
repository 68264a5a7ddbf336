// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "frontend/methods/cost.hpp"
#include "frontend/tasks/task.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim::train {
namespace {

struct Costs {
  double whole = 0, second_half = 0, last_bits = 0, last_forward = 0;
};

Costs mean_costs(const TraceReader& trace, int static_bits) {
  Costs costs;
  const std::int64_t count = trace.iteration_count(), half = std::max<std::int64_t>(1, count / 2);
  std::vector<methods::Precision> precision;
  trace.for_each_iteration(0, count, [&](const TraceIteration& row) {
    precision.clear();
    for (std::size_t i = 0; i < row.weight_bits.size(); ++i) {
      precision.push_back({row.weight_bits[i], row.activation_bits[i], row.gradient_bits[i]});
    }
    const double cost = methods::training_cost(trace.network(), precision, static_bits);
    costs.whole += cost / static_cast<double>(count);
    if (row.iteration >= count - half) costs.second_half += cost / static_cast<double>(half);
  });
  costs.last_bits = methods::mean_bits(precision);
  costs.last_forward = methods::forward_cost(trace.network(), precision, static_bits);
  return costs;
}

}  // namespace

void print_summary(const Settings& settings) {
  const TraceReader trace(settings.trace);
  const data::TaskKind task = model_entry(settings.network).task;
  const tasks::Headline headline = tasks::headline_of(task);
  double last = 0, best = headline.lower_is_better ? std::numeric_limits<double>::infinity() : 0;
  for (const TraceEvaluation& evaluation : trace.evaluations()) {
    if (evaluation.metric != headline.metric) continue;
    last = evaluation.value;
    best = headline.lower_is_better ? std::min(best, last) : std::max(best, last);
  }
  const Costs costs = mean_costs(trace, settings.precision.static_bits);
  fmt::print("trace                     {}\n", settings.trace);
  fmt::print("iterations                {}\n", trace.iteration_count());
  fmt::print("{:<25} {} (best {})\n", fmt::format("test {}", headline.metric), tasks::headline_text(task, last),
             tasks::headline_text(task, best));
  if (costs.last_bits > 0) {
    fmt::print("training cost             {:.4f} of {} bits everywhere ({:.4f} in the second half)\n", costs.whole,
               settings.precision.static_bits, costs.second_half);
    fmt::print("inference cost at the end {:.4f}\n", costs.last_forward);
    fmt::print("mean bits at the end      {:.2f}\n", costs.last_bits);
  } else {
    fmt::print("costs                     none in bit operations: everything is in float\n");
  }
  for (const auto& [key, value] : trace.meta()) {
    if (key.starts_with("range_test_")) fmt::print("{:<25} {}\n", key, value);
  }
}

}  // namespace ldpsim::train
