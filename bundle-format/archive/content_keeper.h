// SPDX-License-Identifier: Apache-2.0
// Keeps the files of an archive by their hash, as they pass by.
//
//   FOLDER/<sha256>      contents that were not kept before
#pragma once

#include <functional>
#include <string>

#include "bundle-format/archive/contents.h"

namespace patchferry {

class ContentKeeper : public FileKeeper {
 public:
  /// `is_kept(hash)`: it is kept already, elsewhere. Several may write to one folder at once.
  ContentKeeper(std::string folder, std::function<bool(const Digest&)> is_kept)
      : folder_(std::move(folder)), is_kept_(std::move(is_kept)) {}

  void begin(const RelPath& path, std::uint64_t bytes, std::optional<std::uint64_t> offset) override;
  void data(ByteSpan part) override;
  void end(const Digest& hash) override;

 private:
  void spill();

  std::string folder_;
  std::function<bool(const Digest&)> is_kept_;
  Bytes held_;
  std::string temporary_;
  Fd file_;
};

}  // namespace patchferry
