// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/value_estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

/// What some samples come to.
struct Counted {
  Cycles cycles = 0, imbalance = 0, worst = 0;
  ActionCounts differences;
  double share() const { return static_cast<double>(cycles) / static_cast<double>(worst); }
  Counted& operator+=(const Counted& other) {
    cycles += other.cycles;
    imbalance += other.imbalance;
    worst += other.worst;
    differences += other.differences;
    return *this;
  }
};

Counted count(const PeArray& array, const std::vector<Problem>& problems, PassBits bits, const ValueSample& sample) {
  Counted sum;
  for (const Problem& problem : problems) {
    const auto timing = array.make_timing(problem, bits, {&sample.moving, &sample.stationary});
    const Cycles worst = array.tile_cycles(problem, bits, loop_extents(problem));
    for (std::int64_t group = 0; group < problem.groups; group += problem.groups_at_once) {
      const TileCost cost = timing->tile_cost(whole_group(problem, group));
      sum += {cost.cycles(), cost.imbalance, worst, cost.difference};
    }
  }
  return sum;
}

ValueEstimate estimate_of(const Counted& all, const std::vector<double>& figures, std::int64_t captures) {
  ValueEstimate estimate{.cycles = all.share(), .captures = captures};
  estimate.half_width = mean_interval(figures).half_width;
  estimate.imbalance = all.cycles == 0 ? 0 : static_cast<double>(all.imbalance) / static_cast<double>(all.cycles);
  for (const ActionDoc& doc : action_docs()) {
    estimate.differences[static_cast<std::size_t>(doc.action)] =
        static_cast<double>(all.differences[doc.action]) / static_cast<double>(all.worst);
  }
  return estimate;
}

/// The images of an iteration as one sample, all or all but one.
ValueSample batch_of(const std::vector<ValueSample>& images, std::size_t without = SIZE_MAX) {
  ValueSample batch;
  for (std::size_t i = 0; i < images.size(); ++i) {
    if (i == without) continue;
    if (batch.moving.codes.empty()) {
      batch = images[i];
      continue;
    }
    for (const auto& [all, one] :
         {std::pair{&batch.moving, &images[i].moving}, {&batch.stationary, &images[i].stationary}}) {
      all->codes.insert(all->codes.end(), one->codes.begin(), one->codes.end());
      all->shape[0] += one->shape[0];
    }
  }
  return batch;
}

}  // namespace

double student_t95(std::int64_t degrees) {
  static constexpr std::array kQuantiles{12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646,
                                         2.3060,  2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
                                         2.1314,  2.1199, 2.1098, 2.1009, 2.0930, 2.0860};
  if (degrees < 1) throw InternalError("Student's t distribution needs a degree of freedom");
  if (degrees <= static_cast<std::int64_t>(kQuantiles.size())) return kQuantiles[static_cast<std::size_t>(degrees - 1)];
  // Cornish-Fisher expansion about the normal quantile
  const double z = 1.959964, n = static_cast<double>(degrees), z3 = z * z * z, z5 = z3 * z * z;
  return z + (z3 + z) / (4 * n) + (5 * z5 + 16 * z3 + 3 * z) / (96 * n * n);
}

MeanInterval mean_interval(std::span<const double> figures) {
  MeanInterval result;
  const auto count = static_cast<std::int64_t>(figures.size());
  if (count == 0) throw InternalError("the mean of nothing");
  for (const double figure : figures) result.mean += figure / static_cast<double>(count);
  if (count == 1) return result;
  double squares = 0;
  for (const double figure : figures) squares += (figure - result.mean) * (figure - result.mean);
  const double variance = squares / static_cast<double>(count - 1);
  result.half_width = student_t95(count - 1) * std::sqrt(variance / static_cast<double>(count));
  return result;
}

std::optional<ValueEstimate> ValueEstimator::from_batches(std::size_t layer, Pass pass, PassBits bits,
                                                          bool per_channel) {
  const Network& network = source_.network();
  std::map<std::int64_t, std::vector<ValueSample>> iterations;
  source_.for_each_sample(layer, pass, bits,
                          [&](const ValueSample& sample) { iterations[sample.iteration].push_back(sample); });
  if (iterations.empty()) return std::nullopt;
  const auto counted = [&](const std::vector<ValueSample>& images, std::size_t without = SIZE_MAX) {
    const auto batch = static_cast<std::int64_t>(images.size() - (without < images.size() ? 1 : 0));
    return count(machine_.array(),
                 machine_.lower(network.layers[layer], reads_network_input(network, layer), pass, batch, per_channel),
                 bits, batch_of(images, without));
  };
  Counted all;
  std::vector<double> figures;
  for (const auto& [iteration, images] : iterations) {
    const Counted one = counted(images);
    figures.push_back(one.share());
    all += one;
  }
  const std::vector<ValueSample>& images = iterations.begin()->second;
  if (iterations.size() == 1 && images.size() > 1) {
    figures.clear();
    const auto count = static_cast<double>(images.size());
    for (std::size_t i = 0; i < images.size(); ++i)
      figures.push_back(count * all.share() - (count - 1) * counted(images, i).share());
  }
  return estimate_of(all, figures, static_cast<std::int64_t>(iterations.size()));
}

std::optional<ValueEstimate> ValueEstimator::from_captures(std::size_t layer, Pass pass, PassBits bits,
                                                           bool per_channel) {
  const Network& network = source_.network();
  if (!pass_exists(network, layer, pass)) return std::nullopt;
  if (samples_share_steps(network.layers[layer], pass)) return from_batches(layer, pass, bits, per_channel);
  const std::vector<Problem> problems =
      machine_.lower(network.layers[layer], reads_network_input(network, layer), pass, 1, per_channel);
  std::map<std::int64_t, Counted> by_iteration;
  std::vector<double> images;
  Counted all;
  source_.for_each_sample(layer, pass, bits, [&](const ValueSample& sample) {
    const Counted counted = count(machine_.array(), problems, bits, sample);
    images.push_back(counted.share());
    by_iteration[sample.iteration] += counted;
    all += counted;
  });
  if (images.empty()) return std::nullopt;
  std::vector<double> iterations;
  for (const auto& [iteration, counted] : by_iteration) iterations.push_back(counted.share());
  return estimate_of(all, iterations.size() > 1 ? iterations : images, static_cast<std::int64_t>(iterations.size()));
}

const std::optional<ValueEstimate>& ValueEstimator::known(std::size_t layer, Pass pass, PassBits bits,
                                                          bool per_channel) {
  const auto [place, fresh] = known_.try_emplace({layer, pass, bits.moving, bits.stationary, per_channel});
  if (fresh) place->second = from_captures(layer, pass, bits, per_channel);
  return place->second;
}

ValueEstimate ValueEstimator::from_others(Pass pass, PassBits bits, bool per_channel) {
  ValueEstimate mean{.cycles = 0, .captures = std::numeric_limits<std::int64_t>::max(), .of_layer = false};
  std::vector<double> figures;
  std::optional<double> single;  // the interval of the only other layer
  for (std::size_t layer = 0; layer < source_.network().layers.size(); ++layer) {
    const std::optional<ValueEstimate>& other = known(layer, pass, bits, per_channel);
    if (!other) continue;
    figures.push_back(other->cycles);
    single = other->half_width;
    mean.imbalance += other->imbalance;
    for (std::size_t i = 0; i < kActionCount; ++i) mean.differences[i] += other->differences[i];
    mean.captures = std::min(mean.captures, other->captures);
  }
  if (figures.empty()) {
    throw UserError(
        machine_.arch().name,
        fmt::format("no layer has captured operands of {}, on whose values its cycles depend", name_of(pass)),
        "capture them, leave the pass out (--passes), or let --values uniform make operands up");
  }
  const auto count = static_cast<double>(figures.size());
  const MeanInterval interval = mean_interval(figures);
  mean.cycles = interval.mean;
  mean.half_width = figures.size() == 1 ? single : interval.half_width;
  mean.imbalance /= count;
  for (double& difference : mean.differences) difference /= count;
  return mean;
}

const ValueEstimate& ValueEstimator::estimate(std::size_t layer, Pass pass, PassBits bits, bool per_channel) {
  if (const std::optional<ValueEstimate>& own = known(layer, pass, bits, per_channel)) return *own;
  const auto [place, fresh] = others_.try_emplace({pass, bits.moving, bits.stationary, per_channel});
  if (fresh) {
    try {
      place->second = from_others(pass, bits, per_channel);
    } catch (...) {
      others_.erase(place);
      throw;
    }
  }
  return place->second;
}

TileCost EstimatedTiming::tile_cost(const TileRange& tile) {
  TileShape shape = plan_tile_;
  if (!array_.charges_full_tiles()) {
    for (std::size_t loop = 0; loop < kLoopCount; ++loop) shape.extent[loop] = tile.last[loop] - tile.first[loop];
  }
  const Cycles worst = array_.tile_cycles(problem_, bits_, shape);
  const auto cycles = std::clamp<Cycles>(static_cast<Cycles>(share_ * static_cast<double>(worst)), 1, worst);
  TileCost cost;
  cost.imbalance = std::min(cycles, static_cast<Cycles>(imbalance_ * static_cast<double>(cycles)));
  cost.compute = cycles - cost.imbalance;
  return cost;
}

}  // namespace ldpsim
