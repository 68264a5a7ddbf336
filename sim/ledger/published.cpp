// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/published.hpp"

#include <cmath>

#include "sim/ledger/quantity.hpp"

namespace ldpsim {
namespace {

void compute_cost(PublishedRow& row) {
  const PublishedEntry& entry = row.entry;
  const bool inference = row.quantity == "inference_gbitops";
  row.ratio = inference ? entry.inference_ratio : entry.training_ratio;
  if (!entry.is_static) row.published_static = inference ? entry.static_inference : entry.static_training;
  if (!row.ratio) return;
  row.basis = Basis::kArithmetic;
  if (row.quantity == "training_ratio") {
    row.computed = row.ratio;
    return;
  }
  const PublishedUnits& units = entry.units;
  const auto cost = [&](double operations) {
    return *row.ratio * (inference ? units.inference_gbitops(operations) : units.training_gbitops(operations));
  };
  row.computed = cost(units.macs);
  row.with_outputs = cost(units.macs + units.outputs);
  row.with_normalisation = cost(units.macs + 1.5 * units.outputs);
  if (units.nominal_macs) row.nominal = cost(*units.nominal_macs);
  if (row.published_static) row.scaled_static = *row.ratio * *row.published_static;
}

/// The difference that the cells themselves give, of the row that an "Improv." row stands under.
void compute_difference(PublishedRow& row, const Quantity& of, const std::vector<PublishedGain>& gains) {
  for (const PublishedGain& gain : gains) {
    const PublishedEntry& ldp = *gain.ldp;
    if (ldp.table == row.entry.table && ldp.network == row.entry.network && ldp.dataset == row.entry.dataset &&
        ldp.precision == row.entry.precision) {
      row.computed = gain.of(std::string(of.cell));
      row.basis = Basis::kCells;
    }
  }
}

}  // namespace

const std::vector<std::string>& published_quantities() {
  static const std::vector<std::string> kNames = [] {
    std::vector<std::string> names;
    for (const Quantity& one : kQuantities) names.emplace_back(one.cell);
    for (const Quantity& one : kQuantities) {
      if (!one.difference.empty()) names.emplace_back(one.difference);
    }
    return names;
  }();
  return kNames;
}

const char* name_of(Basis basis) {
  switch (basis) {
    case Basis::kArithmetic:
      return "arithmetic";
    case Basis::kCells:
      return "cells";
    case Basis::kNeedsRun:
      break;
  }
  return "needs a run";
}

std::optional<double> PublishedRow::difference() const {
  if (!computed) return std::nullopt;
  const double all = *computed - published;
  // 67.88 - 67.31 is not quite 0.57 in binary fractions
  return std::fabs(all) < 1e-12 * std::fabs(*computed) ? 0 : all;
}

std::optional<double> PublishedRow::residual_percent(const std::optional<double>& figure) const {
  if (!figure || published == 0) return std::nullopt;
  return (*figure - published) / published * 100.0;
}

std::vector<PublishedRow> cells_of(const std::vector<PublishedEntry>& entries) {
  const std::vector<PublishedGain> gains = gains_over_best(entries);
  std::vector<PublishedRow> rows;
  for (const PublishedEntry& entry : entries) {
    for (const std::string& quantity : published_quantities()) {
      const auto printed = entry.cell(quantity);
      if (!printed) continue;
      PublishedRow row;
      row.entry = entry;
      row.quantity = quantity;
      row.published = *printed;
      if (const Quantity* of = quantity_by(&Quantity::difference, quantity)) {
        compute_difference(row, *of, gains);
      } else if (quantity.starts_with("training_") || quantity.starts_with("inference_")) {
        compute_cost(row);
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

std::vector<PublishedRow> compute_published(const std::string& file, const std::string& networks_folder) {
  return cells_of(read_published(file, networks_folder));
}

}  // namespace ldpsim
