// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ldpsim {

/// A published cost beside what the ledger makes of the same row. Published figures come out of a data file, everything
/// else is computed.
struct PublishedRow {
  std::string file, source;  ///< the data file's stem, and the publication it quotes
  std::string table, network, dataset, method, precision;
  std::string quantity;  ///< training_gbitops, inference_gbitops or training_ratio
  double published = 0;
  std::optional<double> published_static;  ///< of the same training at static precision
  double ratio = 1;                        ///< training or inference cost relative to static precision

  /// The quantity by what counts as an operation; only `computed` is there where the quantity is a ratio.
  double computed = 0;                       ///< multiply-accumulates
  std::optional<double> with_outputs;        ///< multiply-accumulates + 1 per output
  std::optional<double> with_normalisation;  ///< multiply-accumulates + 1.5 per output (normalisation and activation)
  std::optional<double> nominal;             ///< the rounded count that the network is known for
  std::optional<double> scaled_static;       ///< ratio * published_static

  /// (figure - published) / published in percent; nothing where the figure is not there.
  std::optional<double> residual_percent(const std::optional<double>& figure) const;
};

/// Reads a file of published figures (published/*.yaml) and computes its rows from the tables in `networks_folder`.
/// Schedules are charged to every layer, also to those that the method leaves in float, as the publications do.
/// Throws UserError naming file and line of what cannot be understood.
std::vector<PublishedRow> compute_published(const std::string& file, const std::string& networks_folder);

}  // namespace ldpsim
