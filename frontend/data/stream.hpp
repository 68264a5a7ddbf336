// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ldpsim::data {

/// What streams of batches have in common. Batch i is a pure function of the set, the seed and i: a resumed run begins
/// at `first_batch` and sees what an undisturbed one does, whatever the number of workers.
struct StreamSettings {
  std::int64_t batch = 32;  ///< items in a step, of all processes together
  std::int64_t first_batch = 0;
  std::uint64_t seed = 1;
  /// Of several processes: each gets its own part of every batch, in order.
  int rank = 0, world_size = 1;
  int workers = 2;  ///< threads that decode ahead of use; 0: none
  /// Damaged files are named to `damaged`, once each, and left out; in training the next sound file takes their place.
  /// Otherwise they are errors.
  bool skip_damaged = false;
  std::function<void(const std::string& message)> damaged = [](const std::string&) {};
};

/// Items [first, first + count) of a batch that belong to a process.
struct Share {
  std::int64_t first = 0, count = 0;
};
inline Share share_of(std::int64_t batch, int rank, int world_size) {
  const std::int64_t first = batch * rank / world_size;
  return {first, batch * (rank + 1) / world_size - first};
}

}  // namespace ldpsim::data
