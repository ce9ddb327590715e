// SPDX-License-Identifier: Apache-2.0
#include "terminal/qr.h"

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <qrencode.h>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

#include "system/failure.h"
#include "terminal/output.h"

namespace patchferry {

namespace {

constexpr unsigned kQuietZone = 4;

// 47 for terminals that have eight colours; 107, bright white, takes its place on those that have sixteen.
constexpr const char* kBlackOnWhite = "\033[0;30;47;107m";
constexpr const char* kPlain = "\033[0m";

struct FreeCode {
  void operator()(QRcode* code) const { QRcode_free(code); }
};

bool stdout_is_terminal() {
  const char* kind = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) == 1 && kind != nullptr && std::string_view(kind) != "dumb";
}

/// 0 if it is not known.
unsigned terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace

QrMatrix qr_matrix(const std::string& text) {
  // libqrencode reads up to the first NUL.
  if (text.empty() || text.find('\0') != std::string::npos) throw UsageError("there is no text for a QR code");
  // "8 bit" is the fallback: parts that the alphanumeric mode can hold take that. Case is kept, so nothing is changed silently.
  // A screen has neither dirt nor creases: the lowest redundancy makes the smallest code.
  const std::unique_ptr<QRcode, FreeCode> code(QRcode_encodeString(text.c_str(), 0, QR_ECLEVEL_L, QR_MODE_8, 1));
  if (!code && errno == ERANGE) throw UsageError("the text is too long for a QR code: " + count_text(text.size(), "character"));
  if (!code) throw_errno("make a QR code of", count_text(text.size(), "character"));
  QrMatrix matrix;
  matrix.size = static_cast<unsigned>(code->width);
  const std::size_t modules = std::size_t{matrix.size} * matrix.size;
  matrix.dark.resize(modules);
  for (std::size_t i = 0; i < modules; ++i) matrix.dark[i] = (code->data[i] & 1) != 0;
  return matrix;
}

std::string draw_qr(const QrMatrix& matrix, QrInk ink) {
  const unsigned side = matrix.size + 2 * kQuietZone;
  const auto is_dark = [&](unsigned row, unsigned column) {
    if (row < kQuietZone || column < kQuietZone) return false;
    row -= kQuietZone;
    column -= kQuietZone;
    return row < matrix.size && column < matrix.size && matrix.dark[std::size_t{row} * matrix.size + column];
  };
  std::string out;
  // The number of rows is odd; the row that the last line adds is quiet zone as well.
  for (unsigned row = 0; row < side; row += 2) {
    if (ink == QrInk::terminal) out += kBlackOnWhite;
    for (unsigned column = 0; column < side; ++column) {
      const bool upper = is_dark(row, column);
      const bool lower = is_dark(row + 1, column);
      out += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    if (ink == QrInk::terminal) out += kPlain;
    out += '\n';
  }
  return out;
}

void print_qr(const std::string& text) {
  const QrMatrix matrix = qr_matrix(text);
  const bool on_terminal = stdout_is_terminal();
  const unsigned needed = matrix.size + 2 * kQuietZone;
  if (const unsigned columns = terminal_columns(); on_terminal && columns != 0 && columns < needed)
    note("this QR code needs a window of " + std::to_string(needed) + " columns, and this one has " + std::to_string(columns));
  std::string drawing = draw_qr(matrix, on_terminal ? QrInk::terminal : QrInk::paper);
  drawing.pop_back();  // print() ends the line
  print(drawing);
}

}  // namespace patchferry
