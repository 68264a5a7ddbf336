// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/workload/layer.hpp"

namespace ldpsim {

/// The version of the format that this program writes and reads.
inline constexpr int kTraceFormatVersion = 1;

/// Names in meta(key, value). A trace must have format_version, network, batch and static_bits; the trainer also writes
/// program, program_version, dataset, method, seed, iterations (planned), weight_bits_min, weight_bits_max,
/// gradient_bits, weight_range (channel|tensor), image_height, ...; more may be there.
using TraceMeta = std::map<std::string, std::string>;

/// One training iteration. Bits per layer, in the order of the layers; 0 = that operand of the layer is float in this
/// iteration.
struct TraceIteration {
  std::int64_t iteration = 0;
  std::int64_t epoch = 0;
  double loss = 0, learning_rate = 0;  ///< NaN is kept (a diverged run)
  std::vector<std::uint8_t> weight_bits, activation_bits, gradient_bits;
};

struct TraceEvaluation {
  std::int64_t iteration = 0;
  std::string split, metric;  ///< e.g. "test", "accuracy"
  double value = 0;           ///< NaN is kept
};

/// A captured operand or result of one layer in one iteration.
///   tensor: "weight" [K, C/groups, R, S], "activation" [n, C, H, W], "gradient" [n, K, P, Q]: codes with scale and
///   offset;
///           "forward" [n, K, P, Q], "backward_data" [n, C, H, W], "backward_weight" [K, C/groups, R, S]: the trainer's
///           float64 results of the three passes on exactly those operands (values, no codes).
struct TraceOperand {
  std::int64_t iteration = 0;
  std::int64_t layer = 0;  ///< index into layers
  std::string tensor;
  int bits = 0;  ///< of a code; 64 for results
  std::vector<std::int64_t> shape{};
  std::vector<double> scale{}, offset{};
  std::vector<std::uint16_t> codes{};
  std::vector<double> values{};
};

/// First thing wrong with an operand of a layer (sizes that do not fit the layer, a code outside 0..2^bits-1, a number
/// that is not finite), in words with the element's coordinates, or "" if nothing is.
std::string operand_problem(const Layer& layer, const TraceOperand& operand);

/// Appends a run to a trace file (SQLite with a rollback journal, one transaction per commit()). A crash loses at most
/// what was added since the last commit. All errors (disk full, not a trace, ...) are UserError/DamagedFile naming the
/// file. Adding the same thing twice, or an operand that does not fit its layer, is an InternalError of the caller; an
/// operand with a value that is not finite is a UserError.
///
/// create() makes the file at once, whole, with meta and layers; it refuses to overwrite (UserError). It adds
/// format_version, program and program_version where `meta` lacks them; messages call the file `shown`, if that is not
/// empty. resume() deletes everything of iterations >= resume_at first, so that a resumed run's trace equals an
/// undisturbed one; resume_at 0 starts anew under the old meta.
class TraceWriter {
 public:
  static TraceWriter create(const std::string& file, const TraceMeta& meta, const std::vector<Layer>& layers,
                            const std::string& shown = {});
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

/// Reads a trace. The constructor checks that the file is a trace of a known version with the tables and columns it
/// must have.
class TraceReader {
 public:
  explicit TraceReader(const std::string& file);
  TraceReader(TraceReader&&) noexcept;
  ~TraceReader();
  const std::string& file() const;
  const TraceMeta& meta() const;
  /// Value of a key that must be there; throws DamagedFile naming it.
  const std::string& meta(const std::string& key) const;
  /// The same as an integer in [least, most].
  std::int64_t meta_integer(const std::string& key, std::int64_t least, std::int64_t most) const;
  const Network& network() const;
  std::int64_t batch() const;
  std::int64_t iteration_count() const;
  /// First iteration and one past the last; {0, 0} if there is none.
  std::pair<std::int64_t, std::int64_t> iteration_range() const;
  /// Streams iterations first..last-1 in ascending order without holding them all. Throws DamagedFile on blobs that do
  /// not fit the layers and, with `check`, on bits above 16.
  void for_each_iteration(std::int64_t first, std::int64_t last,
                          const std::function<void(const TraceIteration&)>& visit, bool check = true) const;
  std::vector<TraceEvaluation> evaluations() const;
  /// Iterations with operands, ascending.
  std::vector<std::int64_t> captured_iterations() const;
  /// (layer, tensor) of every operand of an iteration, by layer and then by name.
  std::vector<std::pair<std::int64_t, std::string>> captured_operands(std::int64_t iteration) const;
  /// SHA-256 of all operands of an iteration as they are stored.
  std::string operands_digest(std::int64_t iteration) const;
  /// Bits of an operand (64 of results) without decoding it; 0 if it was not captured.
  std::int64_t operand_bits(std::int64_t iteration, std::int64_t layer, const std::string& tensor) const;
  /// nullopt if that tensor was not captured. Throws DamagedFile on what cannot be decoded, and with `check` a
  /// UserError of ExitCode::kCheckFailed on whatever operand_problem() finds.
  std::optional<TraceOperand> operand(std::int64_t iteration, std::int64_t layer, const std::string& tensor,
                                      bool check = true) const;
  /// Walks every page of the file; throws DamagedFile.
  void check_integrity() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ldpsim
