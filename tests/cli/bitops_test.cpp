// SPDX-License-Identifier: Apache-2.0
// bitops from outside: the ledger of a trace and of a network, and the published tables beside it.
#include <gmock/gmock.h>

#include <set>

#include "sim/trace/schedule.hpp"
#include "tests/support/made_up_run.hpp"
#include "tests/support/program.hpp"

namespace ldpsim::testing_support {
namespace {

using testing::HasSubstr;
using testing::Not;

/// Rows of CSV without quoted fields, a cell each; the first is the header.
std::vector<std::vector<std::string>> rows_of(const std::string& csv) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(csv);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells{""};
    bool quoted = false;
    for (const char c : line) {
      if (c == '"') quoted = !quoted;
      if (c == ',' && !quoted) {
        cells.emplace_back();
      } else if (c != '"') {
        cells.back() += c;
      }
    }
    rows.push_back(std::move(cells));
  }
  return rows;
}

double cell(const std::vector<std::vector<std::string>>& rows, const std::string& first, const std::string& column) {
  const auto at = std::find(rows[0].begin(), rows[0].end(), column) - rows[0].begin();
  for (const auto& row : rows) {
    if (row[0] == first) return std::stod(row.at(static_cast<std::size_t>(at)));
  }
  throw std::runtime_error("no row " + first);
}

/// A run of one iteration at 8 bits, tested after it.
void write_tested_run(const std::string& file, const std::string& network, TraceMeta meta,
                      const TraceEvaluation& test) {
  const NetworkTable table = read_network_csv(std::string(LDPSIM_SOURCE_DIR) + "/networks/" + network + ".csv");
  meta.insert({{"network", network}, {"batch", "16"}, {"static_bits", "8"}});
  TraceWriter writer = TraceWriter::create(file, meta, table.network.layers);
  TraceIteration row;
  for (const Layer& layer : table.network.layers) row.weight_bits.push_back(layer.quantised ? 8 : 0);
  row.activation_bits = row.gradient_bits = row.weight_bits;
  writer.add(row);
  writer.add(test);
  writer.commit();
}

TEST(Bitops, SaysWhereGradientsOfWeightsAreNotQuantised) {
  const ScratchFolder scratch;
  const std::string bifurcated = scratch.path("bifurcated.trace"), quantised = scratch.path("quantised.trace");
  write_made_up_run(bifurcated, "resnet20", 3, 7, "tensor", "sbm-original");
  write_made_up_run(quantised, "resnet20", 3, 7, "tensor", "static");
  const std::string note = "method sbm-original makes gradients of weights from gradients that are not quantised";
  EXPECT_THAT(run_ldpsim({"bitops", bifurcated}).out, HasSubstr(note));
  EXPECT_THAT(run_ldpsim({"bitops", quantised}).out, Not(HasSubstr("not quantised")));
  EXPECT_THAT(run_ldpsim({"replay", bifurcated, "--arch", "stripes"}).out, HasSubstr("bifurcated: " + note));
  EXPECT_THAT(run_ldpsim({"replay", quantised, "--arch", "stripes"}).out, Not(HasSubstr("not quantised")));
}

/// The ledger and the schedule's own ratio are two pieces of code.
TEST(Bitops, OfATraceAgreeWithItsScheduleRatio) {
  const ScratchFolder scratch;
  const std::string file = scratch.path("run.trace");
  write_made_up_run(file, "resnet20", 500, 7);
  const Outcome outcome = run_ldpsim({"bitops", file, "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const auto rows = rows_of(outcome.out);
  const Schedule schedule{TraceReader(file)};
  EXPECT_NEAR(cell(rows, "training", "paper_ratio"), training_cost_ratio(schedule.network(), schedule.histogram(), 8),
              1e-12);
  EXPECT_NEAR(cell(rows, "inference", "paper_ratio"),
              forward_cost_ratio(schedule.network(), histogram_of(schedule.final_bits()), 8), 1e-12);
  EXPECT_NEAR(cell(rows, "training", "gbitops"),
              cell(rows, "forward", "gbitops") + cell(rows, "backward_data", "gbitops") +
                  cell(rows, "backward_weight", "gbitops"),
              1e-6);
}

TEST(Bitops, OfANetworkAtFourBitsAreByHand) {
  const std::string network = std::string(LDPSIM_SOURCE_DIR) + "/networks/resnet20.csv";
  const auto rows = rows_of(
      run_ldpsim({"bitops", network, "--bits", "4", "--batch", "1", "--iterations", "1", "--format", "csv"}).out);
  const double quantised = 40'813'184 - 640, in_float = 640;  // the classifier costs 8 bits
  EXPECT_NEAR(cell(rows, "forward", "gbitops"), (quantised * 16 + in_float * 64) / 1e9, 1e-12);
  EXPECT_NEAR(cell(rows, "backward_data", "gbitops"), ((quantised - 442'368) * 32 + in_float * 64) / 1e9, 1e-12);
  EXPECT_NEAR(cell(rows, "training", "paper_static_gbitops"), 64'193'587.838976, 1e-5);
}

TEST(Bitops, PaperPrintsPublishedFiguresBesideComputedOnes) {
  const Outcome outcome = run_ldpsim({"bitops", "--paper", "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto rows = rows_of(outcome.out);
  EXPECT_GE(rows.size(), 30u);
  EXPECT_EQ(rows[0][0], "source");
  EXPECT_THAT(outcome.out,
              HasSubstr("\nldp_2022,4,ResNet-18,ImageNet,CPT,FW4-8/BW8,training_gbitops,arithmetic,0.698921875,"));
  EXPECT_THAT(outcome.out,
              HasSubstr("\ncpt_2021,CIFAR,ResNet-38,CIFAR-100,CPT,FW3-8/BW8,training_ratio,arithmetic,0.6332708333"));
}

/// A learned run stands beside the published row of its network, method and precision, in that row's units.
TEST(Bitops, OfATraceBesideThePaper) {
  const std::string file = std::string(LDPSIM_SOURCE_DIR) + "/traces/resnet20-cifar10-ldp.trace";
  const auto own = rows_of(run_ldpsim({"bitops", file, "--format", "csv"}).out);
  const Outcome outcome = run_ldpsim({"bitops", file, "--paper", "--format", "csv"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("\nldp_2022,3,ResNet-20,CIFAR-10,LDP,FW3-8/BW8,accuracy_percent,,,92.08,83.16,"));
  const auto rows = rows_of(outcome.out);
  ASSERT_EQ(rows.size(), 4u) << outcome.out;
  EXPECT_EQ(rows[2][6], "training_gbitops");
  EXPECT_NEAR(std::stod(rows[2][8]), cell(own, "training", "paper_ratio"), 1e-12);
  EXPECT_NEAR(std::stod(rows[2][10]), cell(own, "training", "paper_gbitops"), 1e-3);
  EXPECT_NEAR(std::stod(rows[3][10]), cell(own, "inference", "paper_gbitops"), 1e-9);
}

/// Tables 1 and 2: a row a schedule of the same method. Table 5: PSNR. Accuracy on what was trained on compares with
/// none.
TEST(Bitops, EveryKindOfRunFindsItsRow) {
  const ScratchFolder scratch;
  const auto beside = [&](const std::string& network, const TraceMeta& meta, const TraceEvaluation& test) {
    const std::string file = scratch.path("run.trace");
    write_tested_run(file, network, meta, test);
    const Outcome outcome = run_ldpsim({"bitops", file, "--paper", "--format", "csv"});
    std::filesystem::remove(file);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return outcome.out;
  };
  const TraceMeta resnet38{
      {"dataset", "cifar100"}, {"weight_bits_min", "8"}, {"weight_bits_max", "8"}, {"gradient_bits", "8"}};
  const TraceEvaluation accuracy{0, "test", "accuracy", 0.5};
  auto meta = resnet38;
  meta["method"] = "staged";
  meta["stage_bits"] = "6,8,4/8,4,6/4,6,8";
  EXPECT_THAT(beside("resnet38", meta, accuracy), HasSubstr("stages 6-8-4,FW4-8/BW8,accuracy_percent,,,69.63,50,"));
  meta = resnet38;
  meta["method"] = "random";
  meta["choices"] = "8,4,6";
  meta["draw_every"] = "10";
  EXPECT_THAT(beside("resnet38", meta, accuracy), HasSubstr("\"random, k=10\",FW4-8/BW8,accuracy_percent,,,69.71,50,"));
  EXPECT_THAT(beside("pan-x4",
                     {{"dataset", "bsds"},
                      {"test_dataset", "urban100"},
                      {"method", "half"},
                      {"static_bits", "16"},
                      {"weight_bits_min", "16"},
                      {"weight_bits_max", "16"},
                      {"gradient_bits", "16"}},
                     {0, "test", "psnr_y", 25.5}),
              HasSubstr("FW16/BW16,psnr_db,,,26.01,25.5,"));
  const std::string heart = beside("resnet18",
                                   {{"dataset", "imagenet"},
                                    {"tested_on", "training pictures"},
                                    {"method", "static"},
                                    {"weight_bits_min", "8"},
                                    {"weight_bits_max", "8"},
                                    {"gradient_bits", "8"}},
                                   accuracy);
  EXPECT_THAT(heart, testing::ContainsRegex("FW8/BW8,accuracy_percent,,,[0-9.]+,50,,\n")) << "no residual";
}

/// ImageNet's printed costs have another divisor than CIFAR's, DeiT's other samples.
TEST(Bitops, PaperUnitsAreThoseOfTheNetworksTable) {
  const std::string networks = std::string(LDPSIM_SOURCE_DIR) + "/networks/";
  const auto inference = [&](const std::string& network, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words{"bitops", networks + network, "--bits", "8", "--format", "csv"};
    words.insert(words.end(), more.begin(), more.end());
    return rows_of(run_ldpsim(words).out);
  };
  EXPECT_NEAR(cell(inference("resnet18.csv"), "inference", "paper_gbitops"), 1.814073344 * 64 / 8, 1e-6);
  EXPECT_NEAR(cell(inference("resnet18.csv", {"--divisor", "2"}), "inference", "paper_gbitops"), 1.814073344 * 32,
              1e-6);
  EXPECT_NEAR(cell(inference("resnet20.csv"), "inference", "paper_gbitops"), 0.040813184 * 32, 1e-9);
  EXPECT_NEAR(cell(inference("deit-tiny.csv"), "training", "paper_gbitops") / (3 * 1.2536832 * 64 * 20.48e6), 1, 1e-6);
  EXPECT_EQ(cell(inference("pan-x4.csv", {"--gradient-bits", "16"}), "training", "ratio"),
            cell(inference("pan-x4.csv", {"--gradient-bits", "16", "--static-bits", "16"}), "training", "ratio"));
  EXPECT_NEAR(cell(inference("transformer-lm.csv"), "training", "paper_gbitops"), 1'527'408.2304, 1e-6)
      << "of 50,000 tokens, as bitops --paper has it";
}

TEST(Bitops, OfATraceThatNoPublishedRowIsLike) {
  const ScratchFolder scratch;
  write_made_up_run(scratch.path("run.trace"), "lenet5", 5, 1);
  const Outcome outcome = run_ldpsim({"bitops", scratch.path("run.trace"), "--paper"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("error: no published row is of network 'lenet5', method ''"));
  EXPECT_EQ(run_ldpsim({"bitops", "--paper", "--contradictions"}).code, 2);
}

TEST(Bitops, ADivisorIsFiniteAndAboveNought) {
  for (const std::string divisor : {"inf", "nan", "0", "-1"}) {
    const Outcome outcome = run_ldpsim({"bitops", "x.csv", "--divisor", divisor});
    EXPECT_EQ(outcome.code, 2);
    EXPECT_EQ(outcome.err, "--divisor: error: is " + divisor + "; allowed: finite numbers above 0\n");
  }
}

TEST(Bitops, ContradictionsShowTheirArithmetic) {
  const Outcome outcome = run_ldpsim({"bitops", "--contradictions"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("69.77 - 70.2\n"));
  EXPECT_THAT(outcome.out, HasSubstr(" checks in 18 items differ\n"));
}

TEST(Bitops, EveryColumnIsExplained) {
  const std::string source = LDPSIM_SOURCE_DIR, trace = source + "/traces/resnet20-cifar10-ldp.trace";
  std::set<std::string> columns;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--paper"}, {"--contradictions"}, {trace, "--paper"}, {trace}}) {
    std::vector<std::string> words{"bitops", "--format", "csv"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const std::string out = run_ldpsim(words).out;
    const auto rows = rows_of(out.substr(0, out.find('\n')));
    columns.insert(rows.at(0).begin(), rows.at(0).end());
  }
  EXPECT_GT(columns.size(), 30u);
  std::vector<std::string> words{"explain"};
  words.insert(words.end(), columns.begin(), columns.end());
  const Outcome outcome = run_ldpsim(words);
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace ldpsim::testing_support
