// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/manifest_reader.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace patchferry {

namespace {

/// The text is not what a writer writes. Caught in read_manifest().
struct OtherText {
  const char* why = "is not written the one way that is allowed";
};

/// What is left to be read. Every function takes what it names, or throws.
class Text {
 public:
  explicit Text(std::string_view text) : left_(text) {}

  bool takes(std::string_view token) {
    if (!left_.starts_with(token)) return false;
    left_.remove_prefix(token.size());
    return true;
  }
  void expect(std::string_view token) {
    if (!takes(token)) throw OtherText();
  }
  void end() const {
    if (!left_.empty()) throw OtherText();
  }

  template <class T>
  T number() {
    count_value();
    T value = 0;
    const auto [end, error] = std::from_chars(left_.data(), left_.data() + left_.size(), value);
    const auto digits = static_cast<std::size_t>(end - left_.data());
    if (error != std::errc() || (digits > 1 && left_.front() == '0')) throw OtherText();
    left_.remove_prefix(digits);
    return value;
  }
  bool flag() {
    count_value();
    if (takes("true")) return true;
    expect("false");
    return false;
  }
  /// None that any rule lets through needs to be escaped.
  std::string_view word() {
    count_value();
    expect("\"");
    const auto end =
        std::find_if(left_.begin(), left_.end(), [](char c) { return c < 0x20 || c > 0x7e || c == '"' || c == '\\'; });
    const std::string_view out = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(out.size());
    expect("\"");
    return out;
  }
  Digest digest() {
    const auto value = array_from_hex<32>(word());
    if (!value) throw OtherText();
    return *value;
  }

  void open_object() {
    if (++objects_ > kMaxManifestObjects) throw OtherText{"holds too many objects"};
    count_value();
    expect("{");
  }
  /// A list into `out`, which is as large as it needs to be from the beginning, and never moved to where it has more room.
  /// `between`, `end`: what stands between two items, and from the last one on; no word has them in it. `read_one` reads an item.
  template <class Out, class ReadOne>
  void list(Out& out, std::string_view between, std::string_view end, std::size_t most, ReadOne read_one) {
    count_value();
    expect("[");
    if (takes("]")) return;
    out.reserve(std::min(most, items_ahead(between, end)));
    do {
      if (out.size() == most) throw OtherText{"holds too long a list"};
      out.push_back(read_one());
    } while (takes(","));
    expect("]");
  }

 private:
  void count_value() {
    if (++values_ > kMaxManifestValues) throw OtherText{"holds too many values"};
  }
  /// Right where the text is. Each list is looked through once: where its end is not found, it is refused.
  std::size_t items_ahead(std::string_view between, std::string_view end) const {
    const std::string_view list = left_.substr(0, left_.find(end));
    std::size_t out = 1;
    for (auto at = list.find(between); at != std::string_view::npos; at = list.find(between, at + between.size())) ++out;
    return out;
  }

  std::string_view left_;
  std::uint64_t objects_ = 0;
  std::uint64_t values_ = 0;
};

ManifestFix read_fix(Text& text) {
  ManifestFix out;
  text.open_object();
  text.expect("\"cve\":");
  out.cve = text.word();
  text.expect(",\"cvss10\":");
  out.cvss_tenths = text.number<unsigned>();
  text.expect(",\"kernels\":");
  text.list(out.kernels, ",", "]", kMaxManifestValues, [&] { return text.number<std::uint32_t>(); });
  text.expect("}");
  return out;
}

ManifestPatchset read_patchset(Text& text) {
  ManifestPatchset out;
  text.open_object();
  text.expect("\"archive\":");
  text.open_object();
  text.expect("\"bytes\":");
  out.archive_bytes = text.number<std::uint64_t>();
  text.expect(",\"expanded\":");
  out.expanded_bytes = text.number<std::uint64_t>();
  text.expect(",\"sha256\":");
  out.archive = text.digest();
  text.expect("}");
  if (text.takes(",\"channel\":")) {
    out.channel = text.word();
    if (out.channel == kDefaultChannel) throw OtherText();
  }
  text.expect(",\"file\":");
  auto name = parse_archive_name(text.word());
  if (!name) throw OtherText{"holds an archive name that is outside the grammar"};
  out.name = std::move(*name);
  text.expect(",\"first_seen\":");
  out.first_seen = text.number<std::uint64_t>();
  text.expect(",\"fixes\":");
  text.list(out.fixes, "},{", "]}]", kMaxManifestObjects, [&] { return read_fix(text); });
  // What follows from the file's name.
  text.expect(",\"name\":");
  const bool same_name = text.word() == out.name.patchset.text;
  text.expect(",\"product\":");
  const bool same_product = text.word() == out.name.patchset.product;
  text.expect(",\"released\":");
  const bool same_date = text.word() == to_text(out.name.patchset.released);
  text.expect("}");
  if (!same_name || !same_product || !same_date) throw OtherText();
  return out;
}

ManifestNeed read_need(Text& text) {
  ManifestNeed out;
  text.open_object();
  text.expect("\"bundle\":");
  out.bundle = text.number<std::uint64_t>();
  text.expect(",\"name\":");
  out.name = text.word();
  text.expect(",\"sha256\":");
  out.archive = text.digest();
  text.expect("}");
  return out;
}

Manifest read_all(Text& text) {
  Manifest m;
  const auto word = [&] { return std::string(text.word()); };
  text.open_object();
  text.expect("\"fixes_left_out\":");
  m.fixes_left_out = text.flag();
  text.expect(",\"format\":");
  if (text.number<unsigned>() != 1) throw OtherText();
  text.expect(",\"kernels\":");
  text.list(m.kernels, "\",\"", "\"]", kMaxManifestKernels, word);
  text.expect(",\"memory\":");
  m.memory = text.number<std::uint64_t>();
  text.expect(",\"needs\":");
  text.list(m.needs, "},{", "}]", kMaxPatchsets, [&] { return read_need(text); });
  text.expect(",\"patchsets\":");
  text.list(m.patchsets, "},{\"archive\":", "],\"sequence\":", kMaxPatchsets, [&] { return read_patchset(text); });
  text.expect(",\"sequence\":");
  m.sequence = text.number<std::uint64_t>();
  text.expect(",\"site\":");
  m.site = text.word();
  text.expect(",\"tables\":");
  text.open_object();
  text.expect("\"bases\":");
  m.bases_bytes = text.number<std::uint64_t>();
  text.expect(",\"objects\":");
  m.objects_bytes = text.number<std::uint64_t>();
  text.expect(",\"packs\":");
  m.packs_bytes = text.number<std::uint64_t>();
  text.expect(",\"recipes\":");
  m.recipes_bytes = text.number<std::uint64_t>();
  text.expect("},\"withdrawn\":");
  text.list(m.withdrawn, "\",\"", "\"]", kMaxPatchsets, word);
  text.expect("}");
  text.end();
  return m;
}

}  // namespace

Result<Manifest> read_manifest(std::string_view bytes) {
  try {
    Text text(bytes);
    return read_all(text);
  } catch (const OtherText& other) {
    return refuse(RefusalKind::malformed, std::string("the manifest ") + other.why);
  }
}

}  // namespace patchferry
