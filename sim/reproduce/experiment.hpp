// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

namespace ldpsim {

/// Options of ldptrain without their dashes.
using RunOptions = std::map<std::string, std::string>;

/// One method of a table, as the publication names it, and how to train it.
struct ExperimentRow {
  std::string method, precision;
  RunOptions options;
  std::string label;    ///< what the row is called where its method does not tell it from others; mostly the method
  bool printed = true;  ///< whether the publication's row of this method and precision is this one
  std::string where;    ///< file and line
};

/// Rows that are compared with one another.
struct ExperimentGroup {
  std::string name;
  std::vector<std::string> networks;  ///< empty: every network
  std::vector<ExperimentRow> rows;
  bool improvement = false;  ///< after them, LDP against the best of the others
  std::string where;         ///< file and line of the networks

  bool applies_to(const std::string& network) const;
};

/// Networks x datasets that share options.
struct ExperimentCase {
  std::vector<std::string> networks, datasets;
  std::string train_on;  ///< the set to train on, where `datasets` are what is tested on; empty: the same
  RunOptions options;
  /// By method, what its runs take in place of what else is said: a short run wants precisions that learn faster.
  std::map<std::string, RunOptions> methods;
  std::string where;  ///< file and line
};

/// How large the experiment is made.
struct ExperimentScale {
  std::string remark;  ///< stands in every caption
  std::vector<ExperimentCase> cases;
  /// Dataset -> the one to train and test on where it, or the set to train on in its place, is not at hand.
  std::map<std::string, std::string> stand_ins;
};

/// A figure: scatter (cost against quality), curves (precision over the iterations) or bars (precision at the end).
struct ExperimentFigure {
  std::string kind, name, caption;
  std::string network, dataset, method;  ///< which runs; empty: any
  std::string by;     ///< curves and bars: block (a layer's name up to its last dot) or layer (after it)
  std::string where;  ///< file and line

  bool shows(const std::string& of_network, const std::string& of_dataset, const ExperimentRow& row) const;
};

/// A table or figure of a publication as data: experiments/*.yaml.
struct Experiment {
  std::string name, title;
  std::string quality;                       ///< accuracy, psnr, perplexity, or any: whichever a run has
  std::string published_file, table;         ///< where its cells are printed; empty: nowhere
  std::string published_where, table_where;  ///< file and line of these two
  std::vector<ExperimentGroup> groups;
  std::map<std::string, ExperimentScale> scales;
  std::vector<ExperimentFigure> figures;

  const ExperimentScale& scale(const std::string& wanted) const;  ///< throws UserError naming the scales there are
  /// Every data set that some scale names: to train on, to test on, or to stand in.
  std::set<std::string> datasets() const;
};

/// Names of the experiments in a folder, sorted.
std::vector<std::string> experiment_names(const std::string& folder);

/// Reads NAME out of `folder`, or a file where `name` is one (it has a '/' or ends with .yaml). Throws UserError naming
/// file and line, or the experiments that there are. What only the trainer knows (networks, data sets, methods and
/// their options) is checked with the plan.
Experiment read_experiment(const std::string& name, const std::string& folder);

}  // namespace ldpsim
