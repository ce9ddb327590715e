// SPDX-License-Identifier: Apache-2.0
// Text as a QR code on a terminal, for a small document that goes by phone or paper.
//
// Drawn with half blocks, two rows of modules a line, and the quiet zone of four modules that the standard asks for.
// Upper-case base32 (system/base32.h) takes the alphanumeric mode: 5.5 bits a character instead of 8.
#pragma once

#include <string>
#include <vector>

namespace patchferry {

/// Dark modules are true; row by row, without the quiet zone.
struct QrMatrix {
  unsigned size = 0;  // modules a side
  std::vector<bool> dark;
};

/// UsageError if the text is empty, holds a NUL, or is too long for any QR code (4296 characters of upper-case base32).
QrMatrix qr_matrix(const std::string& text);

enum class QrInk {
  terminal,  // black on white by escape sequences, whatever the terminal's own colours are
  paper,     // no escape sequences: a block is dark, so that it can be read once printed
};
/// Lines of UTF-8, each with its end.
std::string draw_qr(const QrMatrix& matrix, QrInk ink);

/// On standard output. If that is a terminal with too few columns, a note says how many are needed.
void print_qr(const std::string& text);

}  // namespace patchferry
