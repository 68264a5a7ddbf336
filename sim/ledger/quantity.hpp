// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace ldpsim {

/// What published tables print of a row, of differences between rows, and what traces say of the same.
struct Quantity {
  std::string_view name;          ///< in claims and experiments
  std::string_view cell;          ///< as published rows print it
  std::string_view difference{};  ///< as rows of improvements print it; empty: none does
  std::string_view metric{};      ///< of a trace's tests, if it is a quality; empty: none
  double scale = 1;               ///< the metric times this is in the cell's unit
  std::string_view title{};       ///< of a quality, with its unit
  bool lower_is_better = false;

  bool is_quality() const { return !metric.empty(); }
};

/// In the order in which their cells are printed.
inline constexpr std::array<Quantity, 7> kQuantities{{
    {"accuracy", "accuracy_percent", "accuracy_gain_points", "accuracy", 100, "accuracy (%)"},
    {"deviation", "accuracy_deviation"},
    {"psnr", "psnr_db", "psnr_gain_db", "psnr_y", 1, "PSNR (dB)"},
    {"perplexity", "perplexity", "perplexity_change", "perplexity", 1, "perplexity", true},
    {"training", "training_gbitops", "training_change_percent"},
    {"inference", "inference_gbitops", "inference_change_percent"},
    {"training_ratio", "training_ratio"},
}};

/// The quantity of which a member has this value, null if there is none: quantity_by(&Quantity::cell, "psnr_db").
inline const Quantity* quantity_by(std::string_view Quantity::*member, std::string_view value) {
  const auto found = std::find_if(kQuantities.begin(), kQuantities.end(),
                                  [&](const Quantity& one) { return !value.empty() && one.*member == value; });
  return found == kQuantities.end() ? nullptr : found;
}

}  // namespace ldpsim
