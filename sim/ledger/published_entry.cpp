// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/published_entry.hpp"

#include <array>
#include <filesystem>

#include "sim/core/error.hpp"
#include "sim/core/yaml_document.hpp"
#include "sim/ledger/ledger.hpp"
#include "sim/ledger/paper_units.hpp"
#include "sim/ledger/published.hpp"
#include "sim/ledger/quantity.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {
namespace {

/// An entry and what only reading needs.
struct Row {
  PublishedEntry entry;
  std::string static_table;  ///< where its static cost is printed
};

Network network_of(const YamlDocument& document, const YAML::Node& entry, const YAML::Node& row,
                   const std::string& folder) {
  Network network = read_network_csv(folder + "/" + document.need<std::string>(entry, "table") + ".csv").network;
  if (row["classes"]) network.layers.back().out_channels = document.need<std::int64_t>(row, "classes");
  return network;
}

PublishedUnits units_of(const YamlDocument& document, const YAML::Node& entry, const YAML::Node& row,
                        const Network& network) {
  PublishedUnits units;
  units.samples_in_table = document.get<double>(entry, "samples_in_table", 1);
  for (const Layer& layer : network.layers) units.outputs += static_cast<double>(layer.output_elements());
  units.outputs /= units.samples_in_table;
  units.macs = static_cast<double>(network.macs()) / units.samples_in_table;
  units.divisor = document.need<double>(entry, "divisor");
  units.samples = document.need<double>(entry, "samples");
  units.static_bits = document.get<int>(row, "static_bits", document.get<int>(entry, "static_bits", 8));
  if (entry["nominal_macs"]) units.nominal_macs = document.need<double>(entry, "nominal_macs");
  return units;
}

std::vector<LayerBits> same_bits(const Ledger& ledger, int bits, int gradient) {
  return std::vector<LayerBits>(ledger.network().layers.size(), LayerBits{bits, bits, gradient});
}

/// Layer groups at the bits of a stage; layers of no group stay at static precision.
std::vector<LayerBits> group_bits(const Ledger& ledger, const std::vector<std::string>& groups,
                                  const std::vector<int>& bits, int gradient) {
  std::vector<LayerBits> all = same_bits(ledger, ledger.static_bits(), gradient);
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t g = 0; g < groups.size() && g < bits.size(); ++g) {
      if (ledger.network().layers[i].name.starts_with(groups[g])) all[i].weight = all[i].activation = bits[g];
    }
  }
  return all;
}

void add_cyclic(const CyclicSchedule& cyclic, int gradient, Ledger& ledger) {
  std::array<std::int64_t, 17> iterations_at{};
  for (std::int64_t i = 0; i < cyclic.iterations; ++i) ++iterations_at[static_cast<std::size_t>(cyclic.bits_at(i))];
  for (int bits = cyclic.least; bits <= cyclic.most; ++bits) {
    ledger.add(same_bits(ledger, bits, gradient), iterations_at[static_cast<std::size_t>(bits)]);
  }
}

/// Adds a schedule that is known without training. Epochs serve as iterations: only their proportions count.
void add_schedule(const YamlDocument& document, const YAML::Node& schedule, const std::string& kind, Ledger& ledger) {
  const int gradient = document.get<int>(schedule, "gradient", ledger.static_bits());
  const auto rest_static = [&] {
    const std::int64_t rest = document.need<std::int64_t>(schedule, "epochs") - ledger.iterations();
    ledger.add(same_bits(ledger, ledger.static_bits(), gradient), rest);
  };
  if (kind == "static" || kind == "progressive") {
    ledger.add(same_bits(ledger, document.need<int>(schedule, "bits"), gradient));
  } else if (kind == "cyclic") {
    add_cyclic({document.need<int>(schedule, "least"), document.need<int>(schedule, "most")}, gradient, ledger);
  } else if (kind == "stages") {
    const auto groups = document.need<std::vector<std::string>>(schedule, "groups");
    for (const auto& bits : document.need<std::vector<std::vector<int>>>(schedule, "bits")) {
      ledger.add(group_bits(ledger, groups, bits, gradient), document.need<std::int64_t>(schedule, "stage_epochs"));
    }
    rest_static();
  } else if (kind == "uniform") {
    const auto values = document.need<std::vector<int>>(schedule, "values");
    const auto each =
        document.need<std::int64_t>(schedule, "dynamic_epochs") / static_cast<std::int64_t>(values.size());
    for (const int bits : values) ledger.add(same_bits(ledger, bits, gradient), each);
    rest_static();
  } else {
    throw UserError(document.where(schedule), "unknown kind of schedule '" + kind + "'",
                    "allowed: static, cyclic, stages, uniform, progressive, learned");
  }
}

void compute_ratios(const YamlDocument& document, const YAML::Node& schedule, const Network& network,
                    PublishedEntry& entry) {
  const auto kind = document.need<std::string>(schedule, "kind");
  if (kind == "learned") return;
  Ledger ledger(network, entry.units.static_bits);
  add_schedule(document, schedule, kind, ledger);
  if (kind != "progressive") entry.training_ratio = ledger.training_ratio();
  entry.inference_ratio = ledger.inference_ratio();
  entry.is_static = kind == "static" && entry.training_ratio == 1.0;
}

std::string renamed(const YamlDocument& document, const YAML::Node& names, const std::string& name) {
  return names && names[name] ? document.need<std::string>(names, name) : "";
}

Row row_of(const YamlDocument& document, const YAML::Node& node, const std::string& folder) {
  const YAML::Node& root = document.root();
  Row row;
  PublishedEntry& entry = row.entry;
  entry.file = std::filesystem::path(document.file()).stem().string();
  entry.source = document.need<std::string>(root, "source");
  entry.table = document.need<std::string>(node, "table");
  entry.network = document.need<std::string>(node, "network");
  entry.dataset = document.need<std::string>(node, "dataset");
  entry.method = document.need<std::string>(node, "method");
  entry.precision = document.need<std::string>(node, "precision");
  entry.alternative = document.get<bool>(node, "alternative", false);
  entry.read_off = document.get<bool>(node, "read_off", false);
  row.static_table = document.get<std::string>(node, "static_table", entry.table);
  const YAML::Node network_entry = root["networks"][entry.network];
  if (!network_entry) throw UserError(document.where(node), "network '" + entry.network + "' is not under 'networks'");
  entry.family = document.get<std::string>(network_entry, "family", entry.network);
  entry.our_network = document.need<std::string>(network_entry, "table");
  entry.our_dataset = renamed(document, root["datasets"], entry.dataset);
  entry.our_method = renamed(document, root["methods"], entry.method);
  for (const std::string& quantity : published_quantities()) {
    if (node[quantity]) entry.cells[quantity] = document.need<double>(node, quantity);
  }
  const Network network = network_of(document, network_entry, node, folder);
  entry.units = units_of(document, network_entry, node, network);
  if (!entry.is_improvement()) {
    if (!node["schedule"]) throw UserError(document.where(node), "key 'schedule' is missing");
    compute_ratios(document, node["schedule"], network, entry);
  }
  return row;
}

bool same_experiment(const PublishedEntry& a, const PublishedEntry& b) {
  return a.network == b.network && a.dataset == b.dataset;
}

void find_static_costs(std::vector<Row>& rows) {
  for (Row& row : rows) {
    for (const Row& other : rows) {
      if (!other.entry.is_static || other.entry.table != row.static_table || !same_experiment(row.entry, other.entry) ||
          other.entry.units.static_bits != row.entry.units.static_bits)
        continue;
      row.entry.static_training = other.entry.cell("training_gbitops");
      row.entry.static_inference = other.entry.cell("inference_gbitops");
      break;
    }
  }
}

/// Whether `a` is of better quality than `b`.
bool better(const PublishedEntry& a, const PublishedEntry& b) {
  for (const Quantity& one : kQuantities) {
    if (!one.is_quality()) continue;
    const auto of_a = a.cell(std::string(one.cell)), of_b = b.cell(std::string(one.cell));
    if (of_a && of_b) return one.lower_is_better ? *of_a < *of_b : *of_a > *of_b;
  }
  return false;
}

}  // namespace

std::optional<PublishedUnits> published_units(const std::vector<PublishedEntry>& entries, const std::string& network,
                                              const std::string& dataset) {
  std::optional<PublishedUnits> units;
  for (const PublishedEntry& entry : entries) {
    if (entry.our_network != network || entry.alternative) continue;
    if (!units || (!dataset.empty() && entry.our_dataset == dataset)) units = entry.units;
  }
  return units;
}

double PublishedUnits::training_gbitops(double operations) const {
  return paper_training_gbitops(operations, static_bits, samples);
}

double PublishedUnits::inference_gbitops(double operations) const {
  return paper_inference_gbitops(operations, static_bits, divisor);
}

std::optional<double> PublishedEntry::cell(const std::string& quantity) const {
  const auto found = cells.find(quantity);
  return found == cells.end() ? std::nullopt : std::optional(found->second);
}

std::vector<PublishedEntry> read_published(const std::string& file, const std::string& networks_folder) {
  const YamlDocument document(file);
  std::vector<Row> rows;
  for (const YAML::Node& node : document.root()["rows"]) rows.push_back(row_of(document, node, networks_folder));
  find_static_costs(rows);
  std::vector<PublishedEntry> entries;
  for (Row& row : rows) entries.push_back(std::move(row.entry));
  return entries;
}

std::optional<double> PublishedGain::of(const std::string& quantity) const {
  const auto ours = ldp->cell(quantity), theirs = baseline->cell(quantity);
  if (!ours || !theirs) return std::nullopt;
  return is_relative(quantity) ? 100 * (*ours / *theirs - 1) : *ours - *theirs;
}

std::vector<PublishedGain> gains_over_each(const std::vector<PublishedEntry>& entries) {
  std::vector<PublishedGain> gains;
  for (const PublishedEntry& ldp : entries) {
    if (ldp.method != "LDP") continue;
    for (const PublishedEntry& other : entries) {
      const bool baseline = &other != &ldp && !other.is_improvement() && !other.alternative && other.method != "LDP" &&
                            other.table == ldp.table && same_experiment(other, ldp);
      if (baseline && (other.is_static || other.forward_range() == ldp.forward_range()))
        gains.push_back({&ldp, &other});
    }
  }
  return gains;
}

std::vector<PublishedGain> gains_over_best(const std::vector<PublishedEntry>& entries) {
  std::vector<PublishedGain> best;
  for (const PublishedGain& gain : gains_over_each(entries)) {
    if (best.empty() || best.back().ldp != gain.ldp) {
      best.push_back(gain);
    } else if (better(*gain.baseline, *best.back().baseline)) {
      best.back() = gain;
    }
  }
  return best;
}

}  // namespace ldpsim
