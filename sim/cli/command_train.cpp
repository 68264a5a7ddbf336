// SPDX-License-Identifier: Apache-2.0
#include "sim/cli/commands.hpp"
#include "sim/cli/trainer_program.hpp"

namespace ldpsim::cli {
namespace {

/// Becomes ldptrain, the program that links LibTorch; it knows the options and prints the help.
class TrainCommand : public Command {
 public:
  std::string name() const override { return "train"; }
  std::string summary() const override { return "trains a network and writes its trace"; }
  std::string synopsis() const override { return "ldpsim train [options of ldptrain]"; }
  std::vector<std::string> examples() const override {
    return {"ldpsim train --network resnet20 --dataset fashion-mnist --method ldp --iterations 200 -o run.trace"};
  }
  void options(po::options_description&, po::positional_options_description&) override {}
  ExitCode run(const po::variables_map&) override { throw InternalError("'train' takes its arguments unparsed"); }

  std::optional<ExitCode> run_unparsed(const std::vector<std::string>& arguments) override {
    become_trainer("ldpsim train", arguments);
  }
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace ldpsim::cli
