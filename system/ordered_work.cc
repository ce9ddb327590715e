// SPDX-License-Identifier: Apache-2.0
#include "system/ordered_work.h"

#include <utility>

namespace patchferry {

bool PartQueue::push(Bytes part) {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [&] { return abandoned_ || bytes_ < limit_; });
  if (abandoned_) return false;
  bytes_ += part.size();
  parts_.push_back(std::move(part));
  changed_.notify_all();
  return true;
}

void PartQueue::close() {
  const std::lock_guard hold(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void PartQueue::fail(std::exception_ptr why) {
  const std::lock_guard hold(mutex_);
  failure_ = std::move(why);
  closed_ = true;
  changed_.notify_all();
}

std::optional<Bytes> PartQueue::pop() {
  std::unique_lock hold(mutex_);
  changed_.wait(hold, [&] { return abandoned_ || closed_ || !parts_.empty(); });
  if (abandoned_) return std::nullopt;
  if (parts_.empty()) {
    if (failure_) std::rethrow_exception(failure_);
    return std::nullopt;
  }
  Bytes part = std::move(parts_.front());
  parts_.pop_front();
  bytes_ -= part.size();
  changed_.notify_all();
  return part;
}

void PartQueue::abandon() {
  const std::lock_guard hold(mutex_);
  abandoned_ = true;
  parts_.clear();
  changed_.notify_all();
}

bool PartQueue::abandoned() const {
  const std::lock_guard hold(mutex_);
  return abandoned_;
}

OrderedWorkers::~OrderedWorkers() {
  {
    const std::lock_guard hold(mutex_);
    stopping_ = true;
    tasks_.clear();
    changed_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
}

void OrderedWorkers::submit(std::function<void()> task) {
  const std::lock_guard hold(mutex_);
  tasks_.push_back(std::move(task));
  if (idle_ < tasks_.size() && threads_.size() < most_)
    threads_.emplace_back([this] { run(); });
  else
    changed_.notify_one();
}

void OrderedWorkers::run() {
  std::unique_lock hold(mutex_);
  for (;;) {
    ++idle_;
    changed_.wait(hold, [&] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (stopping_) return;
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    hold.unlock();
    task();
    hold.lock();
  }
}

}  // namespace patchferry
