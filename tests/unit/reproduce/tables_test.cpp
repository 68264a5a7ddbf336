// SPDX-License-Identifier: Apache-2.0
// Outcomes of runs, the tables made of them, and the data of figures.
#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/core/error.hpp"
#include "sim/reproduce/figures.hpp"
#include "sim/reproduce/outcome.hpp"
#include "sim/reproduce/tables.hpp"
#include "tests/unit/reproduce/made_up_experiment.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

const std::string kSource = LDPSIM_SOURCE_DIR;

double ratio_of(double bits) {
  const double quantised = 40'813'184 - 640, in_float = 640;  // the classifier costs 8 bits
  return (quantised * (bits * bits + 16 * bits) / 192 + in_float) / (quantised + in_float);
}

class Reproduced : public testing::Test {
 protected:
  Reproduced()
      : experiment_(made_up_experiment(scratch_)),
        published_(read_published(kSource + "/published/ldp_2022.yaml", kSource + "/networks")),
        plan_(make_plan(experiment_, request_in(scratch_, 2), describe_as_trainer)) {
    // static: 91, 93 %; ldp: 92, 95 % at 4 and 5 bits in the first seed, 5 and 6 in the second
    write_run(plan_.runs[0].trace, plan_.runs[0].meta, 20, 91);
    write_run(plan_.runs[1].trace, plan_.runs[1].meta, 20, 93);
    write_run(plan_.runs[2].trace, plan_.runs[2].meta, 20, 92, 4);
    write_run(plan_.runs[3].trace, plan_.runs[3].meta, 20, 95, 5);
    for (PlannedRun& run : plan_.runs) refresh(run);
  }

  ScratchFolder scratch_;
  Experiment experiment_;
  std::vector<PublishedEntry> published_;
  Plan plan_;
};

TEST_F(Reproduced, OutcomesAreTheTracesOwn) {
  const RunOutcome run = read_outcome(plan_.runs[2].trace, "accuracy");
  EXPECT_DOUBLE_EQ(run.quality, 92);
  EXPECT_DOUBLE_EQ(run.best_quality, 92) << "90 % came first";
  EXPECT_NEAR(run.training_ratio, (ratio_of(4) + ratio_of(5)) / 2, 1e-12);
  EXPECT_NEAR(run.second_half_ratio, ratio_of(5), 1e-12);
  EXPECT_NEAR(run.inference_ratio, (25.0 / 64 * (40'813'184 - 640) + 640) / 40'813'184, 1e-12);
  EXPECT_NEAR(run.quantised_ratio, (16 + 64 + 25 + 80) / 192.0 / 2, 1e-12) << "without the classifier";
  EXPECT_DOUBLE_EQ(read_outcome(plan_.runs[2].trace, "any").best_quality, 92);
  EXPECT_THAT(message_of([&] { read_outcome(plan_.runs[2].trace, "psnr"); }), HasSubstr("has no test of its psnr"));
}

TEST_F(Reproduced, OfPerplexitiesTheLowestIsBest) {
  const std::string text = scratch_.path("text.trace");
  write_run(text, plan_.runs[2].meta, 20, 95, 8, "perplexity");
  for (const std::string wanted : {"perplexity", "any"}) {
    const RunOutcome run = read_outcome(text, wanted);
    EXPECT_EQ(run.quality_name, "perplexity");
    EXPECT_DOUBLE_EQ(run.quality, 0.95);
    EXPECT_DOUBLE_EQ(run.best_quality, 0.9);
  }
}

/// Else a row of 16 bits beside one of 8 would cost the same.
TEST_F(Reproduced, CostsOfAGroupAreRelativeToItsStaticRow) {
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";
  plan_.runs[0].meta["static_bits"] = "16";
  const std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  const double in_float = 640 / 40'813'184.0;
  EXPECT_EQ(outcomes[1].static_bits, 16);
  EXPECT_NEAR(outcomes[0].training_ratio->mean, in_float + (1 - in_float) / 4, 1e-12);
  EXPECT_NEAR(outcomes[0].inference_ratio->mean, in_float + (1 - in_float) / 4, 1e-12);
  EXPECT_NEAR(outcomes[0].training_gbitops().value() / 64'193'587.838976, 1 + 3 * in_float, 1e-9);
  EXPECT_THAT(layout_table(plan_, outcomes, published_).render(TableFormat::kText),
              HasSubstr("costs count layers in float at static precision (16 bits) and are "));
}

TEST_F(Reproduced, WhatIsInFloatHasNoCostInBits) {
  for (const std::size_t run : {2, 3}) {
    std::filesystem::remove(plan_.runs[run].trace);
    write_run(plan_.runs[run].trace, plan_.runs[run].meta, 20, 92, 0);
  }
  const std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  EXPECT_DOUBLE_EQ(outcomes[1].quality->mean, 92);
  EXPECT_FALSE(outcomes[1].training_ratio || outcomes[1].inference_ratio);
  const Table table = layout_table(plan_, outcomes, published_);
  EXPECT_EQ(std::get<std::string>(table.rows().at(1).at(4)), "-");
  EXPECT_EQ(std::get<std::string>(table.rows().at(2).at(4)), "-") << "of the improvement";
}

TEST_F(Reproduced, SeedsBecomeMeanAndSampleDeviation) {
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";  // whose classifier has ten outputs
  const std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_DOUBLE_EQ(outcomes[0].quality->mean, 92);
  EXPECT_NEAR(outcomes[0].quality->deviation.value(), std::sqrt(2), 1e-12);
  EXPECT_NEAR(outcomes[1].training_ratio->mean, (ratio_of(4) + 2 * ratio_of(5) + ratio_of(6)) / 4, 1e-12);
  EXPECT_NEAR(outcomes[1].training_gbitops().value(), outcomes[1].training_ratio->mean * 64'193'587.838976, 1e-3);
  EXPECT_FALSE(statistic_of({5}).deviation.has_value());
}

TEST_F(Reproduced, TheLayoutSetsPublishedFiguresApart) {
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";  // as if Fashion-MNIST stood in
  const std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  const Table table = layout_table(plan_, outcomes, published_);
  EXPECT_THAT(table.columns(),
              testing::ElementsAre("network", "method", "precision", "fashion-mnist (for cifar10) accuracy (%)",
                                   "fashion-mnist (for cifar10) training GBitOPs (ratio)",
                                   "fashion-mnist (for cifar10) inference GBitOPs (ratio)", "published accuracy (%)",
                                   "published training", "published inference"));
  const auto text = [&](std::size_t row, std::size_t column) {
    return std::get<std::string>(table.rows().at(row).at(column));
  };
  EXPECT_EQ(text(0, 3), "92.00 ± 1.41");
  EXPECT_EQ(text(0, 4), "0.642e8 (1.000 ± 0.000)");
  EXPECT_EQ(text(0, 6), "91.86");
  EXPECT_EQ(text(1, 6), "92.08");
  EXPECT_EQ(text(1, 7), "0.41e8");
  EXPECT_EQ(text(2, 1), "Improv.");
  EXPECT_EQ(text(2, 3), "+1.50");
  EXPECT_EQ(text(2, 6), "+0.22");
  EXPECT_EQ(text(2, 7), "-33.9 %");
  ASSERT_EQ(table.rows().size(), 4u);
  const std::string all = table.render(TableFormat::kText);
  EXPECT_THAT(
      all, HasSubstr("ours: data set fashion-mnist in place of cifar10: 20 iterations of 16; scale small (very small); "
                     "seeds: 2"));
  EXPECT_THAT(all, HasSubstr("published: as printed in Yu et al."));
}

TEST_F(Reproduced, NumbersNameTheSetThatWasReallyTestedOn) {
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";  // as if Fashion-MNIST stood in
  const Table table = number_table(plan_, outcomes_of(plan_, published_));
  ASSERT_EQ(table.columns()[5], "tested_on");
  EXPECT_EQ(std::get<std::string>(table.rows()[0][3]), "cifar10");
  EXPECT_EQ(std::get<std::string>(table.rows()[0][5]), "fashion-mnist");
}

TEST_F(Reproduced, TheCaptionCountsSeedsOfCellsThatHaveRunsOnly) {
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";  // as if Fashion-MNIST stood in
  const auto seeds_of = [&](const std::vector<CellOutcome>& outcomes) {
    const std::string line = caption(plan_, outcomes, published_)[1];
    const std::size_t at = line.find("seeds: ");
    return at == std::string::npos ? "" : line.substr(at);
  };
  std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  outcomes[1].runs = 0;
  EXPECT_EQ(seeds_of(outcomes), "seeds: 2");
  outcomes[0].runs = 1;
  outcomes[0].reasons = {"not trained to its end"};
  EXPECT_THAT(caption(plan_, outcomes, published_),
              testing::Contains("missing: resnet20, cifar10, SBM FW8/BW8, 1 of 2 seeds: not trained to its end"));
  EXPECT_EQ(seeds_of(outcomes), "seeds: 1 to 2");
  for (CellOutcome& one : outcomes) one.runs = 0;
  EXPECT_EQ(seeds_of(outcomes), "");
}

TEST_F(Reproduced, DataThatWasNotAllTestedOnIsSaidSo) {
  const auto size_with = [&](std::map<std::string, std::string> more) {
    const ScratchFolder folder;
    more.insert(plan_.runs[0].meta.begin(), plan_.runs[0].meta.end());
    write_run(folder.path("x.trace"), more, 20, 91);
    return read_outcome(folder.path("x.trace"), "accuracy").data_size;
  };
  const std::map<std::string, std::string> images{{"train_images", "60000"}, {"test_images", "10000"}};
  const auto limited = [](std::map<std::string, std::string> meta, const std::string& limit) {
    meta["evaluate_images"] = limit;
    return meta;
  };
  EXPECT_EQ(size_with(images), "60000 + 10000 images");
  EXPECT_EQ(size_with(limited(images, "0")), "60000 + 10000 images");
  EXPECT_EQ(size_with(limited(images, "10000")), "60000 + 10000 images");
  EXPECT_EQ(size_with(limited(images, "20")), "60000 + 10000 images, tested on the first 20");
  const std::map<std::string, std::string> folder{
      {"train_images", "90"}, {"test_images", "0"}, {"tested_on", "training pictures"}};
  EXPECT_EQ(size_with(limited(folder, "20")), "90 images, tested on the same, of those 20 spread over the classes");
  std::map<std::string, std::string> text{
      {"train_tokens", "9000"}, {"test_tokens", "700"}, {"tokens", "32"}, {"test_samples", "100"}};
  EXPECT_EQ(size_with(limited(text, "40")), "9000 + 700 tokens, tested on the first 40 samples");
  EXPECT_EQ(size_with(limited(text, "100")), "9000 + 700 tokens") << "it has 100 samples";
  text.erase("test_samples");
  EXPECT_EQ(size_with(text), "9000 + 700 tokens");
  EXPECT_EQ(size_with(limited(text, "100")), "9000 + 700 tokens, tested on the first 100 samples") << "as far as known";
}

TEST_F(Reproduced, NumbersHaveEveryColumnExplained) {
  const Table table = number_table(plan_, outcomes_of(plan_, published_)), planned = plan_table(plan_, {}, 1);
  std::set<std::string> known{"network",   "dataset", "method",
                              "precision", "batch",   "static_bits"};  // documented with other tables
  for (const ColumnDoc& column : reproduced_column_docs()) known.insert(column.name);
  for (const std::string& column : table.columns()) EXPECT_TRUE(known.contains(column)) << column;
  for (const std::string& column : planned.columns()) EXPECT_TRUE(known.contains(column)) << column;
  EXPECT_EQ(table.rows().size(), 3u);
}

TEST_F(Reproduced, FiguresAreDataWithACaption) {
  const auto figures = figure_data(plan_, outcomes_of(plan_, published_), published_);
  ASSERT_EQ(figures.size(), 3u);
  const auto points = nlohmann::json::parse(figures[0].json), blocks = nlohmann::json::parse(figures[1].json),
             ends = nlohmann::json::parse(figures[2].json);
  EXPECT_EQ(points["panels"][0]["series"].size(), 2u);
  EXPECT_EQ(points["panels"][0]["series"][0]["label"], "LDP");
  EXPECT_NEAR(points["panels"][0]["series"][0]["deviation"][0], std::sqrt(4.5), 1e-9);
  EXPECT_EQ(blocks["panels"][0]["series"].size(), 10u) << "the stem and nine blocks";
  EXPECT_EQ(blocks["panels"][0]["series"][0]["y"].size(), 20u);
  EXPECT_EQ(blocks["panels"][0]["series"][0]["y"][19], 5.0);
  EXPECT_EQ(ends["panels"][0]["series"][0]["x"], (nlohmann::json{"conv1", "conv2", "shortcut"}));
  EXPECT_THAT(ends["caption"][0].get<std::string>(), "Ends.");
  EXPECT_THAT(ends["caption"][2].get<std::string>(),
              HasSubstr("data set fashion-mnist: 20 iterations of 16; scale small"));
}

TEST_F(Reproduced, FiguresSayWhoseDataAndWhichSeedTheyShow) {
  const auto titles = [&] {
    const auto figures = figure_data(plan_, outcomes_of(plan_, published_), published_);
    std::vector<std::string> all;
    for (const FigureData& figure : figures)
      all.push_back(nlohmann::json::parse(figure.json)["panels"][0]["title"].get<std::string>());
    return all;
  };
  EXPECT_THAT(titles(),
              testing::ElementsAre("resnet20, fashion-mnist", "resnet20, fashion-mnist, LDP FW3-8/BW8, seed 1",
                                   "resnet20, fashion-mnist, LDP FW3-8/BW8, seed 1"));
  plan_.runs[2].finished = false;
  for (PlannedCell& cell : plan_.cells) cell.dataset = "cifar10";  // as if Fashion-MNIST stood in
  EXPECT_THAT(titles(), testing::ElementsAre("resnet20, fashion-mnist (for cifar10)",
                                             "resnet20, fashion-mnist (for cifar10), LDP FW3-8/BW8, seed 2",
                                             "resnet20, fashion-mnist (for cifar10), LDP FW3-8/BW8, seed 2"));
  const auto points = nlohmann::json::parse(figure_data(plan_, outcomes_of(plan_, published_), published_)[0].json);
  std::vector<std::string> labels;
  for (const auto& one : points["panels"][0]["series"]) labels.push_back(one["label"]);
  EXPECT_THAT(labels, testing::Contains("LDP, published for cifar10"));
}

/// Where layers in float weigh, the cost of the others is said, too.
TEST_F(Reproduced, CostsOfQuantisedLayersAloneAreNotedWhereTheyDiffer) {
  std::vector<CellOutcome> outcomes = outcomes_of(plan_, published_);
  const auto text = [&] { return layout_table(plan_, outcomes, published_).render(TableFormat::kText); };
  EXPECT_THAT(text(), testing::Not(HasSubstr("quantised layers alone")));
  outcomes[1].quantised_ratio = Statistic{0.3, {}};
  EXPECT_THAT(text(), HasSubstr("training cost of the quantised layers alone: resnet20 on fashion-mnist, LDP "
                                "FW3-8/BW8: 0.300"));
}

TEST_F(Reproduced, PublishedFiguresThatThereAreNotAreErrors) {
  const auto message = [&](const std::string& file, const std::string& table) {
    experiment_.published_file = file;
    experiment_.table = table;
    return message_of([&] { read_published_of(experiment_, kSource + "/published", kSource + "/networks"); });
  };
  EXPECT_FALSE(read_published_of(experiment_, kSource + "/published", kSource + "/networks").empty());
  const std::string place = scratch_.path("made-up.yaml:3: error: ");
  EXPECT_THAT(message("ldp_2023", "3"), HasSubstr(place + "no published figures 'ldp_2023'; did you mean 'ldp_2022'?"));
  EXPECT_THAT(message("ldp_2022", "99"), HasSubstr(place + "ldp_2022 has no table '99'; allowed: 1, "));
}

}  // namespace
}  // namespace ldpsim
