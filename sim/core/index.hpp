// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace ldpsim {

/// A count or position, never negative, as the index of a container.
inline std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

}  // namespace ldpsim
