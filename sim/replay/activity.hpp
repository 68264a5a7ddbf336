// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <tuple>

#include "sim/replay/value_source.hpp"

namespace ldpsim {

/// Shares of the bits of some codes.
struct BitShares {
  std::int64_t bits = 0, ones = 0;      ///< all, and those that are set
  std::int64_t pairs = 0, changes = 0;  ///< bits with a neighbour before them in memory, and those that differ from it
  /// Adds the codes of a tensor, two's complement if signed; an image or a filter begins anew with the tensor.
  void add(const QuantisedTensor& tensor);
  double set_share() const { return bits == 0 ? 0 : static_cast<double>(ones) / static_cast<double>(bits); }
  double changing_share() const { return pairs == 0 ? 0 : static_cast<double>(changes) / static_cast<double>(pairs); }
};

/// How active an array is with operands of given bits, against bits that are fair coins.
///
/// Every array multiplies bits with bits, one after the other or all at once. The stationary bit is held while moving
/// bits pass by, so their product changes where the moving bit changes (share t of the bits) and the stationary one is
/// set (share p): activity 4tp, which is 1 for fair coins, and 0 if either operand is all zero.
class ActivityEstimator {
 public:
  /// Keeps a reference.
  explicit ActivityEstimator(const ValueSource& source) : source_(source) {}
  /// Of one pass of a layer; of a layer without captures, the mean of those that have some in the same pass. Throws
  /// UserError if none has.
  double of(std::size_t layer, Pass pass, PassBits bits);

 private:
  const std::optional<double>& captured(std::size_t layer, Pass pass, PassBits bits);

  const ValueSource& source_;
  std::map<std::tuple<std::size_t, Pass, int, int>, std::optional<double>> known_;
};

}  // namespace ldpsim
