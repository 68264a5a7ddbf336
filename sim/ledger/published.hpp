// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/ledger/published_entry.hpp"

namespace ldpsim {

/// What a row may print: qualities (accuracy_percent, accuracy_deviation, psnr_db, perplexity), costs
/// (training_gbitops, inference_gbitops, training_ratio) and differences between rows (accuracy_gain_points,
/// psnr_gain_db, perplexity_change, training_change_percent, inference_change_percent).
const std::vector<std::string>& published_quantities();

/// Where our figure beside a published one comes from.
enum class Basis {
  kArithmetic,  ///< the schedule is known without training
  kNeedsRun,    ///< it is learned, or a quality: there is no figure without a run
  kCells,       ///< a difference: recomputed from the published cells themselves
};
const char* name_of(Basis basis);

/// A published figure beside what the ledger makes of the same cell. Published figures come out of a data file,
/// everything else is computed.
struct PublishedRow {
  PublishedEntry entry;
  std::string quantity;
  double published = 0;
  Basis basis = Basis::kNeedsRun;
  std::optional<double> ratio;             ///< training or inference cost relative to static precision
  std::optional<double> published_static;  ///< printed cost of the same training at static precision, of other rows

  /// The quantity by what counts as an operation; only `computed` is there where the quantity is no cost.
  std::optional<double> computed;            ///< multiply-accumulates
  std::optional<double> with_outputs;        ///< multiply-accumulates + 1 per output
  std::optional<double> with_normalisation;  ///< multiply-accumulates + 1.5 per output (normalisation and activation)
  std::optional<double> nominal;             ///< the rounded count that the network is known for
  std::optional<double> scaled_static;       ///< ratio * published_static

  /// computed - published, in the unit of the quantity.
  std::optional<double> difference() const;
  /// (figure - published) / published in percent; nothing where the figure is not there, or published is 0.
  std::optional<double> residual_percent(const std::optional<double>& figure) const;
};

/// The cells of these rows, row by row.
std::vector<PublishedRow> cells_of(const std::vector<PublishedEntry>& entries);

/// cells_of(read_published(...)).
std::vector<PublishedRow> compute_published(const std::string& file, const std::string& networks_folder);

}  // namespace ldpsim
