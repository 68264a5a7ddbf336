// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sim/datapath/functional.hpp"

namespace ldpsim {

/// The int64 reference of one pass for several machines: computed once, and scale groups kept as long as they fit in
/// memory.
class PassReference {
 public:
  /// `problem` in one piece (InsertedZeros::kCompute); its operands must outlive this.
  PassReference(const Problem& problem, const PassOperands& operands, PassBits bits)
      : problem_(problem), operands_(operands), bits_(bits) {}

  const Problem& problem() const { return problem_; }
  const IntegerSums& sums(const AccumulatorSpec& accumulator);
  /// Valid until the next call.
  const IntegerSums& group_sums(std::int64_t group, std::int64_t channel, const AccumulatorSpec& accumulator);

 private:
  /// Machines whose accumulators never overflow here share one reference.
  std::string kind_of(const AccumulatorSpec& accumulator) const;

  Problem problem_;
  PassOperands operands_;
  PassBits bits_;
  std::map<std::string, IntegerSums> sums_;
  std::map<std::pair<std::string, std::int64_t>, IntegerSums> groups_;
  std::int64_t kept_ = 0;  ///< sums held in groups_
};

}  // namespace ldpsim
