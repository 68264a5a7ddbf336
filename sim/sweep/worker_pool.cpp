// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/worker_pool.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "sim/core/error.hpp"
#include "sim/core/interrupt.hpp"

namespace ldpsim {
namespace {

/// What a worker sends before the bytes of its answer.
struct AnswerHead {
  std::uint64_t task = 0, size = 0;
  std::int64_t outcome = 0;  ///< kAnswer, kBroken, or the exit code of a UserError
};
constexpr std::int64_t kAnswer = 0, kBroken = -1;

/// False at the end of the stream.
bool read_whole(int fd, void* data, std::size_t size) {
  auto* at = static_cast<char*>(data);
  while (size > 0) {
    const ssize_t got = ::read(fd, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_whole(int fd, const void* data, std::size_t size) {
  const auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t put = ::write(fd, at, size);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    at += put;
    size -= static_cast<std::size_t>(put);
  }
  return true;
}

bool send_answer(int fd, std::uint64_t task, std::int64_t outcome, const std::string& bytes) {
  const AnswerHead head{task, bytes.size(), outcome};
  return write_whole(fd, &head, sizeof head) && write_whole(fd, bytes.data(), bytes.size());
}

/// The life of a worker: tasks in, answers out, until the pool closes the pipe.
[[noreturn]] void serve(int tasks, int answers, const WorkerPool::MakeWork& make_work) {
  WorkerPool::Work work;
  std::uint64_t task = 0;
  while (read_whole(tasks, &task, sizeof task)) {
    bool sent = false;
    try {
      if (!work) work = make_work();
      sent = send_answer(answers, task, kAnswer, work(task));
    } catch (const UserError& error) {
      sent = send_answer(answers, task, static_cast<std::int64_t>(error.code()), error.what());
    } catch (const std::exception& error) {
      sent = send_answer(answers, task, kBroken, error.what());
    }
    if (!sent) break;
  }
  ::_exit(0);  // without the parent's destructors and buffered output
}

class Worker {
 public:
  explicit Worker(const WorkerPool::MakeWork& make_work) {
    std::array<int, 2> down{}, up{};
    if (::pipe2(down.data(), O_CLOEXEC) != 0 || ::pipe2(up.data(), O_CLOEXEC) != 0) {
      throw UserError("--jobs", std::string("no pipe to a worker: ") + std::strerror(errno), "use fewer jobs");
    }
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ < 0)
      throw UserError("--jobs", std::string("no process for a worker: ") + std::strerror(errno), "use fewer jobs");
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);  // it died before the line above
      ::signal(SIGINT, SIG_IGN);              // the pool decides what an interrupt means
      ::signal(SIGTERM, SIG_DFL);
      ::close(down[1]);
      ::close(up[0]);
      serve(down[0], up[1], make_work);
    }
    ::close(down[0]);
    ::close(up[1]);
    tasks_ = down[1];
    answers_ = up[0];
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() {
    ::kill(process_, SIGKILL);
    ::close(tasks_);
    ::close(answers_);
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  int answers() const { return answers_; }
  const std::optional<std::size_t>& task() const { return task_; }
  void give(std::size_t task) {
    task_ = task;
    const std::uint64_t number = task;
    write_whole(tasks_, &number, sizeof number);  // a worker that is gone shows when its answer is read
  }
  std::string take() {
    AnswerHead head;
    std::string bytes;
    bool whole = read_whole(answers_, &head, sizeof head);
    if (whole) {
      bytes.resize(head.size);
      whole = read_whole(answers_, bytes.data(), bytes.size());
    }
    if (!whole)
      throw UserError("--jobs", fmt::format("a worker process was killed at task {}", task_.value_or(0)),
                      "the same command does what is left; if memory ran out, with fewer --jobs",
                      ExitCode::kCheckFailed);
    task_.reset();
    if (head.outcome == kBroken) throw InternalError(bytes);
    if (head.outcome != kAnswer) throw passed_on(bytes, static_cast<ExitCode>(head.outcome));
    return bytes;
  }

 private:
  /// The UserError that a worker reported as its line, "where: error: message".
  static UserError passed_on(const std::string& line, ExitCode code) {
    const std::string label = "error: ";
    if (line.starts_with(label)) return UserError("", line.substr(label.size()), "", code);
    const std::size_t at = line.find(": " + label);
    if (at == std::string::npos) return UserError("", line, "", code);
    return UserError(line.substr(0, at), line.substr(at + 2 + label.size()), "", code);
  }

  pid_t process_ = -1;
  int tasks_ = -1, answers_ = -1;
  std::optional<std::size_t> task_;
};

}  // namespace

bool WorkerPool::run(std::size_t jobs, std::span<const std::size_t> tasks, const MakeWork& make_work,
                     const Done& done) {
  const InterruptGuard guard;
  std::vector<std::unique_ptr<Worker>> workers;
  std::size_t given = 0, open = 0;
  const auto give = [&](Worker& worker) {
    if (given == tasks.size()) return;
    worker.give(tasks[given++]);
    ++open;
  };
  for (std::size_t i = 0; i < std::min(jobs, tasks.size()); ++i) {
    workers.push_back(std::make_unique<Worker>(make_work));
    give(*workers.back());
  }
  std::vector<pollfd> waits(workers.size());
  while (open > 0 && !guard.interrupted()) {
    for (std::size_t i = 0; i < workers.size(); ++i)
      waits[i] = {workers[i]->task() ? workers[i]->answers() : -1, POLLIN, 0};
    if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // a signal
    for (std::size_t i = 0; i < workers.size(); ++i) {
      if ((waits[i].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
      const std::size_t task = *workers[i]->task();
      const std::string answer = workers[i]->take();
      --open;
      give(*workers[i]);  // before the answer is stored, so that the worker does not wait for that
      done(task, answer);
    }
  }
  return !guard.interrupted();
}

}  // namespace ldpsim
