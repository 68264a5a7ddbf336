// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "sim/core/error.hpp"
#include "sim/core/hash.hpp"
#include "sim/trace/blob.hpp"
#include "sim/trace/schema.hpp"
#include "sim/trace/trace.hpp"
#include "sim/workload/layer_name.hpp"

namespace ldpsim {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 32;  // of one tensor: 32 GiB of results

constexpr std::int64_t kMostIterations = std::int64_t{1} << 40;

/// What a UserError of another room says, without its place: it becomes part of a message about this file.
std::string reason_of(const UserError& error) {
  const std::string text = error.what();
  const std::string prefix = "error: ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

Layer read_layer(const Statement& row) {
  Layer layer;
  layer.name = row.text(1);
  check_layer_name(layer.name, "");
  layer.kind = layer_kind_of(row.text(2), "");
  layer.in_channels = row.integer(3);
  layer.out_channels = row.integer(4);
  layer.in_height = row.integer(5);
  layer.in_width = row.integer(6);
  layer.kernel_height = row.integer(7);
  layer.kernel_width = row.integer(8);
  layer.stride = row.integer(9);
  layer.padding = row.integer(10);
  layer.dilation = row.integer(11);
  layer.groups = row.integer(12);
  const std::int64_t quantised = row.integer(13);
  if (quantised != 0 && quantised != 1)
    throw UserError("", fmt::format("'quantised' is {}", quantised), "allowed: 0, 1");
  layer.quantised = quantised == 1;
  layer.check("");
  return layer;
}

std::vector<Layer> read_layers(const Database& database) {
  std::vector<Layer> layers;
  std::map<std::string, std::size_t> id_of_name;
  Statement query = database.prepare(
      "SELECT "
      "id,name,kind,in_channels,out_channels,in_height,in_width,kernel_height,kernel_width,stride,padding,dilation,"
      "groups,quantised "
      "FROM layer ORDER BY id");
  while (query.step()) {
    query.at(fmt::format("table 'layer', id {}", layers.size()));
    if (query.integer(0) != static_cast<std::int64_t>(layers.size())) {
      database.damaged(fmt::format("table 'layer' has no id {}: ids count from 0 without a gap", layers.size()));
    }
    try {
      layers.push_back(read_layer(query));
      const auto [other, is_new] = id_of_name.emplace(layers.back().name, layers.size() - 1);
      if (!is_new)
        throw UserError("", fmt::format("its name '{}' is that of id {}, too", other->first, other->second),
                        "names are unique");
    } catch (const DamagedFile&) {
      throw;
    } catch (const UserError& error) {
      database.damaged(fmt::format("table 'layer', id {}: {}", query.integer(0), reason_of(error)));
    }
  }
  if (layers.empty()) database.damaged("table 'layer' is empty");
  return layers;
}

/// Extents of "16,3,3,3"; empty if the text is anything else or the tensor is impossibly large.
std::vector<std::int64_t> parse_shape(const std::string& text) {
  std::vector<std::int64_t> shape;
  std::int64_t elements = 1;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    std::int64_t extent = 0;
    const auto [next, error] = std::from_chars(at, end, extent);
    if (error != std::errc() || extent < 1 || extent > kMostElements / elements || shape.size() == 8) return {};
    elements *= extent;
    shape.push_back(extent);
    if (next == end) return shape;
    if (*next != ',') return {};
    at = next + 1;
  }
}

void read_bits(const Database& database, const Statement& row, int column, const Network& network, bool check,
               std::vector<std::uint8_t>& bits) {
  constexpr const char* kNames[] = {"weight", "activation", "gradient"};
  const char* const name = kNames[column - 4];
  const std::string_view blob = row.blob(column);
  if (blob.size() != network.layers.size()) {
    database.damaged(fmt::format("iteration {}: {}_bits has {} bytes, one for each of {} layers is expected",
                                 row.integer(0), name, blob.size(), network.layers.size()));
  }
  bits.assign(blob.begin(), blob.end());
  for (std::size_t i = 0; check && i < bits.size(); ++i) {
    if (bits[i] > 16) {
      database.damaged(fmt::format("iteration {}, layer '{}': {}_bits is {}; allowed: 0 (float) to 16", row.integer(0),
                                   network.layers[i].name, name, bits[i]));
    }
  }
}

}  // namespace

struct TraceReader::Impl {
  explicit Impl(const std::string& file) : database(file, Database::Mode::kRead, trace_kind()) {
    require_trace(database);
    Statement query = database.prepare("SELECT key,value FROM meta");
    while (query.step()) meta[query.text(0)] = query.text(1);
    network.layers = read_layers(database);
  }
  TraceOperand decode(const Statement& row, std::int64_t iteration, std::int64_t layer,
                      const std::string& tensor) const;
  std::string place(std::int64_t iteration, std::int64_t layer, const std::string& tensor) const {
    return fmt::format("iteration {}, layer '{}', tensor '{}'", iteration,
                       network.layers.at(static_cast<std::size_t>(layer)).name, tensor);
  }
  Database database;
  TraceMeta meta;
  Network network;
};

TraceReader::TraceReader(const std::string& file) : impl_(std::make_unique<Impl>(file)) {
  impl_->network.name = meta("network");
  batch();
  meta_integer("static_bits", 1, 16);
}
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader::~TraceReader() = default;

const std::string& TraceReader::file() const { return impl_->database.file(); }
const TraceMeta& TraceReader::meta() const { return impl_->meta; }

const std::string& TraceReader::meta(const std::string& key) const {
  const auto found = impl_->meta.find(key);
  if (found == impl_->meta.end()) impl_->database.damaged(fmt::format("its table 'meta' has no '{}'", key));
  return found->second;
}

std::int64_t TraceReader::meta_integer(const std::string& key, std::int64_t least, std::int64_t most) const {
  const std::string& text = meta(key);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    impl_->database.damaged(fmt::format("'{}' in its table 'meta' is '{}'; allowed: {} to {}", key, text, least, most));
  }
  return value;
}

const Network& TraceReader::network() const { return impl_->network; }
std::int64_t TraceReader::batch() const { return meta_integer("batch", 1, 1 << 20); }

std::int64_t TraceReader::iteration_count() const {
  Statement query = impl_->database.prepare("SELECT count(*) FROM iteration");
  query.step();
  return query.integer(0);
}

std::pair<std::int64_t, std::int64_t> TraceReader::iteration_range() const {
  Statement query = impl_->database.prepare("SELECT min(iteration),max(iteration) FROM iteration");
  if (!query.step() || query.is_null(0)) return {0, 0};
  const std::int64_t last = query.integer(1);
  if (query.integer(0) < 0 || last > kMostIterations)
    impl_->database.damaged(fmt::format("table 'iteration' has iterations {} to {}; allowed: 0 to {}", query.integer(0),
                                        last, kMostIterations));
  return {query.integer(0), last + 1};
}

void TraceReader::for_each_iteration(std::int64_t first, std::int64_t last,
                                     const std::function<void(const TraceIteration&)>& visit, bool check) const {
  const Database& database = impl_->database;
  Statement query = database.prepare(
      "SELECT iteration,epoch,loss,learning_rate,weight_bits,activation_bits,gradient_bits FROM iteration WHERE "
      "iteration>=? AND iteration<? "
      "ORDER BY iteration");
  query.bind(1, first).bind(2, last);
  TraceIteration iteration;
  while (query.step()) {
    iteration.iteration = query.integer(0);
    iteration.epoch = query.integer(1);
    iteration.loss = query.real(2);
    iteration.learning_rate = query.real(3);
    read_bits(database, query, 4, impl_->network, check, iteration.weight_bits);
    read_bits(database, query, 5, impl_->network, check, iteration.activation_bits);
    read_bits(database, query, 6, impl_->network, check, iteration.gradient_bits);
    visit(iteration);
  }
}

std::vector<TraceEvaluation> TraceReader::evaluations() const {
  Statement query =
      impl_->database.prepare("SELECT iteration,split,metric,value FROM evaluation ORDER BY iteration,split,metric");
  std::vector<TraceEvaluation> all;
  while (query.step()) all.push_back({query.integer(0), query.text(1), query.text(2), query.real(3)});
  return all;
}

std::vector<std::int64_t> TraceReader::captured_iterations() const {
  Statement query = impl_->database.prepare("SELECT DISTINCT iteration FROM operand ORDER BY iteration");
  std::vector<std::int64_t> iterations;
  while (query.step()) iterations.push_back(query.integer(0));
  return iterations;
}

std::vector<std::pair<std::int64_t, std::string>> TraceReader::captured_operands(std::int64_t iteration) const {
  Statement query = impl_->database.prepare("SELECT layer,tensor FROM operand WHERE iteration=? ORDER BY layer,tensor");
  query.bind(1, iteration);
  std::vector<std::pair<std::int64_t, std::string>> all;
  while (query.step()) all.emplace_back(query.integer(0), query.text(1));
  return all;
}

std::string TraceReader::operands_digest(std::int64_t iteration) const {
  Statement query = impl_->database.prepare(
      "SELECT layer,tensor,bits,shape,codec,scale,offset,codes,result FROM operand WHERE iteration=? "
      "ORDER BY layer,tensor");
  query.bind(1, iteration);
  std::string digests;
  while (query.step()) {
    digests +=
        fmt::format("{} {} {} {} {}", query.integer(0), query.text(1), query.integer(2), query.text(3), query.text(4));
    for (int column = 5; column <= 8; ++column)
      digests += query.is_null(column) ? " -" : " " + sha256_hex(query.blob(column));
    digests += "\n";
  }
  return sha256_hex(digests);
}

std::int64_t TraceReader::operand_bits(std::int64_t iteration, std::int64_t layer, const std::string& tensor) const {
  Statement query = impl_->database.prepare("SELECT bits FROM operand WHERE iteration=? AND layer=? AND tensor=?");
  query.bind(1, iteration).bind(2, layer).bind(3, tensor);
  query.at(fmt::format("iteration {}, layer {}, tensor '{}'", iteration, layer, tensor));
  return query.step() ? query.integer(0) : 0;
}

TraceOperand TraceReader::Impl::decode(const Statement& row, std::int64_t iteration, std::int64_t layer,
                                       const std::string& tensor) const {
  TraceOperand operand{.iteration = iteration, .layer = layer, .tensor = tensor};
  const auto damaged = [&](const std::string& what) {
    database.damaged(place(iteration, layer, tensor) + ": " + what);
  };
  const std::int64_t bits = row.integer(0);
  if (bits != 64 && (bits < 1 || bits > 16))
    damaged(fmt::format("it has {} bits; allowed: 1 to 16 for codes, 64 for results", bits));
  operand.bits = static_cast<int>(bits);
  operand.shape = parse_shape(row.text(1));
  if (operand.shape.empty())
    damaged(fmt::format("its shape is '{}'; expected positive extents like 16,3,3,3", row.text(1)));
  std::int64_t count = 1;
  for (const std::int64_t extent : operand.shape) count *= extent;
  const std::string codec = row.text(2);
  std::string reason;
  if (operand.bits == 64) {
    reason = unpack_doubles(row.blob(6), codec, count, operand.values);
  } else {
    reason = unpack_codes(row.blob(5), codec, operand.bits, count, operand.codes);
    for (const auto& [column, values] : {std::pair{3, &operand.scale}, std::pair{4, &operand.offset}}) {
      const std::string_view blob = row.blob(column);
      if (reason.empty() && blob.size() % 8 != 0)
        reason = fmt::format("its scale or offset has {} bytes, no multiple of 8", blob.size());
      if (reason.empty()) reason = unpack_doubles(blob, "raw", static_cast<std::int64_t>(blob.size() / 8), *values);
    }
  }
  if (!reason.empty()) damaged(reason);
  return operand;
}

std::optional<TraceOperand> TraceReader::operand(std::int64_t iteration, std::int64_t layer, const std::string& tensor,
                                                 bool check) const {
  Statement query = impl_->database.prepare(
      "SELECT bits,shape,codec,scale,offset,codes,result FROM operand WHERE iteration=? AND layer=? AND tensor=?");
  query.bind(1, iteration).bind(2, layer).bind(3, tensor);
  if (!query.step()) return std::nullopt;
  if (layer < 0 || static_cast<std::size_t>(layer) >= impl_->network.layers.size()) {
    impl_->database.damaged(fmt::format("iteration {}: an operand belongs to layer {}, but there are {} layers",
                                        iteration, layer, impl_->network.layers.size()));
  }
  query.at(impl_->place(iteration, layer, tensor));
  TraceOperand operand = impl_->decode(query, iteration, layer, tensor);
  if (!check) return operand;
  const std::string problem = operand_problem(impl_->network.layers[static_cast<std::size_t>(layer)], operand);
  if (!problem.empty()) {
    throw UserError(file(), impl_->place(iteration, layer, tensor) + ": " + problem,
                    "'ldpsim trace validate' checks the whole file", ExitCode::kCheckFailed);
  }
  return operand;
}

void TraceReader::check_integrity() const { impl_->database.check_integrity(); }

}  // namespace ldpsim
