// SPDX-License-Identifier: Apache-2.0
#include "sim/trace/schema.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {

FileKind trace_kind() {
  return {"trace", "free some space and run the command again: what was committed is in the file", 0x4C445054,
          "ldpsim train or import; see traces/README.md"};
}

// Small rows that are found by their whole key have no rowid; operands have one, since large rows in an index cost page
// splits.
const char* const kTraceSchema = R"(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE layer(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, in_channels INTEGER NOT NULL,
  out_channels INTEGER NOT NULL, in_height INTEGER NOT NULL, in_width INTEGER NOT NULL, kernel_height INTEGER NOT NULL,
  kernel_width INTEGER NOT NULL, stride INTEGER NOT NULL, padding INTEGER NOT NULL, dilation INTEGER NOT NULL,
  groups INTEGER NOT NULL, quantised INTEGER NOT NULL);
CREATE TABLE iteration(iteration INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, loss REAL, learning_rate REAL,
  weight_bits BLOB NOT NULL, activation_bits BLOB NOT NULL, gradient_bits BLOB NOT NULL);
CREATE TABLE evaluation(iteration INTEGER NOT NULL, split TEXT NOT NULL, metric TEXT NOT NULL, value REAL,
  PRIMARY KEY(iteration, split, metric)) WITHOUT ROWID;
CREATE TABLE operand(iteration INTEGER NOT NULL, layer INTEGER NOT NULL, tensor TEXT NOT NULL, bits INTEGER NOT NULL,
  shape TEXT NOT NULL, codec TEXT NOT NULL, scale BLOB, offset BLOB, codes BLOB, result BLOB,
  PRIMARY KEY(iteration, layer, tensor));
)";

void require_trace(const Database& database) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> tables{
      {"meta", {"key", "value"}},
      {"layer",
       {"id", "name", "kind", "in_channels", "out_channels", "in_height", "in_width", "kernel_height", "kernel_width",
        "stride", "padding", "dilation", "groups", "quantised"}},
      {"iteration", {"iteration", "epoch", "loss", "learning_rate", "weight_bits", "activation_bits", "gradient_bits"}},
      {"evaluation", {"iteration", "split", "metric", "value"}},
      {"operand", {"iteration", "layer", "tensor", "bits", "shape", "codec", "scale", "offset", "codes", "result"}}};
  for (const auto& [table, columns] : tables) {
    database.require(table, columns);
    if (table != "meta") continue;
    Statement version = database.prepare("SELECT value FROM meta WHERE key='format_version'");
    if (!version.step()) database.foreign("its table 'meta' has no 'format_version'");
    if (const std::string text = version.text(0); text != std::to_string(kTraceFormatVersion)) {
      throw DamagedFile(
          database.file(),
          fmt::format("the trace has format version '{}', this program reads version {}", text, kTraceFormatVersion),
          "use the ldpsim that wrote it or a newer one");
    }
  }
}

}  // namespace ldpsim
