// SPDX-License-Identifier: Apache-2.0
#include "bundle-format/receipt.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "system/json_text.h"
#include "system/rel_path.h"

namespace patchferry {

namespace {

using Json = nlohmann::json;
constexpr std::string_view kFirstLine = "patchferry-receipt-1\n";

tl::unexpected<Refusal> bad(const std::string& why) {
  return refuse(RefusalKind::bad_receipt, "the receipt " + why,
                "make a fresh one at the site with 'patchferry receipt --out FILE'");
}

template <std::size_t N>
std::array<std::byte, N> bytes_of(const Json& json) {
  return array_from_hex<N>(json.get<std::string>()).value_or(std::array<std::byte, N>{});
}

bool is_sorted_names(const std::vector<std::string>& names) {
  return std::adjacent_find(names.begin(), names.end(), std::greater_equal<>()) == names.end() &&
         std::all_of(names.begin(), names.end(), [](const auto& n) { return parse_patchset_name(n).has_value(); });
}

}  // namespace

std::string encode_receipt_body(const Receipt& r) {
  Json domains = Json::array();
  for (const auto& d : r.domains) domains.push_back({{"domain", to_hex(d.domain)}, {"version", d.version}, {"epoch", d.epoch}});
  Json streams = Json::array();
  for (const auto& s : r.streams)
    streams.push_back(
        {{"stream", to_hex(s.stream.bytes)}, {"epoch", s.epoch}, {"sequence", s.sequence}, {"statement", to_hex(s.statement)}});
  Json patchsets = Json::array();
  for (const auto& p : r.patchsets) patchsets.push_back({{"name", p.name}, {"sha256", to_hex(p.archive)}});
  const Json json = {{"site", r.site},         {"domains", domains},   {"encryption", to_hex(r.encryption.bytes)},
                     {"streams", streams},     {"issued", r.issued},   {"free_bytes", r.free_bytes},
                     {"patchsets", patchsets}, {"cleaned", r.cleaned}, {"withdrawn", r.withdrawn}};
  return json.dump();
}

std::string encode_receipt(const Receipt& receipt, const PublicKey& key, const Signature& signature) {
  return std::string(kFirstLine) + encode_receipt_body(receipt) + "\n" + to_hex(key.bytes) + " " + to_hex(signature) + "\n";
}

Result<SignedReceipt> decode_receipt(std::string_view text) {
  constexpr std::size_t kLastLine = 2 * kPublicKeySize + 1 + 2 * kSignatureSize + 1;
  if (!text.starts_with(kFirstLine) || text.size() < kFirstLine.size() + kLastLine + 1) return bad("is not a Patchferry receipt");
  const std::string_view body = text.substr(kFirstLine.size(), text.size() - kFirstLine.size() - kLastLine - 1);
  const std::string_view last = text.substr(text.size() - kLastLine);
  if (text[text.size() - kLastLine - 1] != '\n' || last[2 * kPublicKeySize] != ' ' || last.back() != '\n')
    return bad("is damaged");
  const auto key = array_from_hex<kPublicKeySize>(last.substr(0, 2 * kPublicKeySize));
  const auto signature = array_from_hex<kSignatureSize>(last.substr(2 * kPublicKeySize + 1, 2 * kSignatureSize));
  if (!key || !signature) return bad("is damaged");
  SignedReceipt out;
  out.key = {Algorithm::ed25519, *key};
  if (!verifies(out.key, DocumentType::receipt, as_bytes(body), *signature)) return bad("does not carry a valid signature");
  auto parsed = parse_json(body, "receipt");
  if (!parsed) return bad("is not JSON");
  Receipt& r = out.receipt;
  try {
    const Json& json = *parsed;
    r.site = json.at("site").get<std::string>();
    r.encryption.bytes = bytes_of<kEncryptionKeySize>(json.at("encryption"));
    for (const auto& d : json.at("domains"))
      r.domains.push_back({bytes_of<32>(d.at("domain")), whole_number<std::uint32_t>(d.at("version")),
                           whole_number<std::uint32_t>(d.at("epoch"))});
    for (const auto& s : json.at("streams"))
      r.streams.push_back({{bytes_of<16>(s.at("stream"))},
                           whole_number<std::uint32_t>(s.at("epoch")),
                           whole_number<std::uint64_t>(s.at("sequence")),
                           bytes_of<32>(s.at("statement"))});
    r.issued = whole_number<std::uint64_t>(json.at("issued"));
    r.free_bytes = whole_number<std::uint64_t>(json.at("free_bytes"));
    for (const auto& p : json.at("patchsets"))
      r.patchsets.push_back({p.at("name").get<std::string>(), bytes_of<32>(p.at("sha256"))});
    r.cleaned = json.at("cleaned").get<std::vector<std::string>>();
    r.withdrawn = json.at("withdrawn").get<std::vector<std::string>>();
    if (encode_receipt_body(r) != body) return bad("is not written the one way that is allowed");
  } catch (const Json::exception&) {
    return bad("lacks a field, or has one of another type");
  }
  std::vector<std::string> present;
  for (const auto& p : r.patchsets) present.push_back(p.name);
  const auto by_domain = [](const auto& a, const auto& b) { return a.domain >= b.domain; };
  const auto by_stream = [](const auto& a, const auto& b) { return a.stream.bytes >= b.stream.bytes; };
  if (std::adjacent_find(r.domains.begin(), r.domains.end(), by_domain) != r.domains.end() ||
      std::adjacent_find(r.streams.begin(), r.streams.end(), by_stream) != r.streams.end())
    return bad("lists trust domains or streams that are not sorted");
  for (const auto& d : r.domains)
    if (d.version == 0 || d.epoch == 0) return bad("gives an impossible root document");
  for (const auto& s : r.streams)
    if (s.sequence >= (1ULL << 52) || (s.epoch == 0) != (s.sequence == 0)) return bad("gives an impossible sequence number");
  if (!is_usable(r.encryption)) return bad("gives a key that nothing can be encrypted to");
  if (!is_site_name(r.site) || !is_sorted_names(present) || !is_sorted_names(r.cleaned) || !is_sorted_names(r.withdrawn))
    return bad("holds names that are not sorted or not allowed");
  return out;
}

const ReceiptStream* Receipt::find(const StreamId& stream) const {
  const auto found = std::find_if(streams.begin(), streams.end(), [&](const auto& s) { return s.stream == stream; });
  return found == streams.end() ? nullptr : &*found;
}

const ReceiptDomain* Receipt::find(const Digest& domain) const {
  const auto found = std::find_if(domains.begin(), domains.end(), [&](const auto& d) { return d.domain == domain; });
  return found == domains.end() ? nullptr : &*found;
}

Digest state_of(std::vector<ReceiptPatchset> patchsets) {
  std::sort(patchsets.begin(), patchsets.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  Hasher hasher;
  for (const auto& p : patchsets) {
    hasher.add(as_bytes(p.name + "\n"));
    hasher.add(p.archive);
  }
  return hasher.finish();
}

}  // namespace patchferry
