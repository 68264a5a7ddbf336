// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "sim/core/error.hpp"
#include "sim/trace/blob.hpp"
#include "sim/trace/schema.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

std::string_view bytes_of(const std::vector<std::uint8_t>& bits) {
  return {reinterpret_cast<const char*>(bits.data()), bits.size()};
}

void write_layers(Database& database, const std::vector<Layer>& layers) {
  Statement insert = database.prepare("INSERT INTO layer VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const Layer& layer = layers[i];
    insert.bind(1, static_cast<std::int64_t>(i)).bind(2, layer.name).bind(3, name_of(layer.kind));
    insert.bind(4, layer.in_channels).bind(5, layer.out_channels).bind(6, layer.in_height).bind(7, layer.in_width);
    insert.bind(8, layer.kernel_height).bind(9, layer.kernel_width).bind(10, layer.stride).bind(11, layer.padding);
    insert.bind(12, layer.dilation).bind(13, layer.groups).bind(14, std::int64_t{layer.quantised});
    insert.run();
  }
}

}  // namespace

struct TraceWriter::Impl {
  Impl(const std::string& file, std::vector<Layer> network, const std::string& shown)
      : layers(std::move(network)),
        database(file, Database::Mode::kWrite, trace_kind(), shown),
        insert_iteration(database.prepare("INSERT INTO iteration VALUES(?,?,?,?,?,?,?)")),
        insert_evaluation(database.prepare("INSERT INTO evaluation VALUES(?,?,?,?)")),
        insert_operand(database.prepare("INSERT INTO operand VALUES(?,?,?,?,?,?,?,?,?,?)")) {}

  void insert(Statement& statement, const std::string& what) {
    if (!statement.run()) throw InternalError(fmt::format("{} is in the trace {} already", what, database.file()));
  }

  std::vector<Layer> layers;
  Database database;
  Statement insert_iteration, insert_evaluation, insert_operand;
};

TraceWriter::TraceWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;
TraceWriter& TraceWriter::operator=(TraceWriter&&) noexcept = default;
TraceWriter::~TraceWriter() = default;

TraceWriter TraceWriter::create(const std::string& file, const TraceMeta& meta, const std::vector<Layer>& layers,
                                const std::string& shown) {
  if (layers.empty()) throw InternalError("a trace needs at least one layer");
  TraceMeta all{{"format_version", std::to_string(kTraceFormatVersion)},
                {"program", "ldpsim"},
                {"program_version", LDPSIM_VERSION}};
  for (const auto& [key, value] : meta) all[key] = value;
  create_whole(
      file, trace_kind(),
      [&](Database& database) {
        database.execute(kTraceSchema);
        Statement insert = database.prepare("INSERT INTO meta VALUES(?,?)");
        for (const auto& [key, value] : all) insert.bind(1, key).bind(2, value).run();
        write_layers(database, layers);
      },
      shown);
  return TraceWriter(std::make_unique<Impl>(file, layers, shown));
}

TraceWriter TraceWriter::resume(const std::string& file, std::int64_t resume_at) {
  std::vector<Layer> layers = TraceReader(file).network().layers;
  TraceWriter writer(std::make_unique<Impl>(file, std::move(layers), file));
  Database& database = writer.impl_->database;
  database.begin();
  for (const char* table : {"iteration", "evaluation", "operand"}) {
    Statement erase = database.prepare(fmt::format("DELETE FROM {} WHERE iteration>=?", table));
    erase.bind(1, resume_at).run();
  }
  database.commit();
  return writer;
}

void TraceWriter::add(const TraceIteration& iteration) {
  for (const auto* bits : {&iteration.weight_bits, &iteration.activation_bits, &iteration.gradient_bits}) {
    if (bits->size() != impl_->layers.size()) throw InternalError("an iteration must have bits of every layer");
    for (const std::uint8_t b : *bits) {
      if (b > 16) throw InternalError(fmt::format("iteration {}: a layer has {} bits", iteration.iteration, b));
    }
  }
  impl_->database.begin();
  Statement& insert = impl_->insert_iteration;
  insert.bind(1, iteration.iteration).bind(2, iteration.epoch).bind(3, iteration.loss).bind(4, iteration.learning_rate);
  insert.bind_blob(5, bytes_of(iteration.weight_bits)).bind_blob(6, bytes_of(iteration.activation_bits));
  insert.bind_blob(7, bytes_of(iteration.gradient_bits));
  impl_->insert(insert, fmt::format("iteration {}", iteration.iteration));
}

void TraceWriter::add(const TraceEvaluation& evaluation) {
  impl_->database.begin();
  Statement& insert = impl_->insert_evaluation;
  insert.bind(1, evaluation.iteration).bind(2, evaluation.split).bind(3, evaluation.metric).bind(4, evaluation.value);
  impl_->insert(insert, fmt::format("evaluation {} {} of iteration {}", evaluation.split, evaluation.metric,
                                    evaluation.iteration));
}

void TraceWriter::add(const TraceOperand& operand) {
  if (operand.layer < 0 || static_cast<std::size_t>(operand.layer) >= impl_->layers.size()) {
    throw InternalError(fmt::format("there is no layer {} to add an operand to", operand.layer));
  }
  const Layer& layer = impl_->layers[static_cast<std::size_t>(operand.layer)];
  const std::string what =
      fmt::format("iteration {}, layer '{}', tensor '{}'", operand.iteration, layer.name, operand.tensor);
  for (const double value : operand.values) {
    if (!std::isfinite(value))
      throw UserError(what, fmt::format("a result to be captured is {}", value),
                      "the run has diverged; lower its learning rate");
  }
  if (const std::string problem = operand_problem(layer, operand); !problem.empty())
    throw InternalError(what + ": " + problem);
  impl_->database.begin();
  Statement& insert = impl_->insert_operand;
  insert.bind(1, operand.iteration).bind(2, operand.layer).bind(3, operand.tensor).bind(4, std::int64_t{operand.bits});
  insert.bind(5, fmt::format("{}", fmt::join(operand.shape, ","))).bind(6, "zstd");
  if (operand.bits == 64) {
    insert.bind_blob(10, pack_doubles_zstd(operand.values));
  } else {
    insert.bind_blob(7, pack_doubles(operand.scale)).bind_blob(8, pack_doubles(operand.offset));
    insert.bind_blob(9, pack_codes(operand.codes, operand.bits));
  }
  impl_->insert(insert, what);
}

void TraceWriter::set_meta(const std::string& key, const std::string& value) {
  impl_->database.begin();
  Statement insert = impl_->database.prepare("INSERT OR REPLACE INTO meta VALUES(?,?)");
  insert.bind(1, key).bind(2, value).run();
}

void TraceWriter::commit() { impl_->database.commit(); }

}  // namespace ldpsim
