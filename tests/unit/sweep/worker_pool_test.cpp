// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/worker_pool.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <map>
#include <numeric>
#include <thread>

#include "sim/core/error.hpp"

namespace ldpsim {
namespace {

std::vector<std::size_t> first(std::size_t count) {
  std::vector<std::size_t> tasks(count);
  std::iota(tasks.begin(), tasks.end(), std::size_t{0});
  return tasks;
}

TEST(WorkerPool, AnswersEveryTaskOnceWithAnyNumberOfWorkers) {
  for (const std::size_t jobs : {std::size_t{1}, std::size_t{2}, std::size_t{5}, std::size_t{50}}) {
    std::map<std::size_t, std::string> answers;
    const auto make = [] {
      return [](std::size_t task) { return std::string(task * 1000, 'x') + std::to_string(task); };
    };
    EXPECT_TRUE(WorkerPool::run(jobs, first(40), make, [&](std::size_t task, const std::string& answer) {
      EXPECT_TRUE(answers.emplace(task, answer).second);
    }));
    ASSERT_EQ(answers.size(), 40u);
    for (const auto& [task, answer] : answers) EXPECT_EQ(answer, std::string(task * 1000, 'x') + std::to_string(task));
  }
}

TEST(WorkerPool, NothingToDo) {
  EXPECT_TRUE(WorkerPool::run(
      2, {}, [] { return WorkerPool::Work(); }, [](std::size_t, const std::string&) { FAIL(); }));
}

TEST(WorkerPool, PassesErrorsOn) {
  const auto run = [](const std::function<std::string()>& work) {
    WorkerPool::run(
        2, first(4), [&] { return [&](std::size_t) { return work(); }; }, [](std::size_t, const std::string&) {});
  };
  try {
    run([]() -> std::string { throw DamagedFile("a.trace", "is cut off", "get it again"); });
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "a.trace: error: is cut off; get it again");
    EXPECT_EQ(error.code(), ExitCode::kDamaged);
  }
  EXPECT_THROW(run([]() -> std::string { throw std::runtime_error("oops"); }), InternalError);
  EXPECT_THROW(run([]() -> std::string { ::_exit(9); }), UserError) << "killed: the rest can still be done";
}

TEST(WorkerPool, AnInterruptKeepsWhatHasCome) {
  std::size_t done = 0;
  const auto make = [] {
    return [](std::size_t task) {
      if (task >= 3) std::this_thread::sleep_for(std::chrono::seconds(60));
      return std::string("done");
    };
  };
  const bool finished = WorkerPool::run(1, first(10), make, [&](std::size_t, const std::string&) {
    if (++done == 3) ::raise(SIGINT);
  });
  EXPECT_FALSE(finished);
  EXPECT_EQ(done, 3u);
}

}  // namespace
}  // namespace ldpsim
