// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "sim/results/table.hpp"

namespace ldpsim {

/// SHA-256 over everything that determines a result (name -> canonical text: machine, workload, options) and over the
/// program's version. Equal keys mean equal results, wherever and whenever they were computed.
std::string content_key(const std::map<std::string, std::string>& parts);

/// A question: one machine configuration on one workload.
struct ResultPoint {
  std::string key;           ///< content_key() of all that determines the answer
  std::int64_t ordinal = 0;  ///< place in the plan; results are read in this order
  std::string label;         ///< what a person calls it, e.g. "stripes array.windows=8"
  std::string config;        ///< the question as JSON
};

/// The results file (SQLite, *.results). Points (what was asked), their content keys and the results are kept apart, so
/// that a rerun does only what is missing, and files of several processes can be merged by key. The contents do not
/// depend on the order in which points were finished. One writer at a time; a killed writer leaves a valid file with
/// every point that was added before.
///
///   meta(key, value) · point(key, kind, ordinal, label, config) · result(key, kind, rows) · note(key, position, text)
///   · result_column(kind, position, name) · and for each kind (simulate, replay, sweep, ...) a table of that name with
///   (point, row, <the columns of the Table>), so that `sqlite3 s.results 'select arch, cycles from sweep'` works.
///
/// Errors are UserError or DamagedFile naming the file.
class ResultsFile {
 public:
  /// Opens an existing file to add to it, or creates one.
  static ResultsFile open_or_create(const std::string& file);
  /// Opens an existing file for reading.
  static ResultsFile open(const std::string& file);
  ResultsFile(ResultsFile&&) noexcept;
  ResultsFile& operator=(ResultsFile&&) noexcept;
  ~ResultsFile();

  const std::string& file() const;
  /// Records the points that are asked for; a point that is there already takes its new ordinal and label. `kind` is
  /// lower-case letters and '_'.
  void plan(const std::string& kind, std::span<const ResultPoint> points);
  /// Whether the results of this key are there.
  bool has(const std::string& key) const;
  /// Adds a point and its results in one transaction. Results of a key that is there already are replaced. Columns that
  /// the kind did not have yet are added to it; rows without them have empty cells there. A NaN becomes an empty cell.
  void add(const std::string& kind, const ResultPoint& point, const Table& results);

  /// Kinds of which there are results, sorted.
  std::vector<std::string> kinds() const;
  /// Points of a kind in the order of the plan, finished or not.
  std::vector<ResultPoint> points(const std::string& kind) const;
  /// All results of a kind, points in the order of the plan; no columns if there are none. Every note once.
  Table table(const std::string& kind) const;
  /// Results of one point; nullopt if they are not there.
  std::optional<Table> table_of(const std::string& kind, const std::string& key) const;

 private:
  struct Impl;
  explicit ResultsFile(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ldpsim
