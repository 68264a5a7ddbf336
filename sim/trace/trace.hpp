// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim {

/// Names in meta(key, value) that every trace has; more may be there.
///   format_version, program, program_version, network, dataset, method, batch, seed, iterations (planned), weight_bits_min,
///   weight_bits_max, gradient_bits, static_bits, weight_range (channel|tensor), image_height, ...
using TraceMeta = std::map<std::string, std::string>;

/// One training iteration. Bits per layer, in the order of the layers; 0 = the layer is float in this iteration.
struct TraceIteration {
  std::int64_t iteration = 0;
  std::int64_t epoch = 0;
  double loss = 0, learning_rate = 0;
  std::vector<std::uint8_t> weight_bits, activation_bits, gradient_bits;
};

struct TraceEvaluation {
  std::int64_t iteration = 0;
  std::string split, metric;  ///< e.g. "test", "accuracy"
  double value = 0;
};

/// A captured operand or result of one layer in one iteration.
///   tensor: "weight" [K, C/groups, R, S], "activation" [n, C, H, W], "gradient" [n, K, P, Q]: codes with scale and offset;
///           "forward" [n, K, P, Q], "backward_data" [n, C, H, W], "backward_weight" [K, C/groups, R, S]: the trainer's float64
///           results of the three passes on exactly those operands (values, no codes).
struct TraceOperand {
  std::int64_t iteration = 0;
  std::int64_t layer = 0;  ///< index into layers
  std::string tensor;
  int bits = 0;            ///< of a code; 64 for results
  std::vector<std::int64_t> shape;
  std::vector<double> scale, offset;
  std::vector<std::uint16_t> codes;
  std::vector<double> values;
};

/// Appends a run to a trace file (SQLite, WAL-free, one transaction per commit()). A crash loses at most what was added since the last
/// commit. Opening an existing file with `resume_at` deletes everything of iterations >= resume_at first, so that a resumed run's trace
/// equals an undisturbed one. All errors (disk full, not a trace, ...) are UserError/DamagedFile naming the file.
class TraceWriter {
 public:
  static TraceWriter create(const std::string& file, const TraceMeta& meta, const std::vector<Layer>& layers);
  static TraceWriter resume(const std::string& file, std::int64_t resume_at);
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;
  ~TraceWriter();
  void add(const TraceIteration& iteration);
  void add(const TraceEvaluation& evaluation);
  void add(const TraceOperand& operand);
  void set_meta(const std::string& key, const std::string& value);
  void commit();

 private:
  struct Impl;
  explicit TraceWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Reads a trace. The constructor checks that the file is a trace of a known version with the tables and columns it must have.
class TraceReader {
 public:
  explicit TraceReader(const std::string& file);
  TraceReader(TraceReader&&) noexcept;
  ~TraceReader();
  const std::string& file() const;
  const TraceMeta& meta() const;
  /// Value of a key that must be there; throws DamagedFile naming it.
  const std::string& meta(const std::string& key) const;
  const Network& network() const;
  std::int64_t batch() const;
  std::int64_t iteration_count() const;
  /// Streams iterations first..last-1 in ascending order without holding them all.
  void for_each_iteration(std::int64_t first, std::int64_t last, const std::function<void(const TraceIteration&)>& visit) const;
  std::vector<TraceEvaluation> evaluations() const;
  std::vector<std::int64_t> captured_iterations() const;
  /// nullopt if that tensor was not captured. Throws DamagedFile on codes out of range, wrong sizes, undecodable blobs.
  std::optional<TraceOperand> operand(std::int64_t iteration, std::int64_t layer, const std::string& tensor) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ldpsim
