// SPDX-License-Identifier: Apache-2.0
#include "sim/energy/area.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/arch/confidence.hpp"

namespace ldpsim {
namespace {

constexpr const char* kBuffers[] = {"weight_buffer", "activation_buffer", "output_buffer"};

const AreaRow* row_of(const ComponentTable& table, const std::string& part) {
  const auto found =
      std::find_if(table.area.begin(), table.area.end(), [&](const AreaRow& row) { return row.part == part; });
  return found == table.area.end() ? nullptr : &*found;
}

/// Adds rows up and remembers the weakest confidence among them.
class AreaSum {
 public:
  AreaSum(const ComponentTable& table, const ArchSpec& arch, const PeArray& array)
      : table_(table), arch_(arch), array_(array) {}
  std::optional<double> part(const std::string& name) {
    const AreaRow* row = row_of(table_, name);
    if (row == nullptr) return {};
    const auto rank = std::find(confidences().begin(), confidences().end(), row->confidence) - confidences().begin();
    weakest_ = std::max(weakest_, static_cast<std::size_t>(rank));
    return row->mm2 * part_units(name, arch_, array_);
  }
  std::optional<double> buffers() {
    double sum = 0;
    for (const char* name : kBuffers) {
      const std::optional<double> one = part(name);
      if (!one) return {};
      sum += *one;
    }
    return sum;
  }
  const std::string& confidence() const { return confidences()[weakest_]; }

 private:
  const ComponentTable& table_;
  const ArchSpec& arch_;
  const PeArray& array_;
  std::size_t weakest_ = 0;
};

std::string part_text(const char* name, const std::optional<double>& mm2) {
  return mm2 ? fmt::format("{} {:.4g} mm2", name, *mm2) : fmt::format("{} not known", name);
}

}  // namespace

double part_units(const std::string& part, const ArchSpec& arch, const PeArray& array) {
  if (part == "pe") return static_cast<double>(array.pes());
  if (!part.ends_with("_buffer")) return 1;
  return static_cast<double>(arch.integer("buffers." + part.substr(0, part.find('_')) + "_bytes")) / 1024;
}

Area area_of(const ComponentTable& table, const ArchSpec& arch, const PeArray& array) {
  AreaSum sum(table, arch, array);
  Area area{.array_mm2 = sum.part("pe"),
            .buffers_mm2 = sum.buffers(),
            .rest_mm2 = sum.part("rest"),
            .total_mm2 = {},
            .confidence = {},
            .text = {}};
  const std::string parts =
      fmt::format("{}, {}, {}", part_text("array", area.array_mm2), part_text("buffers", area.buffers_mm2),
                  part_text("rest (control, interconnect, pads)", area.rest_mm2));
  const AreaRow* chip = row_of(table, "chip");
  const bool same_chip = chip != nullptr && chip->pes == array.pes();
  if (area.array_mm2 && area.buffers_mm2) {
    area.total_mm2 = *area.array_mm2 + *area.buffers_mm2 + area.rest_mm2.value_or(0);
    area.confidence = sum.confidence();
    area.text = fmt::format("{:.4g} mm2 ({}): {}{}", *area.total_mm2, area.confidence, parts,
                            area.rest_mm2 ? "" : " and not in it");
  } else if (same_chip) {
    area.total_mm2 = chip->mm2;
    area.confidence = chip->confidence;
    area.text = fmt::format("{:.4g} mm2 ({}), the published chip, whatever the buffers: {}", *area.total_mm2,
                            area.confidence, parts);
  } else {
    area.text = "not known: " + parts;
  }
  if (chip != nullptr && !(same_chip && area.total_mm2 == chip->mm2))
    area.text +=
        fmt::format("; the published chip of {} PEs takes {:.4g} mm2 ({})", chip->pes, chip->mm2, chip->confidence);
  return area;
}

}  // namespace ldpsim
