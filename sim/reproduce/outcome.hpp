// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/ledger/published_entry.hpp"
#include "sim/reproduce/plan.hpp"

namespace ldpsim {

/// What one finished run came to. Costs are relative to static precision.
struct RunOutcome {
  /// "50000 + 10000 images": to train and to test on, with how many were tested on where it was less; empty if the
  /// trace is silent.
  std::string data_size;
  std::string quality_name;              ///< accuracy, psnr or perplexity
  double quality = 0, best_quality = 0;  ///< last and best test; accuracy in percent, PSNR in dB, perplexity
  int static_bits = 0;                   ///< that costs are relative to
  bool costs_count = true;               ///< false: all is in float
  double training_ratio = 1;             ///< mean over the run
  double second_half_ratio = 1;
  double quantised_ratio = 1;             ///< training_ratio of the layers that the method quantises alone
  double inference_ratio = 1;             ///< at the bits of the last iteration
  std::optional<double> bicubic_psnr_db;  ///< of the pictures of the last test
};

/// Mean over seeds, and their sample deviation where there is more than one.
struct Statistic {
  double mean = 0;
  std::optional<double> deviation;
};
Statistic statistic_of(const std::vector<double>& values);

/// A row in a data column: our runs, and the printed cells.
struct CellOutcome {
  const PlannedCell* cell = nullptr;
  std::string used_dataset, quality_name;
  std::string data_size;  ///< as RunOutcome
  std::string tested_on;  ///< where that is another set than used_dataset
  std::size_t runs = 0;   ///< finished ones; without any the statistics are empty
  std::int64_t iterations = 0, batch = 0;
  int static_bits = 0;  ///< that costs are relative to: those of the group's static row, else the last run's own
  /// Costs are empty where all is in float.
  std::optional<Statistic> quality, best_quality, training_ratio, second_half_ratio, quantised_ratio, inference_ratio;
  std::optional<double> bicubic_psnr_db;
  std::optional<PublishedUnits> units;      ///< of the network's printed costs
  std::optional<PublishedEntry> published;  ///< the printed row
  std::vector<std::string> reasons;         ///< of runs that are not there

  const std::string& test_dataset() const { return tested_on.empty() ? used_dataset : tested_on; }
  std::optional<double> training_gbitops() const;   ///< mean, in the publication's units
  std::optional<double> inference_gbitops() const;  ///< mean, in the publication's units
};

/// The printed figures of the experiment's publication; none if it names none. Throws UserError at file:line if there
/// is no such file or no such table in it.
std::vector<PublishedEntry> read_published_of(const Experiment& experiment, const std::string& published_folder,
                                              const std::string& networks_folder);

/// `quality`: accuracy, psnr, perplexity, or any: whichever the trace has. Throws DamagedFile naming the trace if it
/// cannot be read or has no such quality.
/// `static_bits`: that costs are relative to; 0: the run's own.
RunOutcome read_outcome(const std::string& trace, const std::string& quality, int static_bits = 0);

/// The cells of a plan, as far as their runs are finished. `published` are the rows of the experiment's publication.
std::vector<CellOutcome> outcomes_of(const Plan& plan, const std::vector<PublishedEntry>& published);

/// The printed row of a network, dataset, method and precision in the experiment's table.
std::optional<PublishedEntry> printed_row(const Experiment& experiment, const std::vector<PublishedEntry>& published,
                                          const std::string& network, const std::string& dataset,
                                          const std::string& method, const std::string& precision);

}  // namespace ldpsim
