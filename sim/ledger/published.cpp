// SPDX-License-Identifier: Apache-2.0
#include "sim/ledger/published.hpp"

#include <array>
#include <filesystem>

#include "sim/core/error.hpp"
#include "sim/core/yaml_document.hpp"
#include "sim/ledger/ledger.hpp"
#include "sim/ledger/paper_units.hpp"
#include "sim/workload/network_csv.hpp"

namespace ldpsim {
namespace {

struct PublishedNetwork {
  Network network;
  double divisor = 1, samples = 1;
  std::optional<double> nominal_macs;

  double macs() const { return static_cast<double>(network.macs()); }
  double outputs() const {
    double sum = 0;
    for (const Layer& layer : network.layers) sum += static_cast<double>(layer.output_elements());
    return sum;
  }
};

PublishedNetwork network_of(const YamlDocument& document, const YAML::Node& networks, const YAML::Node& row,
                            const std::string& folder) {
  const std::string name = document.need<std::string>(row, "network");
  const YAML::Node entry = networks[name];
  if (!entry) throw UserError(document.where(row), "network '" + name + "' is not under 'networks'");
  PublishedNetwork network;
  network.network = read_network_csv(folder + "/" + document.need<std::string>(entry, "table") + ".csv").network;
  if (row["classes"]) network.network.layers.back().out_channels = document.need<std::int64_t>(row, "classes");
  network.divisor = document.need<double>(entry, "divisor");
  network.samples = document.need<double>(entry, "samples");
  if (entry["nominal_macs"]) network.nominal_macs = document.need<double>(entry, "nominal_macs");
  return network;
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

/// Adds a schedule that is known without training. Epochs serve as iterations: only their proportions count.
void add_schedule(const YamlDocument& document, const YAML::Node& schedule, Ledger& ledger) {
  const std::string kind = document.need<std::string>(schedule, "kind");
  const int gradient = document.get<int>(schedule, "gradient", ledger.static_bits());
  const auto rest_static = [&] {
    const std::int64_t rest = document.need<std::int64_t>(schedule, "epochs") - ledger.iterations();
    ledger.add(same_bits(ledger, ledger.static_bits(), gradient), rest);
  };
  if (kind == "static") {
    ledger.add(same_bits(ledger, document.need<int>(schedule, "bits"), gradient));
  } else if (kind == "cyclic") {
    const CyclicSchedule cyclic{document.need<int>(schedule, "least"), document.need<int>(schedule, "most")};
    std::array<std::int64_t, 17> iterations_at{};
    for (std::int64_t i = 0; i < cyclic.iterations; ++i) ++iterations_at[static_cast<std::size_t>(cyclic.bits_at(i))];
    for (int bits = cyclic.least; bits <= cyclic.most; ++bits) {
      ledger.add(same_bits(ledger, bits, gradient), iterations_at[static_cast<std::size_t>(bits)]);
    }
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
                    "allowed: static, cyclic, stages, uniform");
  }
}

void compute(PublishedRow& row, const PublishedNetwork& network, const Ledger& ledger) {
  const bool inference = row.quantity == "inference_gbitops";
  row.ratio = inference ? ledger.inference_ratio() : ledger.training_ratio();
  if (row.quantity == "training_ratio") {
    row.computed = row.ratio;
    return;
  }
  const auto cost = [&](double ops) {
    return row.ratio * (inference ? paper_inference_gbitops(ops, ledger.static_bits(), network.divisor)
                                  : paper_training_gbitops(ops, ledger.static_bits(), network.samples));
  };
  row.computed = cost(network.macs());
  row.with_outputs = cost(network.macs() + network.outputs());
  row.with_normalisation = cost(network.macs() + 1.5 * network.outputs());
  if (network.nominal_macs) row.nominal = cost(*network.nominal_macs);
  if (row.published_static) row.scaled_static = row.ratio * *row.published_static;
}

}  // namespace

std::optional<double> PublishedRow::residual_percent(const std::optional<double>& figure) const {
  if (!figure) return std::nullopt;
  return (*figure - published) / published * 100.0;
}

std::vector<PublishedRow> compute_published(const std::string& file, const std::string& networks_folder) {
  const YamlDocument document(file);
  const YAML::Node& root = document.root();
  std::vector<PublishedRow> rows;
  for (const YAML::Node& entry : root["rows"]) {
    const PublishedNetwork network = network_of(document, root["networks"], entry, networks_folder);
    Ledger ledger(network.network, document.get<int>(entry, "static_bits", 8));
    add_schedule(document, entry["schedule"], ledger);
    for (const std::string quantity : {"training_gbitops", "inference_gbitops", "training_ratio"}) {
      if (!entry[quantity]) continue;
      PublishedRow row;
      row.file = std::filesystem::path(file).stem().string();
      row.source = document.need<std::string>(root, "source");
      row.table = document.need<std::string>(entry, "table");
      row.network = document.need<std::string>(entry, "network");
      row.dataset = document.need<std::string>(entry, "dataset");
      row.method = document.need<std::string>(entry, "method");
      row.precision = document.need<std::string>(entry, "precision");
      row.quantity = quantity;
      row.published = document.need<double>(entry, quantity);
      if (entry["published_static"]) row.published_static = document.need<double>(entry, "published_static");
      compute(row, network, ledger);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace ldpsim
