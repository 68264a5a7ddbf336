// SPDX-License-Identifier: Apache-2.0
// Files of experiments: what is wrong in them is named with file and line before anything is planned.
#include "sim/reproduce/experiment.hpp"

#include <gmock/gmock.h>

#include "sim/core/error.hpp"
#include "tests/support/scratch.hpp"

namespace ldpsim {
namespace {

using testing::HasSubstr;
using testing_support::message_of;
using testing_support::ScratchFolder;

const std::string kSource = LDPSIM_SOURCE_DIR;

const std::string kGood = R"(title: Good
quality: accuracy
published: {file: ldp_2022, table: 3}
groups:
  - name: all
    networks: [resnet20]
    improvement: true
    rows:
      - {method: SBM, precision: FW8/BW8, label: static, run: {method: static, bits: 8}}
scales:
  small:
    remark: small
    stand_ins: {cifar10: fashion-mnist}
    cases:
      - networks: [resnet20]
        datasets: [cifar10]
        options: {iterations: 20}
        methods: {static: {batch: 16}}
figures:
  - {kind: bars, name: ends, network: resnet20, dataset: cifar10, method: SBM, by: layer, caption: Ends.}
)";

/// kGood with the first `old` replaced.
std::string with(const std::string& old, const std::string& by) {
  std::string text = kGood;
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), by);
}

std::string error_of(const std::string& text) {
  const ScratchFolder scratch;
  return message_of([&] { read_experiment(scratch.write("x.yaml", text), kSource + "/experiments"); });
}

TEST(Experiment, AGoodFileIsRead) {
  const ScratchFolder scratch;
  const Experiment experiment = read_experiment(scratch.write("x.yaml", kGood), "");
  EXPECT_EQ(experiment.name, "x");
  EXPECT_EQ(experiment.groups[0].rows[0].where, scratch.path("x.yaml:9"));
  EXPECT_EQ(experiment.scale("small").cases[0].methods.at("static").at("batch"), "16");
  EXPECT_EQ(experiment.datasets(), (std::set<std::string>{"cifar10", "fashion-mnist"}));
}

TEST(Experiment, NamesThatThereAreNotAreErrors) {
  const std::string folder = kSource + "/experiments";
  EXPECT_THAT(message_of([&] { read_experiment("table33", folder); }),
              HasSubstr("there is no experiment 'table33'; did you mean 'table3'?"));
  EXPECT_THAT(message_of([&] { read_experiment("table3", folder).scale("huge"); }),
              HasSubstr("--scale: error: table3 has no scale 'huge'; allowed: full, small, trial"));
  for (const std::string& file : {std::string("/no/such.yaml"), folder + "/"}) {
    EXPECT_THAT(message_of([&] { read_experiment(file, folder); }),
                HasSubstr(file + ": error: cannot be read; give an experiment of 'ldpsim reproduce' or a YAML file"));
  }
}

TEST(Experiment, UnknownAndRepeatedKeysAreErrors) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {with("figures:", "figurs:"), "x.yaml:19: error: unknown key 'figurs'; did you mean 'figures'?"},
      {with("improvement", "improvment"), "x.yaml:7: error: unknown key 'improvment'; did you mean 'improvement'?"},
      {with("label:", "lable:"), "x.yaml:9: error: unknown key 'lable'; did you mean 'label'?"},
      {with("options:", "optoins:"), "x.yaml:17: error: unknown key 'optoins'; did you mean 'options'?"},
      {with("stand_ins:", "standins:"), "x.yaml:13: error: unknown key 'standins'; did you mean 'stand_ins'?"},
      {with("table:", "tabel:"), "x.yaml:3: error: unknown key 'tabel'; did you mean 'table'?"},
      {with("by:", "buy:"), "x.yaml:20: error: unknown key 'buy'; did you mean 'by'?"},
      {with("quality:", "title: Other\nquality:"), "x.yaml:2: error: 'title' is given twice; the first is at "},
      {with("figures:", "  small: {}\nfigures:"), "x.yaml:19: error: 'small' is given twice; the first is at "},
      {with("{iterations: 20}", "{iterations: 20, iterations: 30}"), "x.yaml:17: error: 'iterations' is given twice"}};
  for (const auto& [text, expected] : cases) EXPECT_THAT(error_of(text), HasSubstr(expected));
}

TEST(Experiment, WhatIsOfTheWrongKindIsAnErrorWithItsLine) {
  const std::string row = "{method: SBM, precision: FW8/BW8, label: static, run: {method: static, bits: 8}}";
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "x.yaml:1: error: not an experiment; expected title, quality, groups and scales"},
      {"hello", "x.yaml:1: error: not an experiment"},
      {std::string("\x7F"
                   "ELF\0\1\2",
                   7),
       "x.yaml:"},
      {"title: t\n", "x.yaml:1: error: an experiment lacks 'quality'"},
      {with("accuracy", "speed"), "x.yaml:2: error: unknown quality 'speed'; allowed: accuracy, psnr"},
      {with("{file: ldp_2022, table: 3}", "x"), "x.yaml:3: error: 'published' must be 'key: value' pairs"},
      {"title: t\nquality: any\ngroups: [a, b]\nscales: {}\n", "x.yaml:3: error: a group must be 'key: value' pairs"},
      {with(row, "x"), "x.yaml:9: error: a row must be 'key: value' pairs; write - {method: LDP"},
      {with("run: {method: static, bits: 8}", "run: static"), "x.yaml:9: error: 'run' must be 'key: value' pairs"},
      {with("{method: static, bits: 8}", "{bits: 8}"), "x.yaml:9: error: 'run' lacks 'method'"},
      {with("bits: 8", "bits: [8]"), "x.yaml:9: error: 'bits' in 'run' must be a single value"},
      {with("bits: 8", "bits: \"8\\t--seed\\t9\""), "x.yaml:9: error: 'bits' in 'run' must be a single value"},
      {with("improvement: true", "improvement: maybe"),
       "x.yaml:7: error: 'improvement' is 'maybe'; allowed: true, false"},
      {with("networks: [resnet20]\n        data", "networks: []\n        data"),
       "x.yaml:15: error: 'networks' is empty"},
      {with("networks: [resnet20]\n        data", "networks: resnet20\n        data"),
       "x.yaml:15: error: 'networks' must be a list"},
      {with("{static: {batch: 16}}", "[static]"), "x.yaml:18: error: 'methods' must be 'key: value' pairs"}};
  for (const auto& [text, expected] : cases) EXPECT_THAT(error_of(text), HasSubstr(expected)) << text;
  const std::string top = kGood.substr(0, kGood.find("scales:"));
  for (const auto& [scales, expected] : std::vector<std::pair<std::string, std::string>>{
           {"scales: [a]\n", "x.yaml:10: error: 'scales' must be 'key: value' pairs"},
           {"scales: {}\n", "x.yaml:10: error: 'scales' is empty"},
           {"scales:\n  small: {remark: r, cases: [a]}\n", "x.yaml:11: error: a case must be 'key: value' pairs"},
           {"scales:\n  small: {remark: r, cases: {a: b}}\n", "x.yaml:11: error: 'cases' must be a list"}})
    EXPECT_THAT(error_of(top + scales), HasSubstr(expected));
  EXPECT_THAT(error_of(kGood.substr(0, kGood.find("figures:")) + "figures: [a]\n"),
              HasSubstr("x.yaml:19: error: a figure must be 'key: value' pairs"));
  EXPECT_THAT(error_of("a: &x\n  - *x\n"), HasSubstr("is nested too deeply"));
}

TEST(Experiment, OptionsThatTheProgramDecidesAreRefusedWithTheReason) {
  for (const auto& [option, reason] : std::vector<std::pair<std::string, std::string>>{
           {"seed: 9", "option 'seed' cannot be given in an experiment; seeds are 1 to N of --seeds N"},
           {"output: x", "give -o"},
           {"resume: on", "runs are resumed where they can be"},
           {"force: on", "what is there is not trained again"},
           {"dataset: cifar10", "name it under 'datasets' of the case"},
           {"data: /x", "give the command --data NAME=DIR"}}) {
    EXPECT_THAT(error_of(with("iterations: 20", option)), HasSubstr("x.yaml:17: error: option '")) << option;
    EXPECT_THAT(error_of(with("iterations: 20", option)), HasSubstr(reason));
    EXPECT_THAT(error_of(with("bits: 8", option)), HasSubstr(reason));
    EXPECT_THAT(error_of(with("batch: 16", option)), HasSubstr(reason));
  }
}

TEST(Experiment, NamesOfNothingAreErrors) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {with("network: resnet20, data", "network: resnet9, data"),
       "x.yaml:20: error: the figure is of a network that no case has, 'resnet9'; did you mean 'resnet20'?"},
      {with("dataset: cifar10,", "dataset: cifar100,"), "the figure is of a data set that no case has, 'cifar100'"},
      {with("method: SBM, by", "method: LDP, by"), "the figure is of a method that no row has, 'LDP'"},
      {with("networks: [resnet20]", "networks: [resnet20, resnet38]"),
       "x.yaml:6: error: the group is of a network that no case has, 'resnet38'"},
      {with("networks: [resnet20]\n        data", "networks: [resnet38]\n        data"),
       "x.yaml:15: error: no group has rows for network 'resnet38'"},
      {with("{static: {batch", "{statik: {batch"),
       "x.yaml:15: error: 'methods' of the case names a method that no row is trained with, 'statik'; did you mean "},
      {with("name: ends", "name: ../../evil"), "x.yaml:20: error: '../../evil' is no plain name of a file"},
      {with("name: ends", "name: .."), "is no plain name of a file"},
      {kGood + "  - {kind: bars, name: ends, caption: Again.}\n", "x.yaml:21: error: there are two figures 'ends'"}};
  for (const auto& [text, expected] : cases) EXPECT_THAT(error_of(text), HasSubstr(expected));
}

}  // namespace
}  // namespace ldpsim
