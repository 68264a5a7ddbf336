// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "sim/cli/commands.hpp"

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
    std::error_code failed;
    const std::filesystem::path here = std::filesystem::read_symlink("/proc/self/exe", failed).parent_path();
    const std::string trainer = (here / "ldptrain").string();
    std::vector<std::string> words{trainer};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::fflush(nullptr);
    ::execv(trainer.c_str(), argv.data());
    if (errno == ENOENT) {
      throw UserError("ldpsim train", "there is no ldptrain beside this ldpsim (" + here.string() + ")",
                      "this build is without LibTorch; configure with -DLDPSIM_WITH_TORCH=ON, as scripts/setup does");
    }
    throw UserError("ldpsim train", trainer + " cannot be run: " + std::strerror(errno));
  }
};

}  // namespace

std::unique_ptr<Command> make_train_command() { return std::make_unique<TrainCommand>(); }

}  // namespace ldpsim::cli
