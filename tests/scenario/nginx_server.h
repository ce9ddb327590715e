// SPDX-License-Identifier: Apache-2.0
// A real nginx that serves a base by the complete configuration of `patchferry serve-config nginx`, on a free port of
// 127.0.0.1, until this goes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/scenario/http_client.h"
#include "tests/scenario/program.h"

namespace patchferry::test {

class NginxServer {
 public:
  /// `folder` is made, and holds configuration and logs. `more`: further options of serve-config.
  NginxServer(const std::string& base, const std::string& folder, const Words& more = {});
  ~NginxServer();
  NginxServer(const NginxServer&) = delete;
  NginxServer& operator=(const NginxServer&) = delete;

  unsigned port() const { return port_; }
  std::string conf() const { return folder_ + "/nginx.conf"; }
  /// serve-config for this very server, with these options instead of the first `more`.
  Outcome configure(const Words& more) const;
  /// What was asked so far, a line each. Stops the server, so that nothing is still to be written.
  std::vector<std::string> log_lines();
  std::string error_log() const;

 private:
  bool start();
  void stop();
  std::string base_;
  std::string folder_;
  unsigned port_ = 0;
  std::unique_ptr<Process> process_;
};

}  // namespace patchferry::test
