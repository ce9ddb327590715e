// SPDX-License-Identifier: Apache-2.0
// Tar streams made block by block, so that a test can say what no tar program would, and compressed as a vendor would.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "system/bytes.h"
#include "system/file.h"

namespace patchferry::test {

/// The fields of one ustar header; everything may be wrong on purpose.
struct TarHeader {
  std::string name;  // at most 100 bytes
  char type = '0';
  std::uint64_t size = 0;
  std::string link = {};
  std::string size_field = {};         // raw 12 bytes instead of `size`
  std::string mode_field = "0000644";  // octal text
};

class TarBuilder {
 public:
  /// Names of more than 100 bytes get a GNU long-name record (folders and files).
  TarBuilder& folder(const std::string& name);
  TarBuilder& file(const std::string& name, std::string_view content);
  TarBuilder& symlink(const std::string& name, const std::string& text);
  TarBuilder& hardlink(const std::string& name, const std::string& target);
  TarBuilder& device(const std::string& name, char type);
  /// A pax header ('x') for the next member: "27 path=…\n" records are counted here.
  TarBuilder& pax(const std::string& key, const std::string& value);
  TarBuilder& header(const TarHeader& fields);
  /// Content, padded to whole blocks.
  TarBuilder& content(std::string_view bytes);
  TarBuilder& raw(ByteSpan bytes);
  /// The stream with its two blocks of end mark.
  Bytes finish() const;
  /// The stream as it is.
  const Bytes& unfinished() const { return out_; }

 private:
  void long_name(const std::string& name);
  Bytes out_;
};

enum class Packing { none, bzip2, gzip };

/// `bytes` compressed in one stream, `times` over (1 GiB need not be in memory to be packed).
Bytes packed(ByteSpan bytes, Packing packing, std::size_t times = 1);

/// An unnamed file in memory.
Fd memory_file(ByteSpan bytes);

Bytes joined(ByteSpan a, ByteSpan b);

}  // namespace patchferry::test
