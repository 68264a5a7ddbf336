// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <fmt/format.h>
#include <gloo/common/error.h>
#include <gloo/common/logging.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>

#include "frontend/scale/ensemble.hpp"
#include "sim/core/error.hpp"

namespace ldpsim::scale {
namespace {

constexpr std::chrono::hours kReduceTimeout{24};  // the others wait while rank 0 tests

/// Gloo checks what arrives in a thread of its own, out of which an exception would abort the process.
[[noreturn]] void end_in_one_line() {
  try {
    if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
  } catch (const gloo::EnforceNotMet&) {
    std::fputs(
        "ldptrain: error: another process sent something unexpected; start all of them again with the same program "
        "and arguments\n",
        stderr);
    _exit(static_cast<int>(ExitCode::kUsage));
  } catch (...) {
  }
  std::abort();
}

c10::intrusive_ptr<c10d::Store> open_store(const Meeting& meeting) {
  const bool launcher_holds_it = !meeting.launcher_prefix.empty();
  c10d::TCPStoreOptions options;
  options.port = static_cast<std::uint16_t>(meeting.port);
  options.isServer = meeting.rank == 0 && !launcher_holds_it;
  options.timeout = meeting.timeout;
  auto store = c10::make_intrusive<c10d::TCPStore>(meeting.host, options);
  if (!launcher_holds_it) return store;
  return c10::make_intrusive<c10d::PrefixStore>(meeting.launcher_prefix, store);
}

/// All must be of one mind about who takes part.
void check_numbers(c10d::Store& store, const Meeting& meeting) {
  const std::string size = std::to_string(meeting.size);
  if (meeting.rank == 0) store.set("size", {size.begin(), size.end()});
  const std::vector<std::uint8_t> found = store.get("size");
  if (const std::string theirs(found.begin(), found.end()); theirs != size)
    throw UserError("--world-size", fmt::format("is {}, of process 0 {}", size, theirs), "give all of them the same");
  if (store.add(fmt::format("rank {}", meeting.rank), 1) > 1) {
    throw UserError("--rank", fmt::format("another process is number {} already", meeting.rank),
                    fmt::format("number them from 0 to {} and start all of them again", meeting.size - 1));
  }
}

/// Gloo itself would wait as long for a process that never comes as for one that tests.
void wait_for_all(c10d::Store& store, const Meeting& meeting) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + meeting.timeout;
  std::int64_t missing = meeting.size - store.add("there", 1);
  if (missing > 0 && meeting.rank == 0 && !meeting.quiet) {
    fmt::print(stderr, "waiting for {} other{} at {}:{}\n", missing, missing > 1 ? "s" : "", meeting.host,
               meeting.port);
  }
  for (; missing > 0; missing = meeting.size - store.add("there", 0)) {
    if (Clock::now() > end) throw std::runtime_error(fmt::format("{} of {} are missing", missing, meeting.size));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

class GlooEnsemble final : public Ensemble {
 public:
  explicit GlooEnsemble(const Meeting& meeting) : store_(open_store(meeting)) {
    check_numbers(*store_, meeting);
    wait_for_all(*store_, meeting);
    std::set_terminate(end_in_one_line);
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

  c10::intrusive_ptr<c10d::Store> store_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};

}  // namespace

std::unique_ptr<Ensemble> gloo_ensemble(const Meeting& meeting) {
  try {
    return std::make_unique<GlooEnsemble>(meeting);
  } catch (const UserError&) {
    throw;
  } catch (const std::exception& error) {
    const std::string what = error.what();
    throw UserError("--master",
                    fmt::format("process {} of {} did not meet the others at {}:{}: {}", meeting.rank, meeting.size,
                                meeting.host, meeting.port, what.substr(0, what.find('\n'))),
                    fmt::format("start all ranks within {} seconds (--meeting-timeout), with the same --master",
                                meeting.timeout.count()));
  }
}

}  // namespace ldpsim::scale
