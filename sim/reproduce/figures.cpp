// SPDX-License-Identifier: Apache-2.0
#include "sim/reproduce/figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "sim/reproduce/tables.hpp"
#include "sim/results/json_text.hpp"
#include "sim/trace/schedule.hpp"
#include "sim/trace/trace.hpp"

namespace ldpsim {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kPoints = 400;  ///< of a curve; more cannot be told apart in print

bool of_figure(const ExperimentFigure& figure, const PlannedCell& cell) {
  return figure.shows(cell.network, cell.dataset, *cell.row);
}

Json series(const std::string& label, bool published) {
  return {{"label", label},
          {"published", published},
          {"x", Json::array()},
          {"y", Json::array()},
          {"deviation", Json::array()}};
}

/// Layers of a trace that belong together: those of a block, or those of the same name in every block.
struct LayerGroup {
  std::string name;
  std::vector<std::size_t> layers;
};

std::vector<LayerGroup> layer_groups(const Network& network, const std::string& by) {
  std::vector<LayerGroup> groups;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (!network.layers[i].quantised) continue;
    const std::string& name = network.layers[i].name;
    const std::size_t dot = name.rfind('.');
    if (by == "layer" && dot == std::string::npos) continue;  // belongs to no block
    const std::string key = by == "layer" ? name.substr(dot + 1) : name.substr(0, dot);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const LayerGroup& g) { return g.name == key; });
    if (same == groups.end()) {
      groups.push_back({key, {i}});
    } else {
      same->layers.push_back(i);
    }
  }
  return groups;
}

/// Mean bits of a group over iterations first..last-1.
double mean_bits(const Schedule& schedule, const LayerGroup& group, std::int64_t first, std::int64_t last) {
  double sum = 0;
  for (std::int64_t i = first; i < last; ++i) {
    for (const std::size_t layer : group.layers) sum += schedule.bits(i, layer).weight;
  }
  return sum / static_cast<double>((last - first) * static_cast<std::int64_t>(group.layers.size()));
}

Json curves_of(const Schedule& schedule, const std::string& by) {
  Json all = Json::array();
  const std::int64_t points = std::min(kPoints, schedule.size());
  for (const LayerGroup& group : layer_groups(schedule.network(), by)) {
    Json one = series(group.name, false);
    for (std::int64_t p = 0; p < points; ++p) {
      const std::int64_t first = schedule.first() + schedule.size() * p / points,
                         last = schedule.first() + schedule.size() * (p + 1) / points;
      one["x"].push_back(last);
      one["y"].push_back(mean_bits(schedule, group, first, last));
    }
    all.push_back(std::move(one));
  }
  return all;
}

/// Over the last tenth of the iterations, in which single steps no longer matter.
Json bars_of(const Schedule& schedule, const std::string& by) {
  Json one = series("mean bits", false);
  const std::int64_t first = schedule.last() - std::max<std::int64_t>(1, schedule.size() / 10);
  for (const LayerGroup& group : layer_groups(schedule.network(), by)) {
    one["x"].push_back(group.name);
    one["y"].push_back(mean_bits(schedule, group, first, schedule.last()));
  }
  return Json::array({std::move(one)});
}

/// A schedule is one run's: that of the first seed which is finished.
Json precision_panels(const ExperimentFigure& figure, const Plan& plan) {
  Json panels = Json::array();
  for (const PlannedCell& cell : plan.cells) {
    const auto index = std::find_if(cell.runs.begin(), cell.runs.end(),
                                    [&](std::size_t candidate) { return plan.runs[candidate].finished; });
    if (!of_figure(figure, cell) || index == cell.runs.end()) continue;
    const PlannedRun& run = plan.runs[*index];
    const Schedule schedule{TraceReader(run.trace)};
    const std::string dataset = dataset_title(cell.dataset, run.test_dataset.empty() ? run.dataset : run.test_dataset),
                      seed = cell.runs.size() > 1 ? fmt::format(", seed {}", run.seed) : "";
    panels.push_back(
        {{"title", fmt::format("{}, {}, {} {}{}", cell.network, dataset, cell.row->label, cell.row->precision, seed)},
         {"series", figure.kind == "curves" ? curves_of(schedule, figure.by) : bars_of(schedule, figure.by)}});
  }
  return panels;
}

void add_point(Json& one, double x, double y, const std::optional<double>& deviation) {
  one["x"].push_back(x);
  one["y"].push_back(y);
  one["deviation"].push_back(deviation ? Json(*deviation) : Json());
}

/// Cost against quality: a panel a network and data set, a series a method, ours and the published one.
Json scatter_panels(const ExperimentFigure& figure, const Plan& plan, const std::vector<CellOutcome>& outcomes,
                    const std::vector<PublishedEntry>& published) {
  struct Panel {
    std::map<std::string, Json> ours;
    std::string network, dataset, used;
  };
  std::vector<Panel> panels;
  for (const CellOutcome& one : outcomes) {
    const PlannedCell& cell = *one.cell;
    if (!of_figure(figure, cell) || !one.quality || !one.training_ratio) continue;
    auto at = std::find_if(panels.begin(), panels.end(),
                           [&](const Panel& p) { return p.network == cell.network && p.dataset == cell.dataset; });
    if (at == panels.end()) at = panels.insert(at, {{}, cell.network, cell.dataset, one.test_dataset()});
    Json& points = at->ours.try_emplace(cell.row->method, series(cell.row->method, false)).first->second;
    add_point(points, one.training_ratio->mean, one.quality->mean, one.quality->deviation);
  }
  Json all = Json::array();
  for (Panel& panel : panels) {
    Json lines = Json::array();
    for (auto& [method, points] : panel.ours) lines.push_back(std::move(points));
    std::map<std::string, Json> printed;
    for (const PublishedEntry& entry : published) {
      const auto quality = entry.cell("accuracy_percent"), cost = entry.cell("training_gbitops");
      if (entry.table != plan.experiment->table || entry.our_network != panel.network ||
          entry.our_dataset != panel.dataset || !quality || !cost || !entry.static_training || entry.alternative)
        continue;
      const std::string label =
          fmt::format("{}, published{}", entry.method, panel.used == panel.dataset ? "" : " for " + panel.dataset);
      add_point(printed.try_emplace(entry.method, series(label, true)).first->second, *cost / *entry.static_training,
                *quality, std::nullopt);
    }
    for (auto& [method, points] : printed) lines.push_back(std::move(points));
    all.push_back(
        {{"title", panel.network + ", " + dataset_title(panel.dataset, panel.used)}, {"series", std::move(lines)}});
  }
  return all;
}

}  // namespace

std::vector<FigureData> figure_data(const Plan& plan, const std::vector<CellOutcome>& outcomes,
                                    const std::vector<PublishedEntry>& published) {
  std::vector<FigureData> all;
  for (const ExperimentFigure& figure : plan.experiment->figures) {
    const bool scatter = figure.kind == "scatter";
    Json json{{"name", figure.name}, {"kind", figure.kind}};
    std::vector<CellOutcome> shown;
    std::copy_if(outcomes.begin(), outcomes.end(), std::back_inserter(shown),
                 [&](const CellOutcome& one) { return of_figure(figure, *one.cell); });
    Json lines = caption(plan, shown, scatter ? published : std::vector<PublishedEntry>());
    lines.insert(lines.begin(), figure.caption);
    json["caption"] = std::move(lines);
    json["x_title"] = scatter ? "training cost / static precision" : figure.kind == "curves" ? "iteration" : "";
    json["y_title"] = scatter ? quality_title(*plan.experiment) : "bits of weights and activations";
    json["panels"] = scatter ? scatter_panels(figure, plan, outcomes, published) : precision_panels(figure, plan);
    if (!json["panels"].empty()) all.push_back({figure.name, json_text(json, 1) + "\n"});
  }
  return all;
}

}  // namespace ldpsim
