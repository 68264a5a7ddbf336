// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "sim/reproduce/tables.hpp"

namespace ldpsim {

std::span<const ReproducedColumn> reproduced_columns() {
  static constexpr std::array kColumns{
      ReproducedColumn{"experiment", "", "table or figure that is reproduced"},
      ReproducedColumn{"scale", "", "how large it was made; the experiment's file says what a scale is"},
      ReproducedColumn{"trained_on", "", "data set that was trained on, where another one stands in"},
      ReproducedColumn{"group", "", "rows that are compared with one another"},
      ReproducedColumn{"runs", "", "finished runs, a seed each"},
      ReproducedColumn{"iterations", "", "training steps of each run"},
      ReproducedColumn{"quality", "", "accuracy (percent), psnr (dB) or perplexity of the test set"},
      ReproducedColumn{"quality_mean", "as quality", "mean over the runs of the last test"},
      ReproducedColumn{"quality_deviation", "as quality", "sample deviation over the runs; empty for one"},
      ReproducedColumn{"best_mean", "as quality", "mean over the runs of the best test, as some publications print it"},
      ReproducedColumn{"best_deviation", "as quality", "its sample deviation"},
      ReproducedColumn{"training_ratio_mean", "",
                       "cost of training relative to static precision, mean over iterations and runs"},
      ReproducedColumn{"training_ratio_deviation", "", "its sample deviation over the runs"},
      ReproducedColumn{"second_half_ratio_mean", "", "the same over the second half of the iterations"},
      ReproducedColumn{"inference_ratio_mean", "", "cost of inference at the bits of the last iteration"},
      ReproducedColumn{"inference_ratio_deviation", "", "its sample deviation over the runs"},
      ReproducedColumn{"training_gbitops", "1e9 bit operations of the published tables",
                       "training_ratio_mean x static cost of the publication's number of samples"},
      ReproducedColumn{"inference_gbitops", "1e9 bit operations of the published tables",
                       "inference_ratio_mean x static cost in the publication's unit"},
      ReproducedColumn{"published_quality", "as quality", "as printed"},
      ReproducedColumn{"published_training_gbitops", "1e9 bit operations of the published tables", "as printed"},
      ReproducedColumn{"published_inference_gbitops", "1e9 bit operations of the published tables", "as printed"},
      ReproducedColumn{"run", "", "name of the run's trace"},
      ReproducedColumn{"seed", "", "seed of the run"},
      ReproducedColumn{"done", "", "iterations that the trace has"},
      ReproducedColumn{"state", "", "done, used (a finished trace of another folder), resumes, new, or unavailable"},
      ReproducedColumn{"estimate", "", "time that the run still takes"},
  };
  return kColumns;
}

}  // namespace ldpsim
