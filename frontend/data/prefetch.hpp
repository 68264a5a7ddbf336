// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ldpsim::data {

/// Items first, first + 1, ... end - 1, made ahead of use by worker threads and handed out in order. What is handed out
/// depends on `make` alone, which must be a pure function of its index: neither on the number of workers nor on their
/// speed.
template <class Item>
class Prefetcher {
 public:
  /// At most `ahead` (> 0) items are made and not yet taken. Without workers each is made when it is asked for.
  Prefetcher(std::function<Item(std::int64_t)> make, std::int64_t first, std::int64_t end, int workers,
             std::int64_t ahead)
      : make_(std::move(make)), to_make_(first), to_take_(first), end_(end), ahead_(ahead) {
    for (int i = 0; i < workers; ++i) workers_.emplace_back([this] { work(); });
  }
  ~Prefetcher() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The next item; there must be one. Throws what `make` threw for it.
  Item next() {
    if (workers_.empty()) return make_(to_take_++);
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return made_.count(to_take_) > 0; });
    Made made = std::move(made_.extract(to_take_++).mapped());
    lock.unlock();
    changed_.notify_all();
    if (made.failure) std::rethrow_exception(made.failure);
    return std::move(made.item[0]);
  }

 private:
  struct Made {
    std::vector<Item> item;  ///< one, or none if it failed
    std::exception_ptr failure;
  };

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return stopping_ || (to_make_ < end_ && to_make_ < to_take_ + ahead_); });
      if (stopping_) return;
      const std::int64_t index = to_make_++;
      lock.unlock();
      Made made;
      try {
        made.item.push_back(make_(index));
      } catch (...) {
        made.failure = std::current_exception();
      }
      lock.lock();
      made_.emplace(index, std::move(made));
      changed_.notify_all();
    }
  }

  std::function<Item(std::int64_t)> make_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::int64_t, Made> made_;
  std::int64_t to_make_, to_take_, end_, ahead_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace ldpsim::data
