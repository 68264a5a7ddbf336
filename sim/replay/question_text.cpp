// SPDX-License-Identifier: Apache-2.0
#include "sim/replay/question_text.hpp"

#include <fmt/format.h>

#include "sim/results/json_text.hpp"

namespace ldpsim {

std::string question_text(const ReplayRun& run, const std::vector<Pass>& passes, bool value_dependent) {
  const auto text = [&](const BitsHistogram& histogram) {
    return canonical_workload(run.workload.network, run.workload.batch, histogram);
  };
  std::string names;
  for (const Pass pass : passes) names += std::string(name_of(pass)) + "\n";
  return fmt::format("run={}:{}\n{}final\n{}static_bits={}\nper_channel={}\n{}{}", run.name.size(), run.name,
                     text(run.histogram), text(histogram_of(run.final_bits)), run.static_bits,
                     run.workload.weight_scale_per_channel, names,
                     (value_dependent || run.activity) && run.values != nullptr ? run.values->canonical() : "") +
         (run.activity ? "activity\n" : "");
}

namespace {

nlohmann::ordered_json document_of(const ArchSpec& arch) {
  nlohmann::ordered_json json{
      {"name", arch.name}, {"description", arch.description}, {"values", nlohmann::ordered_json::object()}};
  for (const auto& [key, value] : arch.values()) {
    std::visit([&, &key = key](const auto& v) { json["values"][key] = v; }, value);
  }
  json["assumed"] = arch.assumed;
  json["not_modelled"] = arch.not_modelled;
  json["sources"] = arch.sources;
  return json;
}

}  // namespace

std::string machine_json(const ArchSpec& arch) { return json_text(document_of(arch)); }

std::string question_json(const ArchSpec& arch, const ReplayRun& run, const std::string& question) {
  nlohmann::ordered_json json = document_of(arch);
  json["question"] = question;
  if (run.schedule) json["iterations"] = {run.schedule->first(), run.schedule->last()};
  return json_text(json);
}

}  // namespace ldpsim
