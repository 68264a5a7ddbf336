// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hwy/aligned_allocator.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace ldpsim {

/// Memory for wide registers: aligned, grows, keeps no contents when it grows. `kSlack` elements behind the end may be
/// read and written, so that copies and loads of whole registers need no special last case.
template <class T>
class AlignedBuffer {
 public:
  static constexpr std::int64_t kSlack = 64;
  /// At least `size` elements; fresh memory is zero.
  T* resize(std::int64_t size) {
    if (size > capacity_) {
      capacity_ = size;
      data_ = hwy::AllocateAligned<T>(static_cast<std::size_t>(size + kSlack));
      std::fill_n(data_.get(), size + kSlack, T{});
    }
    return data_.get();
  }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }

 private:
  hwy::AlignedFreeUniquePtr<T[]> data_;
  std::int64_t capacity_ = 0;
};

}  // namespace ldpsim
