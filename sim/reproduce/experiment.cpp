// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/experiment.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "sim/arch/yaml_file.hpp"
#include "sim/core/error.hpp"
#include "sim/core/suggest.hpp"
#include "sim/reproduce/yaml_section.hpp"

namespace ldpsim {
namespace {

using Texts = std::vector<std::string>;

const std::string kRowForm =
    "- {method: LDP, precision: FW3-8/BW8, run: {method: ldp, bits: \"3:8\", gradient-bits: 8}}";
const std::string kCaseForm = "- {networks: [resnet20], datasets: [cifar10], options: {iterations: 8000}}";

/// Options of the trainer that an experiment cannot give, and what decides them.
void refuse_reserved(const RunOptions& options, const std::string& where) {
  static const std::string kWhere = "this program says where traces are: give -o", kRun = "it is no property of a run";
  static const RunOptions kReserved{
      {"network", "name it under 'networks' of the case"},
      {"dataset", "name it under 'datasets' of the case"},
      {"test-dataset", "name it under 'datasets' and the other under 'train_on'"},
      {"data", "give the command --data NAME=DIR"},
      {"test-data", "give the command --data NAME=DIR"},
      {"seed", "seeds are 1 to N of --seeds N"},
      {"threads", "give the command --threads"},
      {"output", kWhere},
      {"resume", "runs are resumed where they can be"},
      {"force", "what is there is not trained again: remove its trace, or give another -o"},
      {"world-size", "every run is one process"},
      {"rank", "every run is one process"},
      {"master", "every run is one process"},
      {"benchmark", kRun},
      {"describe", kRun},
      {"help", kRun},
      {"list", kRun},
      {"quiet", kRun},
      {"test-only", kRun},
      {"version", kRun}};
  for (const auto& [option, value] : options) {
    if (const auto found = kReserved.find(option); found != kReserved.end())
      throw UserError(where, "option '" + option + "' cannot be given in an experiment", found->second);
  }
}

RunOptions options_of(const YamlSection& section, const std::string& key) {
  RunOptions options = section.pairs(key);
  refuse_reserved(options, section.where(key));
  return options;
}

ExperimentRow row_of(const std::string& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a row", kRowForm, {"method", "precision", "run"}, {"label", "printed"});
  ExperimentRow row;
  row.method = section.text("method");
  row.precision = section.text("precision");
  row.options = options_of(section, "run");
  row.label = section.text("label", row.method);
  row.printed = !section.has("printed") || section.flag("printed");
  row.where = section.where();
  if (!row.options.contains("method"))
    throw UserError(section.where("run"), "'run' lacks 'method'", "write " + kRowForm);
  return row;
}

ExperimentGroup group_of(const std::string& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a group", "- rows: and one row a line", {"rows"},
                            {"name", "networks", "improvement"});
  ExperimentGroup group;
  group.name = section.text("name", "");
  group.networks = section.words("networks");
  group.improvement = section.flag("improvement");
  for (const YAML::Node& row : section.list("rows")) group.rows.push_back(row_of(file, row));
  group.where = section.where("networks");
  return group;
}

ExperimentCase case_of(const std::string& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a case", kCaseForm, {"networks", "datasets"},
                            {"train_on", "options", "methods"});
  ExperimentCase one;
  one.networks = section.words("networks");
  one.datasets = section.words("datasets");
  one.train_on = section.text("train_on", "");
  one.options = options_of(section, "options");
  if (section.has("methods")) {
    Texts methods;
    for (const auto& [method, options] : section.map("methods")) methods.push_back(method);
    const YamlSection of_methods(file, node["methods"], "'methods'", "methods: {ldp: {precision-lr: 1}}", {}, methods);
    for (const std::string& method : methods) one.methods[method] = options_of(of_methods, method);
  }
  one.where = section.where();
  return one;
}

ExperimentScale scale_of(const std::string& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a scale", "small: {remark: TEXT, cases: [...]}", {"remark", "cases"},
                            {"stand_ins"});
  ExperimentScale scale;
  scale.remark = section.text("remark");
  scale.stand_ins = section.pairs("stand_ins");
  for (const YAML::Node& one : section.list("cases")) scale.cases.push_back(case_of(file, one));
  return scale;
}

/// Figures are written beside the table: a name with a folder in it would lead elsewhere.
std::string file_name_of(const YamlSection& section) {
  std::string name = section.text("name");
  const auto plain = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; };
  if (name.empty() || name.front() == '.' || name.size() > 100 || !std::all_of(name.begin(), name.end(), plain))
    throw UserError(section.where("name"), "'" + name + "' is no plain name of a file",
                    "use letters, digits, '-', '_' and '.', the first not '.'");
  return name;
}

ExperimentFigure figure_of(const std::string& file, const YAML::Node& node) {
  const YamlSection section(file, node, "a figure", "- {kind: scatter, name: fig3, caption: TEXT}",
                            {"kind", "name", "caption"}, {"network", "dataset", "method", "by"});
  ExperimentFigure figure;
  figure.kind = section.choice("kind", {"scatter", "curves", "bars"});
  figure.name = file_name_of(section);
  figure.caption = section.text("caption");
  figure.network = section.text("network", "");
  figure.dataset = section.text("dataset", "");
  figure.method = section.text("method", "");
  figure.by = section.choice("by", {"block", "layer"});
  figure.where = section.where();
  return figure;
}

Experiment experiment_of(const std::string& file, const YAML::Node& root) {
  const std::string form = "title, quality, groups and scales, as experiments/table3.yaml has them";
  if (!root.IsMap()) throw UserError(file + ":1", "not an experiment", "expected " + form);
  refuse_repeated_keys(file, root);
  const YamlSection section(file, root, "an experiment", form, {"title", "quality", "groups", "scales"},
                            {"published", "figures"});
  Experiment experiment;
  experiment.name = std::filesystem::path(file).stem().string();
  experiment.title = section.text("title");
  experiment.quality = section.choice("quality", {"accuracy", "psnr", "perplexity", "any"});
  if (section.has("published")) {
    const YamlSection published(file, root["published"], "'published'", "published: {file: ldp_2022, table: 3}",
                                {"file", "table"}, {});
    experiment.published_file = published.text("file");
    experiment.table = published.text("table");
    experiment.published_where = published.where("file");
    experiment.table_where = published.where("table");
  }
  for (const YAML::Node& group : section.list("groups")) experiment.groups.push_back(group_of(file, group));
  for (const auto& [name, scale] : section.map("scales")) experiment.scales[name] = scale_of(file, scale);
  if (experiment.scales.empty()) throw UserError(section.where("scales"), "'scales' is empty", "name at least one");
  for (const YAML::Node& figure : section.list("figures")) experiment.figures.push_back(figure_of(file, figure));
  return experiment;
}

/// A network with the rows that are made for it, at whatever scale.
struct MadeRow {
  std::string network;
  const Texts* datasets;
  const ExperimentRow* row;
};

std::vector<MadeRow> made_rows(const Experiment& experiment) {
  std::vector<MadeRow> made;
  for (const auto& [name, scale] : experiment.scales) {
    for (const ExperimentCase& one : scale.cases) {
      for (const std::string& network : one.networks) {
        const std::size_t before = made.size();
        for (const ExperimentGroup& group : experiment.groups) {
          if (!group.applies_to(network)) continue;
          for (const ExperimentRow& row : group.rows) made.push_back({network, &one.datasets, &row});
        }
        if (made.size() == before)
          throw UserError(one.where, "no group has rows for network '" + network + "'",
                          "name it under 'networks' of a group, or leave that key out");
      }
    }
  }
  return made;
}

/// Throws UserError if `value`, where there is one, is not in `known`.
void require_known(const std::string& where, const std::string& what, const std::string& value,
                   const std::set<std::string>& known) {
  if (value.empty() || known.contains(value)) return;
  const Texts names(known.begin(), known.end());
  throw UserError(where, what + " '" + value + "'", allowed_hint(value, names));
}

void check_methods_of_cases(const Experiment& experiment) {
  std::set<std::string> methods;
  for (const ExperimentGroup& group : experiment.groups) {
    for (const ExperimentRow& row : group.rows) methods.insert(row.options.at("method"));
  }
  for (const auto& [name, scale] : experiment.scales) {
    for (const ExperimentCase& one : scale.cases) {
      for (const auto& [method, options] : one.methods)
        require_known(one.where, "'methods' of the case names a method that no row is trained with,", method, methods);
    }
  }
}

/// Throws UserError for a name that refers to nothing: what it is to choose would be left out without a word.
void check_references(const Experiment& experiment) {
  const std::vector<MadeRow> made = made_rows(experiment);
  std::set<std::string> networks, datasets, methods, names;
  for (const MadeRow& one : made) {
    networks.insert(one.network);
    datasets.insert(one.datasets->begin(), one.datasets->end());
    methods.insert(one.row->method);
  }
  for (const ExperimentGroup& group : experiment.groups) {
    for (const std::string& network : group.networks)
      require_known(group.where, "the group is of a network that no case has,", network, networks);
  }
  check_methods_of_cases(experiment);
  for (const ExperimentFigure& figure : experiment.figures) {
    require_known(figure.where, "the figure is of a network that no case has,", figure.network, networks);
    require_known(figure.where, "the figure is of a data set that no case has,", figure.dataset, datasets);
    require_known(figure.where, "the figure is of a method that no row has,", figure.method, methods);
    const bool shows = std::any_of(made.begin(), made.end(), [&](const MadeRow& one) {
      return std::any_of(one.datasets->begin(), one.datasets->end(),
                         [&](const std::string& dataset) { return figure.shows(one.network, dataset, *one.row); });
    });
    if (!shows)
      throw UserError(figure.where, "figure '" + figure.name + "' shows nothing",
                      "no row has its network, data set and method together");
    if (!names.insert(figure.name).second)
      throw UserError(figure.where, "there are two figures '" + figure.name + "'", "give one another name");
  }
}

}  // namespace

bool ExperimentFigure::shows(const std::string& of_network, const std::string& of_dataset,
                             const ExperimentRow& row) const {
  return (network.empty() || network == of_network) && (dataset.empty() || dataset == of_dataset) &&
         (method.empty() || method == row.method);
}

std::set<std::string> Experiment::datasets() const {
  std::set<std::string> names;
  for (const auto& [name, scale] : scales) {
    for (const auto& [dataset, stand_in] : scale.stand_ins) names.insert({dataset, stand_in});
    for (const ExperimentCase& one : scale.cases) {
      names.insert(one.datasets.begin(), one.datasets.end());
      if (!one.train_on.empty()) names.insert(one.train_on);
    }
  }
  return names;
}

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
  const Experiment experiment =
      experiment_of(file, read_yaml(file, "give an experiment of 'ldpsim reproduce' or a YAML file"));
  check_references(experiment);
  return experiment;
}

}  // namespace ldpsim
