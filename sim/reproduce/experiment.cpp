// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/experiment.hpp"

#include <algorithm>
#include <filesystem>

#include "sim/core/suggest.hpp"
#include "sim/core/yaml_document.hpp"

namespace ldpsim {
namespace {

using Texts = std::vector<std::string>;

std::string chosen(const YamlDocument& document, const YAML::Node& node, const std::string& key, const Texts& allowed,
                   const std::string& otherwise = "") {
  const std::string value =
      otherwise.empty() ? document.need<std::string>(node, key) : document.get<std::string>(node, key, otherwise);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end())
    throw UserError(document.where(node), "unknown " + key + " '" + value + "'", allowed_hint(value, allowed));
  return value;
}

ExperimentRow row_of(const YamlDocument& document, const YAML::Node& node) {
  const auto method = document.need<std::string>(node, "method");
  return {method, document.need<std::string>(node, "precision"), document.need<RunOptions>(node, "run"),
          document.get<std::string>(node, "label", method), document.get<bool>(node, "printed", true)};
}

ExperimentGroup group_of(const YamlDocument& document, const YAML::Node& node) {
  ExperimentGroup group;
  group.name = document.get<std::string>(node, "name", "");
  group.networks = document.get<Texts>(node, "networks", {});
  group.improvement = document.get<bool>(node, "improvement", false);
  for (const YAML::Node& row : node["rows"]) group.rows.push_back(row_of(document, row));
  if (group.rows.empty()) throw UserError(document.where(node), "a group without 'rows'");
  return group;
}

ExperimentScale scale_of(const YamlDocument& document, const YAML::Node& node) {
  ExperimentScale scale;
  scale.remark = document.need<std::string>(node, "remark");
  scale.stand_ins = document.get<RunOptions>(node, "stand_ins", {});
  for (const YAML::Node& one : node["cases"]) {
    scale.cases.push_back({document.need<Texts>(one, "networks"), document.need<Texts>(one, "datasets"),
                           document.get<std::string>(one, "train_on", ""), document.get<RunOptions>(one, "options", {}),
                           document.get<std::map<std::string, RunOptions>>(one, "methods", {})});
  }
  if (scale.cases.empty()) throw UserError(document.where(node), "a scale without 'cases'");
  return scale;
}

ExperimentFigure figure_of(const YamlDocument& document, const YAML::Node& node) {
  ExperimentFigure figure;
  figure.kind = chosen(document, node, "kind", {"scatter", "curves", "bars"});
  figure.name = document.need<std::string>(node, "name");
  figure.caption = document.need<std::string>(node, "caption");
  figure.network = document.get<std::string>(node, "network", "");
  figure.dataset = document.get<std::string>(node, "dataset", "");
  figure.method = document.get<std::string>(node, "method", "");
  figure.by = chosen(document, node, "by", {"block", "layer"}, "block");
  return figure;
}

}  // namespace

bool ExperimentGroup::applies_to(const std::string& network) const {
  return networks.empty() || std::find(networks.begin(), networks.end(), network) != networks.end();
}

const ExperimentScale& Experiment::scale(const std::string& wanted) const {
  Texts names;
  for (const auto& [one, scale] : scales) {
    if (one == wanted) return scale;
    names.push_back(one);
  }
  throw UserError("--scale", name + " has no scale '" + wanted + "'", allowed_hint(wanted, names));
}

std::vector<std::string> experiment_names(const std::string& folder) {
  Texts names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Experiment read_experiment(const std::string& name, const std::string& folder) {
  const bool is_file = name.find('/') != std::string::npos || name.ends_with(".yaml");
  if (!is_file) {
    const Texts names = experiment_names(folder);
    if (std::find(names.begin(), names.end(), name) == names.end())
      throw UserError("ldpsim reproduce", "there is no experiment '" + name + "'", allowed_hint(name, names));
  }
  const std::string file = is_file ? name : folder + "/" + name + ".yaml";
  const YamlDocument document(file);
  const YAML::Node& root = document.root();
  Experiment experiment;
  experiment.name = std::filesystem::path(file).stem().string();
  experiment.title = document.need<std::string>(root, "title");
  experiment.quality = chosen(document, root, "quality", {"accuracy", "psnr", "perplexity", "any"});
  if (root["published"]) {
    experiment.published_file = document.need<std::string>(root["published"], "file");
    experiment.table = document.need<std::string>(root["published"], "table");
  }
  for (const YAML::Node& group : root["groups"]) experiment.groups.push_back(group_of(document, group));
  for (const auto& scale : root["scales"])
    experiment.scales[scale.first.as<std::string>()] = scale_of(document, scale.second);
  for (const YAML::Node& figure : root["figures"]) experiment.figures.push_back(figure_of(document, figure));
  if (experiment.groups.empty() || experiment.scales.empty())
    throw UserError(file, "an experiment needs 'groups' and 'scales'");
  return experiment;
}

}  // namespace ldpsim
