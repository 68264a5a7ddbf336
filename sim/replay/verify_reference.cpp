// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/verify_reference.hpp"

#include <fmt/format.h>

#include "sim/datapath/reference.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kMostKept = std::int64_t{1} << 24;  // 128 MiB of sums

}  // namespace

std::string PassReference::kind_of(const AccumulatorSpec& a) const {
  const std::int64_t products =
      problem_.scale_per_channel ? problem_.kernel_height * problem_.kernel_width : problem_.reduction();
  if (a.overflow == Overflow::kSplit || products_that_fit(a, bits_) >= products) return "exact";
  return fmt::format("{} {} {}", name_of(a.overflow), a.bits, a.lanes);
}

const IntegerSums& PassReference::sums(const AccumulatorSpec& accumulator) {
  const auto [entry, fresh] = sums_.try_emplace(kind_of(accumulator));
  if (fresh) entry->second = reference_sums(problem_, operands_, accumulator);
  return entry->second;
}

const IntegerSums& PassReference::group_sums(std::int64_t group, std::int64_t channel,
                                             const AccumulatorSpec& accumulator) {
  const std::pair key{kind_of(accumulator), group * problem_.channels + channel};
  if (const auto known = groups_.find(key); known != groups_.end()) return known->second;
  IntegerSums sums = reference_group_sums(problem_, operands_, group, channel, accumulator);
  const auto size =
      static_cast<std::int64_t>(sums.products.size() + sums.moving.size() + sums.stationary.size() + sums.taps.size());
  if (kept_ + size > kMostKept) {
    groups_.clear();
    kept_ = 0;
  }
  kept_ += size;
  return groups_.emplace(key, std::move(sums)).first->second;
}

}  // namespace ldpsim
