// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/reproduce/experiment.hpp"

namespace ldpsim {

/// What ldptrain says of a run: the meta that its trace would have, or why it cannot be made.
struct RunDescription {
  std::map<std::string, std::string> meta;
  std::string error;
};

/// Describes runs, each a list of arguments of ldptrain, in one go.
using Describe = std::function<std::vector<RunDescription>(const std::vector<std::vector<std::string>>& runs)>;

/// What to plan, besides the experiment.
struct PlanRequest {
  std::string scale, folder;  ///< folder: where the traces of this reproduction are
  std::int64_t seeds = 1;
  std::map<std::string, std::string> data;  ///< dataset -> its folder
  std::vector<std::string> use;             ///< more folders of finished traces
};

/// One training run of an experiment. Rows that need the same run share it.
struct PlannedRun {
  std::string network, dataset;  ///< dataset: the one that is trained on
  std::string test_dataset;      ///< where that is another one
  std::string method;            ///< of ldptrain
  std::int64_t seed = 1;
  std::vector<std::string> arguments;  ///< of ldptrain, without output, threads and resume
  std::map<std::string, std::string> meta;
  std::string trace;        ///< its file
  std::string unavailable;  ///< why it cannot be run here: it lacks data; empty for what is finished
  std::int64_t iterations = 0, batch = 0;
  std::int64_t done = 0;   ///< iterations that its trace has
  bool finished = false;   ///< with its last test
  bool elsewhere = false;  ///< found in one of PlanRequest::use

  bool missing() const { return unavailable.empty() && !finished; }
};

/// A row of the table in one of its data columns: which runs it is the mean of.
struct PlannedCell {
  const ExperimentGroup* group = nullptr;
  const ExperimentRow* row = nullptr;
  std::string network, dataset;   ///< as the publication has them
  std::vector<std::size_t> runs;  ///< a seed each
};

struct Plan {
  const Experiment* experiment = nullptr;
  PlanRequest request;
  std::vector<PlannedRun> runs;    ///< in the order in which they are done
  std::vector<PlannedCell> cells;  ///< in the order of the table
  std::vector<std::string> notes;  ///< stand-ins, traces that cannot be read
};

/// Plans every run of the experiment and looks which traces are there; those need no data. A run whose data this
/// machine lacks gets a stand-in, or is left with the reason. Throws UserError naming the row for whatever else the
/// trainer refuses, and for data that was named and does not do. Keeps pointers into `experiment`.
Plan make_plan(const Experiment& experiment, const PlanRequest& request, const Describe& describe);

/// The value of a key of a trace or a description; "" without the key.
std::string meta_value(const std::map<std::string, std::string>& meta, const std::string& key);

/// The file beside a trace that takes the trainer's talk.
std::string log_of(const std::string& trace);

/// Looks again which traces are there.
void refresh(PlannedRun& run);

}  // namespace ldpsim
