// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <fmt/format.h>

#include <chrono>

#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::scale {
namespace {

constexpr std::chrono::minutes kMeetingTimeout{5};
constexpr std::chrono::hours kReduceTimeout{24};  // the others wait while rank 0 tests

class GlooEnsemble final : public Ensemble {
 public:
  explicit GlooEnsemble(const Meeting& meeting) {
    c10d::TCPStoreOptions store_options;
    store_options.port = static_cast<std::uint16_t>(meeting.port);
    store_options.isServer = meeting.rank == 0;
    store_options.numWorkers = meeting.size;
    store_options.timeout = kMeetingTimeout;
    store_ = c10::make_intrusive<c10d::TCPStore>(meeting.host, store_options);
    auto options = c10d::ProcessGroupGloo::Options::create(kReduceTimeout);
    options->devices.push_back(meeting.host == "127.0.0.1" || meeting.host == "localhost"
                                   ? c10d::ProcessGroupGloo::createDeviceForHostname(meeting.host)
                                   : c10d::ProcessGroupGloo::createDefaultDevice());
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(store_, meeting.rank, meeting.size, options);
  }

  int rank() const override { return group_->getRank(); }
  int size() const override { return group_->getSize(); }
  void sum(at::Tensor& values) override { reduce(values, c10d::ReduceOp::SUM); }
  void largest(at::Tensor& values) override { reduce(values, c10d::ReduceOp::MAX); }
  void part() noexcept override {
    try {
      at::Tensor nothing = at::zeros({1});
      sum(nothing);
    } catch (const std::exception&) {  // the other has parted already, so it has all that it needs
    }
  }

 private:
  void reduce(at::Tensor& values, c10d::ReduceOp operation) {
    c10d::AllreduceOptions options;
    options.reduceOp = operation;
    std::vector<at::Tensor> tensors = {values};
    try {
      group_->allreduce(tensors, options)->wait();
    } catch (const std::exception& error) {
      throw UserError("ldptrain", fmt::format("process {} of {} lost another one", rank(), size()),
                      "start all of them again with --resume");
    }
  }

  c10::intrusive_ptr<c10d::TCPStore> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

std::unique_ptr<Ensemble> gloo_ensemble(const Meeting& meeting) {
  try {
    return std::make_unique<GlooEnsemble>(meeting);
  } catch (const std::exception& error) {
    const std::string what = error.what();
    throw UserError("--master",
                    fmt::format("process {} of {} met no others at {}:{}: {}", meeting.rank, meeting.size, meeting.host,
                                meeting.port, what.substr(0, what.find('\n'))),
                    "start all ranks within five minutes, with the same --master");
  }
}

}  // namespace ldpsim::scale
