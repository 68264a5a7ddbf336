// SPDX-License-Identifier: Apache-2.0
// Plans: which runs an experiment takes, which of them are there, and what stands in for what.
#include "sim/reproduce/plan.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "sim/core/error.hpp"
#include "sim/reproduce/outcome.hpp"
#include "sim/reproduce/tables.hpp"
#include "tests/support/scratch.hpp"
#include "tests/unit/reproduce/made_up_experiment.hpp"

namespace ldpsim {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

const std::string kSource = LDPSIM_SOURCE_DIR;

std::vector<std::string> states_of(const Plan& plan) {
  std::vector<std::string> states;
  for (const PlannedRun& run : plan.runs)
    states.push_back(!run.unavailable.empty() ? "unavailable" : run.finished ? "finished" : std::to_string(run.done));
  return states;
}

TEST(Plan, EveryMethodDatasetAndSeedIsARun) {
  const ScratchFolder scratch;
  const Experiment experiment = made_up_experiment(scratch);
  const Plan plan = make_plan(experiment, request_in(scratch, 2), describe_as_trainer);
  EXPECT_EQ(plan.cells.size(), 3u) << "static, ldp, and static again in the second group";
  EXPECT_EQ(plan.runs.size(), 4u) << "the static runs are shared";
  EXPECT_EQ(plan.cells[0].runs, plan.cells[2].runs);
  EXPECT_EQ(plan.cells[1].runs.size(), 2u);
  EXPECT_THAT(states_of(plan), ElementsAre("0", "0", "0", "0"));
  EXPECT_THAT(plan.runs[0].arguments,
              ElementsAre("--network", "resnet20", "--dataset", "fashion-mnist", "--batch", "16", "--bits", "8",
                          "--iterations", "20", "--method", "static", "--seed", "1"));
  EXPECT_EQ(plan.runs[1].trace.substr(plan.runs[1].trace.size() - 9), "-s2.trace");
}

TEST(Plan, RunsOfAMethodTakeWhatACaseHasForIt) {
  const ScratchFolder scratch;
  const Experiment experiment = read_experiment(
      scratch.write("own.yaml",
                    "title: Own\nquality: accuracy\ngroups:\n  - rows:\n"
                    "      - {method: SBM, precision: FW8/BW8, run: {method: static, bits: 8}}\n"
                    "      - {method: LDP, precision: FW3-8/BW8, run: {method: ldp, budget: 0.6}}\n"
                    "scales:\n  small:\n    remark: small\n    cases:\n"
                    "      - networks: [resnet20]\n        datasets: [fashion-mnist]\n"
                    "        options: {iterations: 20}\n        methods: {ldp: {budget: 0.9, alpha: 3}}\n"),
      scratch.path(""));
  const Plan plan = make_plan(experiment, request_in(scratch, 1), describe_as_trainer);
  ASSERT_EQ(plan.runs.size(), 2u);
  EXPECT_FALSE(plan.runs[0].meta.contains("alpha"));
  EXPECT_EQ(plan.runs[1].meta.at("alpha"), "3");
  EXPECT_EQ(plan.runs[1].meta.at("budget"), "0.9");
}

TEST(Plan, TracesInTheFolderAreFoundByTheirName) {
  const ScratchFolder scratch;
  const Experiment experiment = made_up_experiment(scratch);
  const Plan first = make_plan(experiment, request_in(scratch, 1), describe_as_trainer);
  write_run(first.runs[0].trace, first.runs[0].meta, 20, 80);
  write_run(first.runs[1].trace, first.runs[1].meta, 7, 0);
  EXPECT_THAT(states_of(make_plan(experiment, request_in(scratch, 1), describe_as_trainer)),
              ElementsAre("finished", "7"));
}

/// Older traces lack keys; those stand for the default, and what does not change the outcome may differ.
TEST(Plan, FinishedTracesElsewhereAreUsedIfTheyAreOfTheSameRun) {
  struct Case {
    std::string key, value;  ///< what the trace has instead
    bool used;
  };
  for (const Case& one : {Case{"batch", "16", true}, Case{"batch", "32", false}, Case{"evaluate_every", "7", true},
                          Case{"threads", "9", true}, Case{"budget", "0.6", true}, Case{"budget", "0.65", false},
                          Case{"budget", "", true}, Case{"alpha", "2", false}, Case{"image_height", "64", false},
                          Case{"image_height", "", true}, Case{"seed", "2", false}, Case{"network", "", false},
                          Case{"program_version", "0.0.1", true}}) {
    const ScratchFolder scratch, elsewhere;
    const Experiment experiment = made_up_experiment(scratch);
    PlanRequest request = request_in(scratch, 1);
    const Plan first = make_plan(experiment, request, describe_as_trainer);
    std::map<std::string, std::string> meta = first.runs[1].meta;
    meta[one.key] = one.value;
    if (one.value.empty()) meta.erase(one.key);
    if (one.key == "network") meta["network"] = "resnet38";
    write_run(elsewhere.path("old.trace"), meta, 20, 80);
    request.use = {elsewhere.path("")};
    const PlannedRun run = make_plan(experiment, request, describe_as_trainer).runs[1];
    EXPECT_EQ(run.finished, one.used) << one.key << '=' << one.value;
    EXPECT_EQ(run.elsewhere, one.used);
    if (one.used) {
      EXPECT_EQ(run.trace, elsewhere.path("old.trace"));
    }
  }
}

TEST(Plan, UnfinishedOrForeignFilesElsewhereAreNamedAndLeft) {
  const ScratchFolder scratch, elsewhere;
  const Experiment experiment = made_up_experiment(scratch);
  PlanRequest request = request_in(scratch, 1);
  const Plan first = make_plan(experiment, request, describe_as_trainer);
  write_run(elsewhere.path("half.trace"), first.runs[1].meta, 12, 80);
  elsewhere.write("text.trace", "not a trace");
  request.use = {elsewhere.path("")};
  const Plan plan = make_plan(experiment, request, describe_as_trainer);
  EXPECT_FALSE(plan.runs[1].finished);
  ASSERT_EQ(plan.notes.size(), 2u);
  EXPECT_THAT(plan.notes[0], HasSubstr("half.trace: not used, it has 12 of 20 iterations"));
  EXPECT_THAT(plan.notes[1], HasSubstr("text.trace"));
  request.use = {elsewhere.path("nowhere")};
  EXPECT_THAT(message_of([&] { make_plan(experiment, request, describe_as_trainer); }),
              HasSubstr("--use: error: no such folder"));
}

TEST(Plan, AStandInReplacesADatasetThatIsNotAtHand) {
  const ScratchFolder scratch;
  Experiment experiment = made_up_experiment(scratch);
  replace_datasets(experiment, {"cifar10"});
  const Plan plan = make_plan(experiment, request_in(scratch, 1), describe_as_trainer);
  EXPECT_EQ(plan.runs[0].dataset, "fashion-mnist");
  EXPECT_EQ(plan.cells[0].dataset, "cifar10") << "the row stays where the publication has it";
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("fashion-mnist stands in for cifar10: --data: error: no folder")));
  PlanRequest with_data = request_in(scratch, 1);
  with_data.data["cifar10"] = "/data";
  EXPECT_EQ(make_plan(experiment, with_data, describe_as_trainer).runs[0].dataset, "cifar10");
}

/// Super-resolution trains on one set and is tested on another; what stands in is both.
TEST(Plan, TrainsOnOneSetAndTestsOnAnother) {
  const ScratchFolder scratch;
  Experiment experiment = made_up_experiment(scratch);
  ExperimentCase& one = experiment.scales.at("small").cases[0];
  one.datasets = {"urban100"};
  one.train_on = "bsds";
  PlanRequest request = request_in(scratch, 1);
  request.data["urban100"] = "/u";
  const Plan plan = make_plan(experiment, request, describe_as_trainer);
  EXPECT_EQ(plan.cells[0].dataset, "urban100");
  EXPECT_EQ(plan.runs[0].dataset, "bsds");
  EXPECT_THAT(plan.runs[0].arguments,
              testing::IsSupersetOf({"--dataset", "bsds", "--test-dataset", "urban100", "--test-data", "/u"}));
  one.train_on = "cifar10";  // which is not at hand
  experiment.scales.at("small").stand_ins = {{"urban100", "photos"}};
  EXPECT_THAT(message_of([&] { make_plan(experiment, request, describe_as_trainer); }),
              HasSubstr("resnet20 on cifar10, tested on urban100 cannot be trained; --data: no folder"))
      << "nothing stands in for the set that was named";
  request.data.clear();
  const Plan replaced = make_plan(experiment, request, describe_as_trainer);
  EXPECT_EQ(replaced.runs[0].dataset, "photos");
  EXPECT_THAT(replaced.runs[0].arguments, testing::Not(testing::Contains("--test-dataset")));
}

/// Data that the user named but that does not do is no data that is not at hand.
TEST(Plan, NothingStandsInForDataThatIsNamed) {
  const ScratchFolder scratch;
  Experiment experiment = made_up_experiment(scratch);
  replace_datasets(experiment, {"cifar10"});
  PlanRequest request = request_in(scratch, 1);
  request.data["cifar10"] = "/damaged";
  const Describe refuses = [](const std::vector<std::vector<std::string>>& runs) {
    std::vector<RunDescription> all = describe_as_trainer(runs);
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (std::find(runs[i].begin(), runs[i].end(), "/damaged") != runs[i].end())
        all[i] = {{}, "/damaged: error: no such folder, for dataset 'cifar10'"};
    }
    return all;
  };
  EXPECT_EQ(message_of([&] { make_plan(experiment, request, refuses); }),
            "--data: error: resnet20 on cifar10 cannot be trained; /damaged: no such folder, for dataset 'cifar10'");
}

TEST(Plan, WhatLacksItsDataIsUnavailable) {
  const ScratchFolder scratch;
  Experiment experiment = made_up_experiment(scratch);
  replace_datasets(experiment, {"cifar10"});
  experiment.scales.at("small").stand_ins.clear();
  const Plan plan = make_plan(experiment, request_in(scratch, 1), describe_as_trainer);
  EXPECT_THAT(states_of(plan), ElementsAre("unavailable", "unavailable"));
  EXPECT_FALSE(plan.runs[0].missing());
  const std::string text = plan_table(plan, {}, 2).render(TableFormat::kText);
  EXPECT_THAT(text, HasSubstr("unavailable, skipped: resnet20 on cifar10: --data: error: no folder"));
  const std::vector<CellOutcome> outcomes = outcomes_of(plan, {});
  EXPECT_EQ(outcomes[0].runs, 0u);
  EXPECT_FALSE(outcomes[0].quality.has_value());
  const std::string layout = layout_table(plan, outcomes, {}).render(TableFormat::kText);
  EXPECT_THAT(layout, HasSubstr("missing: resnet20, cifar10, SBM FW8/BW8: --data"));
  EXPECT_THAT(layout, HasSubstr("ours: no finished run; scale small (very small)\n"));
}

/// Finished traces need no data: neither a stand-in nor a reason takes their place.
TEST(Plan, FinishedTracesAreUsedWithoutTheirData) {
  for (const bool with_stand_in : {true, false}) {
    const ScratchFolder scratch, elsewhere;
    Experiment experiment = made_up_experiment(scratch);
    replace_datasets(experiment, {"cifar10"});
    if (!with_stand_in) experiment.scales.at("small").stand_ins.clear();
    PlanRequest request = request_in(scratch, 1);
    request.data["cifar10"] = "/data";
    const Plan trained = make_plan(experiment, request, describe_as_trainer);
    write_run(trained.runs[0].trace, trained.runs[0].meta, 20, 80);
    write_run(elsewhere.path("ldp.trace"), trained.runs[1].meta, 20, 81);
    std::map<std::string, std::string> other = trained.runs[1].meta;
    other["dataset"] = "fashion-mnist";
    write_run(elsewhere.path("other.trace"), other, 20, 82);
    request.data.clear();
    const Plan here = make_plan(experiment, request, describe_as_trainer);
    EXPECT_THAT(states_of(here), ElementsAre("finished", "unavailable")) << "the data of the other is not there";
    request.use = {elsewhere.path("")};
    const Plan plan = make_plan(experiment, request, describe_as_trainer);
    EXPECT_THAT(states_of(plan), ElementsAre("finished", "finished"));
    EXPECT_EQ(plan.runs[1].trace, elsewhere.path("ldp.trace"));
    EXPECT_TRUE(plan.notes.empty());
  }
}

/// A folder of one's own may hold other data under the same name; the traces say so.
TEST(Plan, TracesOfOtherDataUnderTheSameNameAreNotUsed) {
  const ScratchFolder scratch, elsewhere;
  const Experiment experiment = made_up_experiment(scratch);
  PlanRequest request = request_in(scratch, 1);
  const Plan first = make_plan(experiment, request, describe_as_trainer);
  std::map<std::string, std::string> meta = first.runs[0].meta;
  meta["dataset_sha256"] = "one";
  write_run(first.runs[0].trace, meta, 20, 80);
  meta = first.runs[1].meta;
  meta["dataset_sha256"] = "another";
  write_run(elsewhere.path("another.trace"), meta, 20, 80);
  request.use = {elsewhere.path("")};
  const Plan plan = make_plan(experiment, request, describe_as_trainer);
  EXPECT_THAT(states_of(plan), ElementsAre("finished", "0"));
  EXPECT_THAT(plan.notes, ElementsAre(HasSubstr("another.trace: not used, its fashion-mnist holds other data than")));
}

TEST(Plan, SeedsOnOtherDataAreNoMean) {
  const ScratchFolder scratch;
  const Experiment experiment = made_up_experiment(scratch);
  const Plan first = make_plan(experiment, request_in(scratch, 2), describe_as_trainer);
  for (const std::size_t seed : {0, 1}) {
    std::map<std::string, std::string> meta = first.runs[seed].meta;
    meta["dataset_sha256"] = seed == 0 ? "one" : "another";
    write_run(first.runs[seed].trace, meta, 20, 80);
  }
  const Plan plan = make_plan(experiment, request_in(scratch, 2), describe_as_trainer);
  EXPECT_THAT(states_of(plan), ElementsAre("finished", "unavailable", "0", "0"));
  EXPECT_THAT(plan.runs[1].unavailable, HasSubstr("its fashion-mnist holds other data than that of"));
}

TEST(Plan, WhatTheTrainerRefusesIsAnErrorOfTheRow) {
  const ScratchFolder scratch;
  Experiment experiment = made_up_experiment(scratch);
  experiment.scales.at("small").cases[0].networks = {"resnet18"};
  EXPECT_EQ(message_of([&] { make_plan(experiment, request_in(scratch, 1), describe_as_trainer); }),
            scratch.path("made-up.yaml:8: error: row 'SBM FW8/BW8' with the case at ") +
                scratch.path("made-up.yaml:18 of scale 'small', resnet18 on fashion-mnist, is refused by the trainer; "
                             "--network: unknown network"));
  replace_datasets(experiment, {"cifar10"});  // which is not at hand either
  EXPECT_THAT(message_of([&] { make_plan(experiment, request_in(scratch, 1), describe_as_trainer); }),
              HasSubstr("--network: unknown network"));
}

/// The shipped experiments: their rows are the printed ones, each of them, where the publication prints a table.
TEST(Experiments, EveryCellOfATableFindsItsPrintedRow) {
  const auto published = read_published(kSource + "/published/ldp_2022.yaml", kSource + "/networks");
  const ScratchFolder scratch;
  for (const std::string& name : experiment_names(kSource + "/experiments")) {
    const Experiment experiment = read_experiment(name, kSource + "/experiments");
    EXPECT_TRUE(experiment.scales.contains("full") && experiment.scales.contains("small") &&
                experiment.scales.contains("trial"))
        << name;
    if (!name.starts_with("table") || experiment.table.empty()) continue;
    PlanRequest request = request_in(scratch, 1);
    request.scale = "full";
    const Plan plan = make_plan(experiment, request, [](const auto& runs) {
      const RunDescription same{
          {{"network", "n"}, {"dataset", "d"}, {"method", "m"}, {"seed", "1"}, {"iterations", "1"}, {"batch", "1"}},
          ""};
      return std::vector<RunDescription>(runs.size(), same);
    });
    std::set<std::string> rows;
    for (const PlannedCell& cell : plan.cells) {
      const auto row =
          printed_row(experiment, published, cell.network, cell.dataset, cell.row->method, cell.row->precision);
      EXPECT_TRUE(row.has_value()) << name << ' ' << cell.network << ' ' << cell.dataset << ' ' << cell.row->method;
      rows.insert(cell.network + cell.dataset + cell.row->method + cell.row->precision);
    }
    std::size_t printed = 0;
    for (const PublishedEntry& entry : published)
      printed += entry.table == experiment.table && !entry.is_improvement() && !entry.alternative ? 1 : 0;
    EXPECT_EQ(rows.size(), printed) << name;
  }
}

}  // namespace
}  // namespace ldpsim
