// SPDX-License-Identifier: Apache-2.0
#include "sim/results/diff.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace ldpsim {
namespace {

std::optional<double> number_of(const Cell& cell) {
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*count);
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  return std::nullopt;
}

bool same(const Cell& a, const Cell& b, double tolerance) {
  if (a == b) return true;
  const std::optional<double> x = number_of(a), y = number_of(b);
  return x && y && std::fabs(*x - *y) <= tolerance * std::max(std::fabs(*x), std::fabs(*y));
}

/// The texts of a row are what a person knows it by: machine, layer, pass.
std::string name_of_row(const std::vector<Cell>& row) {
  std::string name;
  for (const Cell& cell : row) {
    if (const auto* text = std::get_if<std::string>(&cell)) name += (name.empty() ? "" : " ") + *text;
  }
  return name;
}

/// Label and how many points before it have the same -> key.
using Labels = std::map<std::pair<std::string, int>, std::string>;

Labels labels_of(const ResultsFile& file, const std::string& kind) {
  Labels labels;
  std::map<std::string, int> seen;
  for (const ResultPoint& point : file.points(kind)) {
    if (file.has(point.key)) labels[{point.label, seen[point.label]++}] = point.key;
  }
  return labels;
}

class Differ {
 public:
  explicit Differ(double tolerance) : tolerance_(tolerance) {}

  void kinds(const ResultsFile& a, const ResultsFile& b) {
    std::set<std::string> all;
    for (const ResultsFile* file : {&a, &b}) {
      for (const std::string& kind : file->kinds()) all.insert(kind);
    }
    for (const std::string& kind : all) {
      const Labels in_a = labels_of(a, kind), in_b = labels_of(b, kind);
      for (const auto& [label, key] : in_a) {
        const auto found = in_b.find(label);
        if (found == in_b.end()) {
          table_.add({kind, label.first, {}, {}, "there", {}, {}});
        } else {
          ++points_;
          point(kind, label.first, *a.table_of(kind, key), *b.table_of(kind, found->second));
        }
      }
      for (const auto& [label, key] : in_b) {
        if (in_a.count(label) == 0) table_.add({kind, label.first, {}, {}, {}, "there", {}});
      }
    }
  }

  Table finish() {
    table_.note(fmt::format("{} cells of {} points compared, {} differences", cells_, points_, table_.rows().size()));
    return std::move(table_);
  }

 private:
  void point(const std::string& kind, const std::string& label, const Table& a, const Table& b) {
    std::vector<std::string> columns = a.columns();
    for (const std::string& column : b.columns()) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
    }
    const std::size_t rows = std::max(a.rows().size(), b.rows().size());
    for (std::size_t row = 0; row < rows; ++row) {
      const bool in_a = row < a.rows().size(), in_b = row < b.rows().size();
      const std::string name = name_of_row(in_a ? a.rows()[row] : b.rows()[row]);
      if (!in_a || !in_b) {
        table_.add({kind, label, name, {}, in_a ? Cell{"there"} : Cell{}, in_b ? Cell{"there"} : Cell{}, {}});
        continue;
      }
      for (const std::string& column : columns) cell(kind, label, name, column, at(a, row, column), at(b, row, column));
    }
  }

  static Cell at(const Table& table, std::size_t row, const std::string& column) {
    const auto found = std::find(table.columns().begin(), table.columns().end(), column);
    return found == table.columns().end()
               ? Cell{}
               : table.rows()[row][static_cast<std::size_t>(found - table.columns().begin())];
  }

  void cell(const std::string& kind, const std::string& label, const std::string& row, const std::string& column,
            const Cell& a, const Cell& b) {
    ++cells_;
    if (same(a, b, tolerance_)) return;
    const std::optional<double> x = number_of(a), y = number_of(b);
    Cell relative;
    if (x && y && *x != 0) relative = (*y - *x) / std::fabs(*x);
    table_.add({kind, label, row, column, a, b, relative});
  }

  double tolerance_;
  std::int64_t cells_ = 0, points_ = 0;
  Table table_{{"kind", "point", "row", "column", "a", "b", "relative_difference"}};
};

}  // namespace

Table diff_results(const ResultsFile& a, const ResultsFile& b, double tolerance) {
  Differ differ(tolerance);
  differ.kinds(a, b);
  return differ.finish();
}

}  // namespace ldpsim
