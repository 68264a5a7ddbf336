// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ldpsim {

/// The units of a network's printed costs, and what there is to count.
struct PublishedUnits {
  double macs = 0;                     ///< of one sample, forward
  double outputs = 0;                  ///< elements that its layers put out, of one sample
  std::optional<double> nominal_macs;  ///< the rounded count that the network is known for
  double divisor = 1;                  ///< of printed inference costs
  double samples = 1;                  ///< that printed training costs are of
  double samples_in_table = 1;         ///< of those, in one pass of the network's table; macs are of one
  int static_bits = 8;

  double training_gbitops(double operations) const;   ///< at static precision
  double inference_gbitops(double operations) const;  ///< at static precision
};

/// A row of a published table: what is printed, and what the ledger makes of its schedule.
struct PublishedEntry {
  std::string file, source;  ///< the data file's stem, and the publication it quotes
  std::string table, network, dataset, method, precision;
  std::string family;                                ///< networks that differ in depth alone share it
  std::string our_network, our_dataset, our_method;  ///< what ldptrain calls them; empty: it has no such thing
  std::map<std::string, double> cells;               ///< by quantity, as printed
  PublishedUnits units;
  std::optional<double> training_ratio, inference_ratio;    ///< to static precision; nothing where it takes a run
  std::optional<double> static_training, static_inference;  ///< printed costs of the same training at static precision
  bool is_static = false;                                   ///< at the static precision throughout
  bool read_off = false;                                    ///< off a plot, to the digits given
  bool alternative = false;                                 ///< another reading of the row before it, not a row

  bool is_improvement() const { return method == "Improv."; }
  /// "FW3-8" of "FW3-8/BW8": the range of weights and activations.
  std::string forward_range() const { return precision.substr(0, precision.find('/')); }
  std::optional<double> cell(const std::string& quantity) const;
};

/// Reads a file of published figures (published/*.yaml) and computes the schedules of its rows on the tables in
/// `networks_folder`. Schedules are charged to every layer, also to those that the method leaves in float, as the
/// publications do. Throws UserError naming file and line of what cannot be understood.
std::vector<PublishedEntry> read_published(const std::string& file, const std::string& networks_folder);

/// The units of a network's (as traces and networks/ call it) printed costs, of its rows on that data set if there are
/// any (empty: of any set); nothing if no row is of the network.
std::optional<PublishedUnits> published_units(const std::vector<PublishedEntry>& entries, const std::string& network,
                                              const std::string& dataset);

/// LDP's row compared with a baseline's.
struct PublishedGain {
  const PublishedEntry *ldp = nullptr, *baseline = nullptr;
  /// Difference of a quality (accuracy_percent, psnr_db, perplexity), relative change of a cost (training_gbitops,
  /// inference_gbitops) in percent; nothing where one of the two prints none.
  std::optional<double> of(const std::string& quantity) const;
  static bool is_relative(const std::string& quantity) { return quantity.ends_with("_gbitops"); }
};

/// Every LDP row against each row of its table, network and dataset that is static or of the same range. Holds pointers
/// into `entries`.
std::vector<PublishedGain> gains_over_each(const std::vector<PublishedEntry>& entries);
/// Of these the one with the best quality for each LDP row, as the publication compares; of equals the first.
std::vector<PublishedGain> gains_over_best(const std::vector<PublishedEntry>& entries);

}  // namespace ldpsim
