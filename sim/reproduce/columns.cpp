// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/tables.hpp"

namespace ldpsim {

const std::vector<ColumnDoc>& reproduced_column_docs() {
  static const std::vector<ColumnDoc> kDocs{
      {"experiment", "", "table or figure that is reproduced"},
      {"scale", "", "how large it was made; the experiment's file says what a scale is"},
      {"trained_on", "", "data set that was trained on, where another one stands in"},
      {"tested_on", "", "data set that the quality is of, where another one stands in for `dataset`"},
      {"group", "", "rows that are compared with one another"},
      {"runs", "", "finished runs, a seed each"},
      {"iterations", "", "training steps of each run"},
      {"quality", "", "accuracy (percent), psnr (dB) or perplexity of the test set"},
      {"quality_mean", "as quality", "mean over the runs of the last test"},
      {"quality_deviation", "as quality", "sample deviation over the runs; empty for one"},
      {"best_mean", "as quality", "mean over the runs of the best test, as some publications print it"},
      {"best_deviation", "as quality", "its sample deviation"},
      {"training_ratio_mean", "", "cost of training relative to static precision, mean over iterations and runs"},
      {"training_ratio_deviation", "", "its sample deviation over the runs"},
      {"second_half_ratio_mean", "", "the same over the second half of the iterations"},
      {"quantised_ratio_mean", "",
       "training_ratio_mean of the layers that the method quantises, without those in float"},
      {"inference_ratio_mean", "", "cost of inference at the bits of the last iteration"},
      {"inference_ratio_deviation", "", "its sample deviation over the runs"},
      {"training_gbitops", "1e9 bit operations of the published tables",
       "training_ratio_mean x static cost of the publication's number of samples"},
      {"inference_gbitops", "1e9 bit operations of the published tables",
       "inference_ratio_mean x static cost in the publication's unit"},
      {"published_quality", "as quality", "as printed"},
      {"published_training_gbitops", "1e9 bit operations of the published tables", "as printed"},
      {"published_inference_gbitops", "1e9 bit operations of the published tables", "as printed"},
      {"run", "", "name of the run's trace"},
      {"seed", "", "seed of the run"},
      {"done", "", "iterations that the trace has"},
      {"state", "", "done, used (a finished trace of another folder), resumes, new, or unavailable"},
      {"estimate", "", "time that the run still takes, tests included"},
      {"estimate_basis", "",
       "what the estimate rests on: own pace (the run's log), pace of another run, measured (steps, just now), "
       "calibrated (this "
       "machine, for a second), or guess (another machine)"},
  };
  return kDocs;
}

}  // namespace ldpsim
