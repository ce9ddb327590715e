// SPDX-License-Identifier: Apache-2.0
#include "importer/serve_values.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cctype>

#include "system/failure.h"
#include "system/rel_path.h"

namespace patchferry::importer {

namespace {

constexpr std::size_t kMaxHost = 253;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_port(const std::string& text) {
  if (text.empty() || text.size() > 5 || text[0] == '0' || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  return std::stoul(text) <= 65535;
}

bool is_address(int family, const std::string& text) {
  in6_addr address{};
  return ::inet_pton(family, text.c_str(), &address) == 1;
}

bool is_bracketed(const std::string& text) {
  return text.size() > 2 && text.front() == '[' && text.back() == ']' && is_address(AF_INET6, text.substr(1, text.size() - 2));
}

// Letters, digits, dots, hyphens, underscores; no label is empty.
bool is_host_name(const std::string& text) {
  if (text.empty() || text.size() > kMaxHost || text.front() == '.' || text.back() == '.') return false;
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_'; };
  return std::all_of(text.begin(), text.end(), allowed) && text.find("..") == std::string::npos;
}

// std::string keeps what follows a zero byte, and C functions do not see it.
bool has_zero(const std::string& text) { return text.find('\0') != std::string::npos; }

}  // namespace

std::string listen_value(const std::string& text) {
  const auto colon = text.rfind(':');
  const std::string address = colon == std::string::npos ? "*" : text.substr(0, colon);
  const std::string port = colon == std::string::npos ? text : text.substr(colon + 1);
  const bool fits = address == "*" || is_address(AF_INET, address) || is_bracketed(address);
  if (has_zero(text) || !fits || !is_port(port))
    throw UsageError("'" + printable(text) + "' is no address to listen on",
                     "a port, or ADDRESS:PORT, such as 80, 192.0.2.1:80 or [::]:80");
  return address == "*" ? port : text;  // both mean the same, and nginx takes each but once
}

std::string server_name_value(const std::string& text) {
  const bool is_name = is_host_name(text.starts_with("*.") ? text.substr(2) : text);
  if (has_zero(text) || (!is_name && !is_bracketed(text)))
    throw UsageError("'" + printable(text) + "' is no host name",
                     "such as patches.example.org, *.example.org, 192.0.2.1 or [2001:db8::1]");
  std::string lower = text;
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string path_value(const char* what, const std::string& path) {
  const auto forbidden = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f || c == '"' || c == '\'' || c == '\\' || c == '$';
  };
  if (!path.starts_with('/'))
    throw UsageError(std::string(what) + " '" + printable(path) + "' must be an absolute path", "begin it with /");
  if (std::any_of(path.begin(), path.end(), forbidden))
    throw UsageError(std::string(what) + " '" + printable(path) + "' cannot stand in a configuration of nginx",
                     "use a path without quotes, backslashes, dollar signs and control characters; a link will do");
  return "\"" + path + "\"";
}

std::string user_value(const std::string& text) {
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
  if (text.empty() || text.size() > 32 || text.front() == '-' || !plain)
    throw UsageError("'" + printable(text) + "' is no name of a user", "such as www-data");
  return text;
}

}  // namespace patchferry::importer
