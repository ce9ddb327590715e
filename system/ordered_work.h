// SPDX-License-Identifier: Apache-2.0
// Work that runs on all cores and keeps its order: tasks are begun in the order in which they were given, and bytes go
// into or come out of each by a queue of its own that holds only so much.
//
// A task may wait on its queue as long as the tasks before it do not wait for it: they were begun before, so that the
// foremost one always goes on. Whoever owns the queues abandons them before the workers go.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "system/bytes.h"

namespace patchferry {

/// Bytes from one thread to another, in parts. One side pushes, then close() or fail(); the other pops.
class PartQueue {
 public:
  explicit PartQueue(std::size_t limit) : limit_(limit) {}

  /// Waits while more than `limit` bytes are in it. False: abandoned, nobody wants any more.
  bool push(Bytes part);
  void close();
  void fail(std::exception_ptr why);
  /// Waits for the next part; nullopt: closed (or abandoned). Throws what fail() was given, once all parts are out.
  std::optional<Bytes> pop();
  /// Neither side waits from now on.
  void abandon();
  bool abandoned() const;

 private:
  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Bytes> parts_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
  bool abandoned_ = false;
  std::exception_ptr failure_;
};

/// Threads, at most `threads` of them, begun as there is work. Tasks throw nothing.
class OrderedWorkers {
 public:
  explicit OrderedWorkers(std::size_t threads) : most_(threads) {}
  /// Tasks that have not begun are dropped; those that run are waited for.
  ~OrderedWorkers();
  OrderedWorkers(const OrderedWorkers&) = delete;
  OrderedWorkers& operator=(const OrderedWorkers&) = delete;

  void submit(std::function<void()> task);

 private:
  void run();
  const std::size_t most_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace patchferry
