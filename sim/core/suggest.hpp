// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ldpsim {

/// Number of single-character edits (insert, delete, replace, swap of neighbours) between two words.
int edit_distance(std::string_view a, std::string_view b);

/// The candidate nearest to `word`, or "" if none is near enough to be what was meant.
std::string nearest(std::string_view word, std::span<const std::string> candidates);

/// The hint of an unknown name: "did you mean 'x'?" if a candidate is near, and always "allowed: a, b, c".
std::string allowed_hint(std::string_view word, std::span<const std::string> candidates);

/// The same for a dotted key: of `keys` only those of its section are listed, if there are any.
std::string allowed_key_hint(std::string_view key, std::span<const std::string> keys);

}  // namespace ldpsim
