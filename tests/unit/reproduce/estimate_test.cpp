// SPDX-License-Identifier: Apache-2.0
// Estimates: by the logs of runs that are there, by measured steps, and by multiply-accumulates.
#include "sim/reproduce/estimate.hpp"

#include <gmock/gmock.h>

#include "sim/core/error.hpp"
#include "tests/unit/reproduce/made_up_experiment.hpp"

namespace ldpsim {
namespace {

using testing_support::message_of;
using testing_support::ScratchFolder;

const std::string kSource = LDPSIM_SOURCE_DIR;
constexpr double kResNet20 = 0.040813184;  // 1e9 multiply-accumulates of an image

TimeModel model_of_10_gmacs() {
  TimeModel model;
  model.gmacs_per_second = 10;
  model.calibration_network = "resnet20";
  model.networks_folder = kSource + "/networks";
  model.threads = 2;
  model.tests["d"] = {.images = 10'000};
  return model;
}

PlannedRun planned(const std::string& network, std::map<std::string, std::string> meta = {}) {
  PlannedRun run;
  run.network = network;
  run.dataset = "d";
  run.method = "ldp";
  run.trace = "folder/r-s1.trace";
  run.iterations = 1000;
  run.batch = 128;
  run.done = 400;
  meta.insert({{"network", network}, {"dataset", "d"}, {"method", "ldp"}, {"evaluate_every", "300"}});
  run.meta = std::move(meta);
  return run;
}

double seconds_of(const TimeModel& model, const PlannedRun& run) { return model.estimate(run).seconds.value_or(-1); }

TEST(Estimate, ByMultiplyAccumulatesTestsIncluded) {
  TimeModel model = model_of_10_gmacs();
  PlannedRun run = planned("resnet20");
  // tests after 600, 900 and 1000 iterations
  const double test = 10'000 * kResNet20 / 20;
  EXPECT_NEAR(seconds_of(model, run), 600 * 128 * 3 * kResNet20 / 20 + 3 * test, 1e-9);
  EXPECT_EQ(model.estimate(run).basis, "guess");
  run.meta["evaluate_every"] = "0";
  run.meta["evaluate_images"] = "100";
  EXPECT_NEAR(seconds_of(model, run), 600 * 128 * 3 * kResNet20 / 20 + test / 100, 1e-9);
  run.dataset = "unheard-of";
  run.meta["evaluate_images"] = "0";
  EXPECT_NEAR(seconds_of(model, run), 600 * 128 * 3 * kResNet20 / 20, 1e-9) << "tests of unknown length";
  run.finished = true;
  EXPECT_DOUBLE_EQ(seconds_of(model, run), 0);
  run = planned("unheard-of");
  EXPECT_FALSE(model.estimate(run).seconds.has_value());
}

/// Of samples of another size than the network's table has, and of what tests are made of.
TEST(Estimate, KnowsTheSizeOfTheSamples) {
  TimeModel model = model_of_10_gmacs();
  const auto time_of = [&](const std::string& network, std::map<std::string, std::string> meta) {
    meta["evaluate_every"] = "0";
    return seconds_of(model, planned(network, meta));
  };
  model.tests.clear();
  EXPECT_NEAR(time_of("deit-tiny", {{"image_height", "112"}}) * 4, time_of("deit-tiny", {{"image_height", "224"}}),
              1e-6);
  EXPECT_NEAR(time_of("transformer-lm", {{"tokens", "128"}}) * 4, time_of("transformer-lm", {{"tokens", "512"}}), 1e-6);
  const double patches = time_of("pan-x4", {{"low_resolution", "64"}}), per_patch = patches / (600 * 128 * 3);
  model.tests["d"] = {.images = 100, .low_pixels = 2 * 64 * 64};
  EXPECT_NEAR(time_of("pan-x4", {{"low_resolution", "64"}}), patches + 200 * per_patch, 1e-6);
  EXPECT_NEAR(time_of("pan-x4", {{"low_resolution", "64"}, {"evaluate_images", "3"}}), patches + 6 * per_patch, 1e-6);
  model.tests["d"] = {};
  const double large = time_of("transformer-lm", {{"tokens", "512"}});
  model.tests["d"].words = 1000;
  EXPECT_LT(time_of("transformer-lm", {{"tokens", "512"}}), large / 2) << "most of the work is its large vocabulary";
}

TEST(Estimate, ACalibrationSetsTheSpeed) {
  const ScratchFolder scratch;
  TimeModel model = model_of_10_gmacs();
  model.tests.clear();
  model.calibrate(0.5, 16);
  const PlannedRun run = planned("resnet20");
  EXPECT_NEAR(seconds_of(model, run), 600 * 128 / 16 * 0.5, 1e-9) << "the calibrating network itself";
  EXPECT_EQ(model.estimate(run).basis, "calibrated");
  Plan plan;
  plan.runs = {run};
  EXPECT_TRUE(model.needs_calibration(plan));
  model.step_seconds[TimeModel::step_key(run)] = 0.25;
  EXPECT_FALSE(model.needs_calibration(plan));
  EXPECT_DOUBLE_EQ(seconds_of(model, run), 150);
  EXPECT_EQ(model.estimate(run).basis, "measured");
  plan.runs = {planned("unheard-of")};
  EXPECT_FALSE(model.needs_calibration(plan)) << "it would not help";
}

class RecordedPaces : public testing::Test {
 protected:
  /// A run of batch 128 on 2 threads with this log.
  void record(const std::string& name, const std::string& log, std::map<std::string, std::string> meta = {}) {
    meta.insert({{"network", "resnet20"}, {"dataset", "d"}, {"method", "ldp"}, {"batch", "128"}, {"threads", "2"}});
    write_run(scratch_.path(name + ".trace"), meta, 1, 80);
    scratch_.write(name + ".trace.log", log);
    model_.recorded = recorded_paces({scratch_.path(""), scratch_.path("nowhere")});
  }
  Estimate estimate() const { return model_.estimate(planned("resnet20", {{"evaluate_every", "1000"}})); }

  ScratchFolder scratch_;
  TimeModel model_ = model_of_10_gmacs();
};

constexpr const char* kLine =
    "500/1000  loss 0.8  accuracy 67 %  bits 8.00  cost 1.0  step 0.5 s  test 7 s  left 0:10\n";

TEST_F(RecordedPaces, TheLastLineOfALogCounts) {
  record("a", "500/1000  loss 0.8  accuracy 67 %  bits 8.00  cost 1.0  step 9 s  test 9 s  left 0:10\n" +
                  std::string(kLine) + "trace  a.trace\n");
  EXPECT_DOUBLE_EQ(estimate().seconds.value(), 600 * 0.5 + 7);
  EXPECT_EQ(estimate().basis, "pace of a");
}

TEST_F(RecordedPaces, OtherBatchesAndThreadsAreConverted) {
  record("a", kLine, {{"batch", "64"}, {"threads", "1"}});
  EXPECT_DOUBLE_EQ(estimate().seconds.value(), 600 * 0.5 + 3.5) << "twice the batch on twice the threads";
}

TEST_F(RecordedPaces, WhatIsNotOfTheKindIsLeft) {
  record("small", kLine, {{"batch", "16"}});
  record("other-network", kLine, {{"network", "resnet38"}});
  record("other-size", kLine, {{"image_height", "64"}});
  record("no-pace", "no line of the trainer's\n");
  scratch_.write("damaged.trace", "not a trace");
  scratch_.write("damaged.trace.log", kLine);
  EXPECT_EQ(estimate().basis, "guess");
}

TEST_F(RecordedPaces, ItsOwnLogIsTheClosest) {
  record("r-s2", "1/2  step 0.25 s  test 1 s  left 0:01\n");
  record("r-s1", kLine, {{"batch", "64"}});
  record("z", "1/2  step 0.125 s  test 1 s  left 0:01\n", {{"method", "static"}});
  EXPECT_EQ(estimate().basis, "own pace");
  std::filesystem::remove(scratch_.path("r-s1.trace"));
  model_.recorded = recorded_paces({scratch_.path("")});
  EXPECT_EQ(estimate().basis, "pace of r-s2");
}

TEST_F(RecordedPaces, ATestOnOtherSamplesIsNotTaken) {
  record("a", kLine, {{"evaluate_images", "10"}});
  EXPECT_NEAR(estimate().seconds.value(), 600 * 0.5 + 10'000 * 0.5 / (3 * 128), 1e-9);
}

TEST(TimeModelFile, KnowsTheTestsOfTheExperiments) {
  const TimeModel model = read_time_model(kSource + "/experiments/settings/time.yaml", kSource + "/networks", 1);
  EXPECT_GT(model.gmacs_per_second, 1);
  for (const std::string& name : experiment_names(kSource + "/experiments")) {
    const Experiment experiment = read_experiment(name, kSource + "/experiments");
    for (const auto& [scale, of] : experiment.scales) {
      for (const ExperimentCase& one : of.cases) {
        for (const std::string& dataset : one.datasets) EXPECT_TRUE(model.tests.contains(dataset)) << name << dataset;
      }
      for (const auto& [dataset, stand_in] : of.stand_ins) EXPECT_TRUE(model.tests.contains(stand_in)) << stand_in;
    }
  }
  const ScratchFolder scratch;
  const std::string file = scratch.write("time.yaml", "gmacs_per_second: fast\n");
  EXPECT_THAT(message_of([&] { read_time_model(file, kSource + "/networks", 1); }),
              testing::HasSubstr("time.yaml:1: error: 'gmacs_per_second' has the wrong type"));
}

TEST(Duration, IsReadable) {
  EXPECT_EQ(duration_text(40), "40 s");
  EXPECT_EQ(duration_text(3000), "50 min");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(5.0 * 86400), "5 days");
}

}  // namespace
}  // namespace ldpsim
