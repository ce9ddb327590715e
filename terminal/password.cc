// SPDX-License-Identifier: Apache-2.0
#include "terminal/password.h"

#include <fcntl.h>
#include <optional>
#include <termios.h>
#include <unistd.h>

#include "system/failure.h"
#include "system/file.h"
#include "terminal/interruption.h"

namespace patchferry {

namespace {

/// Echo is off while it lives, and on again however the program ends.
class Unseen {
 public:
  explicit Unseen(int fd) : fd_(fd) {
    if (::tcgetattr(fd_, &before_) != 0) throw_errno("ask for a password on", "/dev/tty");
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    restored_.emplace(fd_, before_);
    ::tcsetattr(fd_, TCSAFLUSH, &quiet);
  }
  ~Unseen() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  int fd_;
  termios before_{};
  std::optional<RestoredOnSignal> restored_;  // ends after the echo is on again
};

std::string ask_once(const Fd& tty, const std::string& prompt) {
  write_all(tty, as_bytes(prompt + ": "));
  const Unseen unseen(tty.get());
  std::string line;
  char c = 0;
  while (::read(tty.get(), &c, 1) == 1 && c != '\n') line += c;
  write_all(tty, as_bytes("\n"));
  return line;
}

}  // namespace

std::string ask_password(const std::string& prompt, bool twice) {
  const int fd = ::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) throw UsageError("a password is needed, and there is no terminal to ask for it", "give --password-file FILE");
  const Fd tty(fd, "/dev/tty");
  std::string password = ask_once(tty, prompt);
  if (password.empty()) throw UsageError("the password is empty", "type one, or use --no-password where the command has it");
  if (twice && ask_once(tty, prompt + ", once more") != password)
    throw UsageError("the two passwords differ", "run the command again");
  return password;
}

std::string password_from(const std::string& path) {
  if (!exists(path)) throw UsageError("there is no password file " + path, "its first line is the password");
  const auto bytes = read_whole(path, 4096);
  if (!bytes) throw UsageError(path + " is too long for a password file", "its first line is the password");
  std::string text(as_text(*bytes));
  text = text.substr(0, text.find('\n'));
  if (text.empty()) throw UsageError(path + " holds no password", "its first line is the password");
  return text;
}

}  // namespace patchferry
