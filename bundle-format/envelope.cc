// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/envelope.h"

#include <algorithm>
#include <cassert>

namespace patchferry {

namespace {
constexpr std::string_view kMagic = "PFSI";
}

Bytes encode_envelope(Envelope envelope) {
  std::sort(envelope.begin(), envelope.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
  assert(!envelope.empty() && envelope.size() <= kMaxSignatures);
  ByteWriter w;
  w.raw(as_bytes(kMagic));
  w.u16(static_cast<std::uint16_t>(envelope.size()));
  w.u16(0);
  for (const auto& one : envelope) {
    w.raw(one.key);
    w.u32(static_cast<std::uint32_t>(one.signature.size()));
    w.raw(one.signature);
  }
  return w.take();
}

Result<Envelope> decode_envelope(ByteSpan bytes) {
  const auto malformed = [](const char* why) { return refuse(RefusalKind::malformed, std::string("the envelope ") + why); };
  ByteReader r(bytes);
  if (as_text(r.raw(4)) != kMagic) return malformed("does not begin with its magic");
  const std::size_t count = r.u16();
  if (r.u16() != 0) return malformed("has something in its reserved bytes");
  if (count == 0 || count > kMaxSignatures) return malformed("has no signatures, or too many");
  Envelope out;
  for (std::size_t i = 0; i < count; ++i) {
    KeySignature one;
    one.key = r.array<32>();
    const std::size_t length = r.u32();
    if (length == 0 || length > kMaxSignatureBytes) return malformed("has a signature of impossible length");
    const ByteSpan signature = r.raw(length);
    if (r.failed()) return malformed("ends too early");
    one.signature.assign(signature.begin(), signature.end());
    if (!out.empty() && !(out.back().key < one.key)) return malformed("is not sorted by key, or has a key twice");
    out.push_back(std::move(one));
  }
  if (r.left() != 0) return malformed("has something after its signatures");
  return out;
}

}  // namespace patchferry
