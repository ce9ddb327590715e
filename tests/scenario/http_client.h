// SPDX-License-Identifier: Apache-2.0
// An HTTP client as simple as an agent's, that sends just what it is given: paths that climb, bytes that are no text.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "system/file.h"

namespace patchferry::test {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in small letters
  std::string body;

  bool has(const std::string& name) const { return headers.count(name) == 1; }
  std::string header(const std::string& name) const { return has(name) ? headers.at(name) : ""; }
};

using Headers = std::vector<std::string>;  // "Name: value"

/// One connection to 127.0.0.1, kept alive as long as the server wants, and made anew after that.
class HttpClient {
 public:
  explicit HttpClient(unsigned port) : port_(port) {}
  Answer get(const std::string& target, const Headers& headers = {}) { return ask("GET", target, headers); }
  /// With "Host: localhost", unless `headers` has a Host.
  Answer ask(const std::string& method, const std::string& target, const Headers& headers = {});

 private:
  Answer exchange(const std::string& request, bool has_body);
  unsigned port_;
  Fd socket_;
};

/// Whether somebody listens there.
bool is_listening(unsigned port);
/// A port where nobody listened a moment ago.
unsigned free_port();

}  // namespace patchferry::test
