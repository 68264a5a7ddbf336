// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/import_csv.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <limits>
#include <unordered_map>

#include "sim/core/csv.hpp"
#include "sim/core/error.hpp"
#include "sim/core/file.hpp"
#include "sim/core/suggest.hpp"
#include "sim/trace/schema.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kLastIteration = (std::int64_t{1} << 40) - 1;

/// Collects the rows of one iteration and hands it to the trace when the next begins.
class IterationCollector {
 public:
  IterationCollector(TraceWriter& writer, const Network& network)
      : writer_(writer), network_(network), line_(network.layers.size()) {
    for (std::size_t i = 0; i < network.layers.size(); ++i) index_[network.layers[i].name] = i;
  }

  void add(const CsvTable& row) {
    const std::int64_t iteration = row.integer(0, 0, kLastIteration);
    if (open_ && iteration != current_.iteration) {
      finish(row.where());
      if (iteration != current_.iteration + 1) {
        throw UserError(row.where(), fmt::format("iteration {} follows iteration {}", iteration, current_.iteration),
                        "sort the rows by iteration and leave none out");
      }
    }
    if (!open_) start(iteration);
    const std::size_t layer = layer_of(row);
    if (!line_[layer].empty()) {
      throw UserError(row.where(),
                      fmt::format("iteration {}, layer '{}' is there twice", iteration, network_.layers[layer].name),
                      "first at " + line_[layer]);
    }
    line_[layer] = row.where();
    current_.weight_bits[layer] = static_cast<std::uint8_t>(row.integer(2, 0, 16));
    current_.activation_bits[layer] = static_cast<std::uint8_t>(row.integer(3, 0, 16));
    current_.gradient_bits[layer] = static_cast<std::uint8_t>(row.integer(4, 0, 16));
  }

  /// `where`: the place at which the iteration turned out to be over.
  void finish(const std::string& where) {
    for (std::size_t l = 0; l < line_.size(); ++l) {
      if (line_[l].empty() && network_.layers[l].quantised) {
        throw UserError(
            where, fmt::format("iteration {} has no row for layer '{}'", current_.iteration, network_.layers[l].name),
            "give every layer a row in every iteration, or set its 'quantised' to 0 in the network's CSV");
      }
    }
    writer_.add(current_);
    ++count_;
    open_ = false;
  }

  bool open() const { return open_; }
  std::int64_t count() const { return count_; }

 private:
  void start(std::int64_t iteration) {
    open_ = true;
    const std::vector<std::uint8_t> none(line_.size());
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    current_ = {.iteration = iteration,
                .epoch = 0,
                .loss = unknown,
                .learning_rate = unknown,
                .weight_bits = none,
                .activation_bits = none,
                .gradient_bits = none};
    for (std::string& line : line_) line.clear();
  }

  std::size_t layer_of(const CsvTable& row) const {
    const auto found = index_.find(row.text(1));
    if (found != index_.end()) return found->second;
    std::vector<std::string> names;
    for (const Layer& layer : network_.layers) names.push_back(layer.name);
    throw UserError(row.where(), "the network has no layer '" + row.text(1) + "'", allowed_hint(row.text(1), names));
  }

  TraceWriter& writer_;
  const Network& network_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> line_;  ///< where each layer of the current iteration was given; "" = not yet
  TraceIteration current_;
  bool open_ = false;
  std::int64_t count_ = 0;
};

std::int64_t write_trace(const std::string& schedule_csv, const Network& network, const TraceMeta& meta,
                         const std::string& file, const std::string& shown) {
  CsvTable table(schedule_csv, {{"iteration"}, {"layer"}, {"weight_bits"}, {"activation_bits"}, {"gradient_bits"}});
  TraceMeta all{{"network", network.name}, {"batch", "128"}, {"static_bits", "8"}, {"method", "imported"}};
  for (const auto& [key, value] : meta) all[key] = value;
  TraceWriter writer = TraceWriter::create(file, all, network.layers, shown);
  IterationCollector collector(writer, network);
  while (table.next()) collector.add(table);
  if (!collector.open())
    throw UserError(schedule_csv, "the file has no rows",
                    "expected a row for each layer and iteration under the header");
  collector.finish(table.where());
  writer.set_meta("iterations", std::to_string(collector.count()));
  writer.commit();
  return collector.count();
}

/// Throws DamagedFile if `file` is there and no trace. Opening it also rolls back what a killed writer left beside it,
/// which must not be taken for a journal of the trace that takes its place.
void require_trace_or_nothing(const std::string& file, const std::string& shown) {
  if (!std::filesystem::exists(file)) return;
  try {
    require_trace(Database(file, Database::Mode::kRead, trace_kind(), shown));
  } catch (const DamagedFile&) {
    throw DamagedFile(shown, "the file exists already and is not a trace that this program reads",
                      "only traces are replaced; remove it or choose another name");
  }
}

}  // namespace

std::int64_t import_schedule_csv(const std::string& schedule_csv, const std::string& network_csv, const TraceMeta& meta,
                                 const std::string& output) {
  const std::string target = output_target(output, std::vector{schedule_csv, network_csv});
  require_trace_or_nothing(target, output);
  const Network network = read_network_csv(network_csv).network;
  const std::string unfinished = unfinished_name(target);
  try {
    const std::int64_t count = write_trace(schedule_csv, network, meta, unfinished, output);
    if (std::rename(unfinished.c_str(), target.c_str()) != 0)
      throw DamagedFile(output, "cannot be written", "check the folder and its permissions");
    return count;
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(unfinished, ignored);
    std::filesystem::remove(unfinished + "-journal", ignored);
    throw;
  }
}

void export_schedule_csv(const TraceReader& trace, const std::function<void(const std::string&)>& write) {
  write("iteration,layer,weight_bits,activation_bits,gradient_bits\n");
  std::vector<std::string> names;
  for (const Layer& layer : trace.network().layers) names.push_back(csv_field(layer.name));
  const auto [first, last] = trace.iteration_range();
  std::string text;
  trace.for_each_iteration(first, last, [&](const TraceIteration& i) {
    text.clear();
    for (std::size_t l = 0; l < names.size(); ++l) {
      text += fmt::format("{},{},{},{},{}\n", i.iteration, names[l], i.weight_bits[l], i.activation_bits[l],
                          i.gradient_bits[l]);
    }
    write(text);
  });
}

}  // namespace ldpsim
