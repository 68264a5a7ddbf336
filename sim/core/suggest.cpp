// SPDX-License-Identifier: Apache-2.0
#include "sim/core/suggest.hpp"

#include <algorithm>
#include <vector>

namespace ldpsim {

int edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replace = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replace});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
  std::string best;
  int best_distance = 1 + static_cast<int>(word.size()) / 3;  // a third of the letters may be wrong
  for (const std::string& candidate : candidates) {
    const int distance = edit_distance(word, candidate);
    if (distance <= best_distance && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string allowed_hint(std::string_view word, std::span<const std::string> candidates) {
  std::string hint;
  if (const std::string near = nearest(word, candidates); !near.empty()) hint = "did you mean '" + near + "'? ";
  hint += "allowed: ";
  for (std::size_t i = 0; i < candidates.size(); ++i) hint += (i ? ", " : "") + candidates[i];
  return hint;
}

std::string allowed_key_hint(std::string_view key, std::span<const std::string> keys) {
  const std::string section(key.substr(0, key.find('.') + 1));  // with its dot; empty without one
  std::vector<std::string> neighbours;
  for (const std::string& each : keys) {
    if (!section.empty() && each.starts_with(section)) neighbours.push_back(each);
  }
  return neighbours.empty() ? allowed_hint(key, keys) : allowed_hint(key, neighbours);
}

}  // namespace ldpsim
