// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/nginx_server.h"

#include <csignal>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

#include "system/run_tool.h"
#include "tests/scenario/world.h"

namespace patchferry::test {

NginxServer::NginxServer(const std::string& base, const std::string& folder, const Words& more) : base_(base), folder_(folder) {
  make_folder(folder);
  // Somebody else may take the port that was free.
  for (int attempt = 0; attempt < 5; ++attempt) {
    port_ = free_port();
    const auto done = configure(more);
    if (done.code != 0) throw std::runtime_error("serve-config: " + done.err);
    if (start()) return;
  }
  throw std::runtime_error("nginx does not start: " + error_log());
}

NginxServer::~NginxServer() { stop(); }

Outcome NginxServer::configure(const Words& more) const {
  Words words = {
      "serve-config", "nginx", "--base", base_, "--full", "--run-dir", folder_, "--listen", "127.0.0.1:" + std::to_string(port_),
      "--out",        conf()};
  // Its workers would give up root, and what tests make is for its maker alone.
  if (::geteuid() == 0) words.insert(words.end(), {"--user", "root"});
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

bool NginxServer::start() {
  const auto program = find_tool("nginx");
  if (!program) throw std::runtime_error("there is no nginx: scripts/install-deps");
  process_ = std::make_unique<Process>(Words{*program, "-e", folder_ + "/error.log", "-c", conf(), "-g", "daemon off;"});
  while (process_->is_running()) {
    // It writes its pid after it has begun to listen.
    if (exists(folder_ + "/nginx.pid") && !contents(folder_ + "/nginx.pid").empty() && is_listening(port_)) return true;
    ::usleep(5'000);
  }
  process_.reset();
  return false;
}

void NginxServer::stop() {
  if (!process_) return;
  // The master ends its workers; killed, it would leave them behind.
  const std::string pid = contents(folder_ + "/nginx.pid");
  if (process_->is_running()) ::kill(static_cast<pid_t>(std::stoi(pid)), SIGTERM);
  process_->wait();
  process_.reset();
}

std::vector<std::string> NginxServer::log_lines() {
  stop();
  std::vector<std::string> out;
  std::istringstream text(contents(folder_ + "/access.log"));
  for (std::string line; std::getline(text, line);) out.push_back(line);
  return out;
}

std::string NginxServer::error_log() const { return exists(folder_ + "/error.log") ? contents(folder_ + "/error.log") : ""; }

}  // namespace patchferry::test
