// SPDX-License-Identifier: Apache-2.0
#include "importer/reports/markup.h"

#include <fmt/format.h>

namespace patchferry::importer {

namespace {

const char* class_of(Column::Kind kind) {
  switch (kind) {
    case Column::Kind::words: return "words";
    case Column::Kind::fixed: return "fixed";
    case Column::Kind::number: return "number";
    case Column::Kind::name: return "name";
  }
  return "";
}

}  // namespace

Markup& Markup::text(std::string_view text) {
  for (const char c : text) {
    if (c == '&')
      out_ += "&amp;";
    else if (c == '<')
      out_ += "&lt;";
    else if (c == '>')
      out_ += "&gt;";
    else if (c == '"')
      out_ += "&quot;";
    else if (c == '\'')
      out_ += "&#39;";
    else if (c == '\n' || c == '\t')
      out_ += ' ';
    else if (c >= 0x20 && c < 0x7f)
      out_ += c;
    else
      out_ += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return *this;
}

Markup text(std::string_view text) { return Markup().text(text); }

Markup code(std::string_view text) { return Markup("<code>").text(text).html("</code>"); }

Markup table(std::string_view caption, const std::vector<Column>& columns, const std::vector<Row>& rows) {
  Markup out;
  if (rows.empty()) return out;
  out.html("<div class=\"scroll\"><table><caption>").text(caption).html("</caption>\n<thead><tr>");
  for (const auto& column : columns)
    out.html("<th scope=\"col\" class=\"").text(class_of(column.kind)).html("\">").text(column.title).html("</th>");
  out.html("</tr></thead>\n<tbody>\n");
  for (const auto& row : rows) {
    out.html("<tr>");
    for (std::size_t i = 0; i < row.size(); ++i)
      out.html("<td class=\"").text(class_of(columns[i].kind)).html("\">").add(row[i]).html("</td>");
    out.html("</tr>\n");
  }
  return out.html("</tbody></table></div>\n");
}

Markup facts(const std::vector<Fact>& facts) {
  Markup out("<dl>\n");
  for (const auto& [name, value] : facts)
    if (!value.empty()) out.html("<div><dt>").text(name).html("</dt><dd>").add(value).html("</dd></div>\n");
  return out.html("</dl>\n");
}

}  // namespace patchferry::importer
