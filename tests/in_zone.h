// SPDX-License-Identifier: Apache-2.0
// The time zone that this process is in, until this goes.
#pragma once

#include <cstdlib>
#include <ctime>
#include <string>

namespace patchferry::test {

class InZone {
 public:
  explicit InZone(const std::string& name) {
    if (const char* before = std::getenv("TZ")) {
      had_ = true;
      before_ = before;
    }
    ::setenv("TZ", name.c_str(), 1);
    ::tzset();
  }
  ~InZone() {
    if (had_)
      ::setenv("TZ", before_.c_str(), 1);
    else
      ::unsetenv("TZ");
    ::tzset();
  }
  InZone(const InZone&) = delete;
  InZone& operator=(const InZone&) = delete;

 private:
  bool had_ = false;
  std::string before_;
};

}  // namespace patchferry::test
