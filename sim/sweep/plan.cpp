// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/replay/question_text.hpp"
#include "sim/results/json_text.hpp"
#include "sim/sweep/sweep.hpp"

namespace ldpsim {
namespace {

/// The values of an axis as machines have them: 4 and 4.0 are one.
void check_values(const std::vector<ArchSpec>& archs, const GridAxis& axis) {
  for (ArchSpec arch : archs) {
    if (!arch.knows(axis.key)) continue;
    std::map<Value, std::string> seen;
    for (const std::string& value : axis.values) {
      arch.set(axis.key, value, fmt::format("--grid {}={}", axis.key, value));
      const auto [first, is_new] = seen.emplace(arch.values().at(axis.key), value);
      if (!is_new)
        throw UserError("--grid " + axis.key, fmt::format("'{}' and '{}' are the same value", first->second, value),
                        "name each value once");
    }
  }
}

void check_axes(const std::vector<ArchSpec>& archs, const std::vector<GridAxis>& axes) {
  std::set<std::string> seen;
  for (const GridAxis& axis : axes) {
    if (!seen.insert(axis.key).second)
      throw UserError("--grid " + axis.key, "is given twice", "list its values in one --grid");
    if (std::any_of(archs.begin(), archs.end(), [&](const ArchSpec& arch) { return arch.knows(axis.key); })) {
      check_values(archs, axis);
      continue;
    }
    std::set<std::string> known;
    for (const ArchSpec& arch : archs) {
      for (const Parameter& parameter : arch.parameters()) known.insert(parameter.key);
    }
    const std::vector<std::string> keys(known.begin(), known.end());
    throw UserError("--grid " + axis.key, "no such key in the machines given", allowed_key_hint(axis.key, keys));
  }
}

/// What a point's key needs of its machine.
struct MachineText {
  std::string canonical;
  bool value_dependent = false;
};

/// Also for a machine that cannot be made: its point has a row that says why.
MachineText machine_text(const ArchSpec& arch) {
  try {
    const Machine machine(arch);
    return {machine.canonical(), machine.array().value_dependent()};
  } catch (const UserError&) {
    return {arch.canonical()};
  }
}

ResultPoint result_point(const SweepPoint& point, std::int64_t ordinal, const SweepQuestion& question) {
  const MachineText machine = machine_text(point.arch);
  const std::string workload = question_text(question.run, question.passes, machine.value_dependent);
  ResultPoint result{.key = content_key({{"kind", "sweep"}, {"machine", machine.canonical}, {"workload", workload}}),
                     .ordinal = ordinal,
                     .label = point.arch.name,
                     .config = {}};
  nlohmann::ordered_json config{
      {"arch", point.arch.name}, {"run", question.run.name}, {"settings", nlohmann::ordered_json::object()}};
  for (const auto& [key, value] : point.settings) {
    result.label += fmt::format(" {}={}", key, value);
    config["settings"][key] = value;
  }
  result.config = json_text(config);
  return result;
}

}  // namespace

GridAxis GridAxis::of(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw UserError("--grid " + text, "is not KEY=a,b,c", "e.g. --grid array.windows=8,16,32");
  GridAxis axis{.key = text.substr(0, equals), .values = {}};
  std::size_t at = equals + 1;
  while (true) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    axis.values.push_back(text.substr(at, comma - at));
    if (axis.values.back().empty())
      throw UserError("--grid " + text, "an empty value", "e.g. --grid array.windows=8,16,32");
    if (std::count(axis.values.begin(), axis.values.end(), axis.values.back()) > 1) {
      throw UserError("--grid " + text, "the value '" + axis.values.back() + "' is there twice",
                      "name each value once");
    }
    if (comma == text.size()) return axis;
    at = comma + 1;
  }
}

Shard Shard::of(const std::string& text) {
  Shard shard;
  const std::size_t slash = text.find('/');
  const char* end = text.data() + text.size();
  if (slash != std::string::npos) {
    const char* middle = text.data() + slash;
    const auto first = std::from_chars(text.data(), middle, shard.index),
               second = std::from_chars(middle + 1, end, shard.count);
    const bool numbers =
        first.ec == std::errc() && first.ptr == middle && second.ec == std::errc() && second.ptr == end;
    if (numbers && shard.index >= 1 && shard.index <= shard.count) return shard;
  }
  throw UserError("--shard " + text, "is not a part of a whole", "i/n with 1 <= i <= n, e.g. 1/4");
}

std::vector<SweepPoint> plan_sweep(const std::vector<ArchSpec>& archs, const std::vector<GridAxis>& axes,
                                   const SweepQuestion& question) {
  check_axes(archs, axes);
  std::vector<SweepPoint> points;
  for (const ArchSpec& arch : archs) {
    std::vector<const GridAxis*> own;
    for (const GridAxis& axis : axes) {
      if (arch.knows(axis.key)) own.push_back(&axis);
    }
    std::vector<std::size_t> at(own.size(), 0);
    for (bool more = true; more;) {
      SweepPoint point{.arch = arch, .settings = {}, .point = {}};
      for (std::size_t i = 0; i < own.size(); ++i) {
        const std::string& value = own[i]->values[at[i]];
        point.arch.set(own[i]->key, value, fmt::format("--grid {}={}", own[i]->key, value));
        point.settings.emplace_back(own[i]->key, value);
      }
      point.point = result_point(point, static_cast<std::int64_t>(points.size()), question);
      points.push_back(std::move(point));
      more = false;
      for (std::size_t i = own.size(); i-- > 0 && !more;) {
        more = ++at[i] < own[i]->values.size();
        if (!more) at[i] = 0;
      }
    }
  }
  return points;
}

}  // namespace ldpsim
