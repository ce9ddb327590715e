// SPDX-License-Identifier: Apache-2.0
// HTML that text cannot break out of: a piece of a page is made of literals of the source and of escaped text, and the
// compiler takes nothing else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchferry::importer {

class Markup {
 public:
  Markup() = default;
  template <std::size_t N>
  explicit Markup(const char (&literal)[N]) {
    html(literal);
  }

  /// A literal, as it stands.
  template <std::size_t N>
  Markup& html(const char (&literal)[N]) {
    out_.append(literal, N - 1);
    return *this;
  }
  /// Whatever it holds, it is text, in an element or in a quoted attribute. What is neither printable ASCII nor white space is shown as \xNN.
  Markup& text(std::string_view text);
  Markup& add(const Markup& other) {
    out_ += other.out_;
    return *this;
  }

  const std::string& str() const { return out_; }
  bool empty() const { return out_.empty(); }

 private:
  std::string out_;
};

Markup text(std::string_view text);
Markup code(std::string_view text);

struct Column {
  const char* title;
  enum class Kind { words, fixed, number, name } kind = Kind::words;  // fixed: never broken across lines
};
using Row = std::vector<Markup>;
/// Its header is repeated on each printed page. Nothing at all for no rows.
Markup table(std::string_view caption, const std::vector<Column>& columns, const std::vector<Row>& rows);

/// What is called so, and is so; those without a value are left out.
struct Fact {
  std::string name;
  Markup value;
};
Markup facts(const std::vector<Fact>& facts);

}  // namespace patchferry::importer
