// SPDX-License-Identifier: Apache-2.0
// What print_qr() draws is turned back into a picture, character by character, and read by a decoder that is not ours.
#include <catch2/catch.hpp>
#include <cstdio>
#include <fcntl.h>
#include <string>
#include <unistd.h>
#include <vector>

#include "system/atomic_file.h"
#include "system/base32.h"
#include "system/failure.h"
#include "terminal/qr.h"
#include "tests/unit/small_bundle.h"

using namespace patchferry;
using namespace patchferry::test;

namespace {

/// The drawing as rows of dark (1) and light (0) pixels.
std::vector<std::string> pixels_of(const std::string& drawing) {
  std::vector<std::string> rows;
  std::string upper, lower;
  for (std::size_t i = 0; i < drawing.size();) {
    const std::string_view rest = std::string_view(drawing).substr(i);
    if (rest.starts_with("\033[")) {
      i += rest.find('m') + 1;
    } else if (rest.starts_with("\n")) {
      rows.push_back(upper);
      rows.push_back(lower);
      upper.clear();
      lower.clear();
      ++i;
    } else if (rest.starts_with(" ")) {
      upper += '0';
      lower += '0';
      ++i;
    } else {
      const std::string_view block = rest.substr(0, 3);
      const bool known = block == "█" || block == "▀" || block == "▄";
      REQUIRE(known);
      upper += block == "▄" ? '0' : '1';
      lower += block == "▀" ? '0' : '1';
      i += 3;
    }
  }
  CHECK(upper.empty());
  return rows;
}

/// A black and white picture (PGM), each pixel `scale` wide.
std::string picture_of(const std::vector<std::string>& rows, unsigned scale) {
  std::string out = "P5\n" + std::to_string(rows.front().size() * scale) + " " + std::to_string(rows.size() * scale) + "\n255\n";
  for (const auto& row : rows)
    for (unsigned i = 0; i < scale; ++i)
      for (const char pixel : row) out.append(scale, pixel == '1' ? '\0' : '\xff');
  return out;
}

std::string read_by_zbar(const std::string& drawing) {
  const TempFolder files;
  const std::string path = files / "qr.pgm";
  write_file(path, as_bytes(picture_of(pixels_of(drawing), 4)));
  std::FILE* pipe = ::popen(("zbarimg --quiet --raw -Sdisable -Sqrcode.enable " + path + " 2>/dev/null").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) out += static_cast<char>(c);
  const int status = ::pclose(pipe);
  INFO(out);
  CHECK(status == 0);
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("a QR code that is drawn on a terminal or on paper is read back by a decoder as the very text") {
  Bytes token(700);  // a head token and its signatures
  for (std::size_t i = 0; i < token.size(); ++i) token[i] = static_cast<std::byte>((i * 151 + 7) & 0xff);
  for (const std::string& text :
       {std::string("A"), std::string("MZXW6YTBOI"), encode_base32(token), std::string("mixed Case, kept")})
    for (const QrInk ink : {QrInk::terminal, QrInk::paper}) CHECK(read_by_zbar(draw_qr(qr_matrix(text), ink)) == text);
}

TEST_CASE("a QR code that is printed into a file is the one for paper") {
  const TempFolder files;
  std::fflush(stdout);
  const int saved = ::dup(STDOUT_FILENO);
  const Fd file = open_file(files / "printed", O_WRONLY | O_CREAT);
  ::dup2(file.get(), STDOUT_FILENO);
  print_qr("MZXW6YTBOI");
  std::fflush(stdout);
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  const auto printed = read_whole(files / "printed", 1 << 20);
  REQUIRE(printed);
  CHECK(as_text(*printed) == draw_qr(qr_matrix("MZXW6YTBOI"), QrInk::paper));
}

TEST_CASE("a QR code has a quiet zone of four modules on every side, and its colours are set on terminals only") {
  const QrMatrix matrix = qr_matrix("MZXW6YTBOI");
  CHECK(matrix.size == 21);
  const auto rows = pixels_of(draw_qr(matrix, QrInk::paper));
  REQUIRE(rows.size() >= 29);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    REQUIRE(rows[row].size() == 29);
    CHECK(rows[row].substr(0, 4) == "0000");
    CHECK(rows[row].substr(25) == "0000");
    if (row < 4 || row >= 25) CHECK(rows[row].find('1') == std::string::npos);
  }
  CHECK(rows[4].substr(4, 7) == "1111111");  // a finder pattern
  CHECK(draw_qr(matrix, QrInk::paper).find('\033') == std::string::npos);
  const std::string coloured = draw_qr(matrix, QrInk::terminal);
  CHECK(pixels_of(coloured) == rows);
  for (std::size_t i = 0; i < coloured.size(); i = coloured.find('\n', i) + 1)
    CHECK(coloured.substr(i).starts_with("\033[0;30;47;107m"));
  CHECK(coloured.ends_with("\033[0m\n"));
}

TEST_CASE("upper-case base32 makes a smaller QR code than the same text in lower case") {
  CHECK(qr_matrix(std::string(1000, 'A')).size < qr_matrix(std::string(1000, 'a')).size);
  CHECK(qr_matrix(std::string(4296, 'A')).size == 177);
}

TEST_CASE("a text that no QR code can hold is refused in words") {
  CHECK_THROWS_AS(qr_matrix(std::string(4297, 'A')), UsageError);
  CHECK_THROWS_AS(qr_matrix(""), UsageError);
  CHECK_THROWS_AS(qr_matrix(std::string("A\0B", 3)), UsageError);
}
