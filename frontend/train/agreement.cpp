// SPDX-License-Identifier: Apache-2.0
#include "frontend/train/agreement.hpp"

#include <fmt/format.h>

#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::train {
namespace {

std::string setting_in(const TraceMeta& meta, const std::string& key) {
  const auto entry = meta.find(key);
  return entry == meta.end() ? "nothing" : entry->second;
}

[[noreturn]] void refuse(const TraceMeta& first, const TraceMeta& other, std::size_t rank) {
  TraceMeta all = first;
  all.insert(other.begin(), other.end());
  // All have the answer before one of them leaves.
  scale::ensemble().part();
  for (const auto& [key, value] : all) {
    const std::string one = setting_in(first, key), two = setting_in(other, key);
    if (one == two) continue;
    throw UserError("ldptrain", fmt::format("process {} has {} = '{}', process 0 has '{}'", rank, key, two, one),
                    "start all of them with the same arguments, data and program");
  }
  throw InternalError("settings differ that are equal");
}

}  // namespace

std::string text_of(const TraceMeta& meta) {
  std::string text;
  for (const auto& [key, value] : meta) text += key + '=' + value + '\n';
  return text;
}

TraceMeta meta_of(const std::string& text) {
  TraceMeta meta;
  for (std::size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = text.substr(at, end - at);
    meta[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
  }
  return meta;
}

void check_agreement(const TraceMeta& settings) {
  const std::vector<std::string> texts = scale::gathered(text_of(settings));
  for (std::size_t rank = 1; rank < texts.size(); ++rank) {
    if (texts[rank] != texts[0]) refuse(meta_of(texts[0]), meta_of(texts[rank]), rank);
  }
}

}  // namespace ldpsim::train
