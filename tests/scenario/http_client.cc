// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/http_client.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <netinet/in.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

#include "system/failure.h"

namespace patchferry::test {

namespace {

sockaddr_in local(unsigned port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The socket interface wants a general address, of which this is a kind.
const sockaddr* general(const sockaddr_in& address) { return static_cast<const sockaddr*>(static_cast<const void*>(&address)); }
sockaddr* general(sockaddr_in& address) { return static_cast<sockaddr*>(static_cast<void*>(&address)); }

Fd new_socket() {
  Fd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "a socket");
  if (!made.valid()) throw_errno("make", "a socket");
  return made;
}

Fd connect_to(unsigned port) {
  Fd made = new_socket();
  const sockaddr_in address = local(port);
  if (::connect(made.get(), general(address), sizeof address) != 0) return {};
  return made;
}

/// "" once the server has closed the connection.
std::string some_bytes(const Fd& from) {
  std::array<char, 16384> buffer{};
  const ssize_t count = ::recv(from.get(), buffer.data(), buffer.size(), 0);
  return count <= 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(count));
}

std::string small_letters(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

Answer parsed_head(const std::string& head) {
  Answer answer;
  std::istringstream lines(head);
  std::string line, version;
  std::getline(lines, line);
  std::istringstream(line) >> version >> answer.status;
  while (std::getline(lines, line) && line != "\r") {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    answer.headers[small_letters(line.substr(0, colon))] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return answer;
}

}  // namespace

Answer HttpClient::exchange(const std::string& request, bool has_body) {
  if (::send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) return {};
  std::string bytes;
  while (bytes.find("\r\n\r\n") == std::string::npos) {
    const std::string more = some_bytes(socket_);
    if (more.empty()) return {};
    bytes += more;
  }
  const auto end = bytes.find("\r\n\r\n") + 4;
  Answer answer = parsed_head(bytes.substr(0, end));
  answer.body = bytes.substr(end);
  const std::size_t wanted = has_body && answer.has("content-length") ? std::stoul(answer.header("content-length")) : 0;
  while (answer.body.size() < wanted) {
    const std::string more = some_bytes(socket_);
    if (more.empty()) throw std::runtime_error("an answer that ends too early");
    answer.body += more;
  }
  if (answer.header("connection") != "keep-alive") socket_ = {};
  return answer;
}

Answer HttpClient::ask(const std::string& method, const std::string& target, const Headers& headers) {
  std::string request = method + " " + target + " HTTP/1.1\r\n";
  const bool names_host = std::any_of(headers.begin(), headers.end(), [](const auto& h) { return h.starts_with("Host:"); });
  if (!names_host) request += "Host: localhost\r\n";
  for (const auto& header : headers) request += header + "\r\n";
  request += "\r\n";
  const bool was_open = socket_.valid();
  if (!was_open) socket_ = connect_to(port_);
  if (!socket_.valid()) throw std::runtime_error("nobody listens there");
  // A server may close a connection that it has kept alive whenever it likes.
  Answer answer = exchange(request, method != "HEAD");
  if (answer.status == 0 && was_open) {
    socket_ = connect_to(port_);
    answer = exchange(request, method != "HEAD");
  }
  return answer;
}

bool is_listening(unsigned port) { return connect_to(port).valid(); }

unsigned free_port() {
  const Fd made = new_socket();
  sockaddr_in address = local(0);
  socklen_t size = sizeof address;
  if (::bind(made.get(), general(address), size) != 0 || ::getsockname(made.get(), general(address), &size) != 0)
    throw_errno("find", "a free port");
  return ntohs(address.sin_port);
}

}  // namespace patchferry::test
