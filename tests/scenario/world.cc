// SPDX-License-Identifier: Apache-2.0
#include "tests/scenario/world.h"

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <boost/filesystem.hpp>
#include <catch2/catch.hpp>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "bundle-format/hash.h"

namespace patchferry::test {

namespace fs = boost::filesystem;

namespace {

constexpr std::size_t kKpatch1Header = 688;

void put_u32(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i));
}

std::string kernel_name(unsigned kernel) { return fmt::format("6.1.0-{}-scenario-amd64", kernel); }

std::string kpatch_info(unsigned kernel, unsigned level) {
  std::string text = fmt::format("OS: scenario\nkernel: {0}\ntime: 2026-01-05 10:00:00\nuname: {0}\n\n", kernel_name(kernel));
  for (unsigned fix = 1; fix <= level; ++fix)
    text += fmt::format("kpatch-name: fix-{0}.patch\nkpatch-kernel: {1}\nkpatch-cve: CVE-2026-{2}\nkpatch-cvss: 7.{0}\n\n",
                        fix % 10, kernel_name(kernel), 1000 + fix);
  return text;
}

la_ssize_t append(struct archive*, void* out, const void* data, std::size_t size) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(data), size);
  return static_cast<la_ssize_t>(size);
}

void gather(const fs::path& folder, const std::string& beneath, std::map<std::string, std::string>& out) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = beneath + entry.path().filename().string();
    boost::system::error_code error;
    const auto status = fs::status(entry.path(), error);
    if (status.type() == fs::directory_file)
      gather(entry.path(), name + "/", out);
    else
      out[name] = status.type() == fs::regular_file ? contents(entry.path().string()) : "(broken)";
  }
}

}  // namespace

std::string archive_of(const std::vector<Member>& members, const char* format, const char* filter) {
  std::string bytes;
  struct archive* out = archive_write_new();
  REQUIRE(archive_write_set_format_by_name(out, format) == ARCHIVE_OK);
  if (*filter != '\0') REQUIRE(archive_write_add_filter_by_name(out, filter) == ARCHIVE_OK);
  archive_write_set_bytes_in_last_block(out, 1);
  REQUIRE(archive_write_open(out, &bytes, nullptr, append, nullptr) == ARCHIVE_OK);
  struct archive_entry* entry = archive_entry_new();
  for (const auto& member : members) {
    archive_entry_clear(entry);
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_mtime(entry, 1'767'600'000, 0);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, member.link.empty() ? AE_IFREG : AE_IFLNK);
    archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    if (!member.link.empty()) archive_entry_set_symlink(entry, member.link.c_str());
    REQUIRE(archive_write_header(out, entry) == ARCHIVE_OK);
    REQUIRE(archive_write_data(out, member.content.data(), member.content.size()) ==
            static_cast<la_ssize_t>(member.content.size()));
  }
  archive_entry_free(entry);
  REQUIRE(archive_write_close(out) == ARCHIVE_OK);
  archive_write_free(out);
  return bytes;
}

void write_archive(const std::string& path, const std::vector<Member>& members) { write_contents(path, archive_of(members)); }

std::string noise(unsigned seed, std::size_t size) {
  std::mt19937 source(seed);
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(source() >> 24);
  return out;
}

std::string khash(unsigned kernel) { return fmt::format("{:040x}", 0xabc000U + kernel); }
std::string build_id(unsigned library) { return fmt::format("{:040x}", 0xdef000U + library); }

std::vector<Member> kernel_release(const std::string& name, const std::vector<KernelLevel>& levels, std::size_t patch_bytes) {
  std::vector<Member> out;
  for (const auto& [kernel, level] : levels) {
    const std::string top = name + "/" + khash(kernel);
    const std::string folder = fmt::format("{}/{}/", top, level);
    out.push_back({folder + "kpatch.bin", noise(1000 * kernel + level, patch_bytes)});
    out.push_back({folder + "kpatch.info", kpatch_info(kernel, level)});
    out.push_back({top + "/latest.v1", fmt::format("{}\n", level)});
  }
  return out;
}

std::vector<Member> user_release(const std::string& name, unsigned library, unsigned level) {
  std::string bin = noise(level, 5000);
  std::fill_n(bin.begin(), kKpatch1Header, '\0');
  std::memcpy(bin.data(), "KPATCH1", 7);
  const std::string id = build_id(library);
  std::copy(id.begin(), id.end(), bin.begin() + 80);
  put_u32(bin, 352, kKpatch1Header);
  put_u32(bin, 360, static_cast<std::uint32_t>(bin.size()));
  const std::string top = name + "/" + id;
  return {{fmt::format("{}/{}/kpatch.bin", top, level), bin}, {top + "/latest", "", std::to_string(level)}};
}

std::string contents(const std::string& path) {
  const Fd file = open_file(path, O_RDONLY);
  std::string text(size_of(file), '\0');
  text.resize(read_up_to(file, std::as_writable_bytes(std::span(text))));
  return text;
}

void write_contents(const std::string& path, const std::string& bytes) {
  write_all(open_file(path, O_WRONLY | O_CREAT | O_TRUNC), as_bytes(bytes));
}

void copy_tree(const std::string& from, const std::string& to) {
  fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
}

std::vector<std::string> names_in(const std::string& folder) {
  auto names = folder_entries(folder);
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, std::string> visible(const std::string& base) {
  std::map<std::string, std::string> out;
  for (const char* part : {"arch", "resources", "feeds"}) {
    for (fs::recursive_directory_iterator it(base + "/" + part), end; it != end; ++it) {
      const std::string path = it->path().string();
      std::string& what = out[path.substr(base.size() + 1)];
      const auto type = fs::symlink_status(path).type();
      if (type == fs::symlink_file)
        what = "link " + fs::read_symlink(path).string();
      else if (type == fs::directory_file)
        what = "folder";
      else
        what = "file " + to_hex(sha256(as_bytes(contents(path))));
    }
  }
  return out;
}

std::map<std::string, std::string> served(const std::string& base, const std::string& feed) {
  std::map<std::string, std::string> out;
  gather(base + "/feeds/" + feed + "/current", "", out);
  return out;
}

World::World() {
  make_folder(at("downloads"));
  REQUIRE(typed({"keygen", "--out", at("ops"), "--no-password"}).code == 0);
  init(base());
}

void World::release(const std::string& name, const std::vector<Member>& members, const std::string& store) const {
  const std::string archive = at("downloads/" + name + ".tar.bz2");
  write_archive(archive, members);
  const auto done = typed({"mirror", "add", "--store", at(store), archive});
  INFO(done.err);
  REQUIRE(done.code == 0);
}

void World::release_kernels(const std::string& name, const std::vector<KernelLevel>& levels, std::size_t patch_bytes) const {
  release(name, kernel_release(name, levels, patch_bytes));
}

void World::init(const std::string& base, const std::string& site, const std::string& key) const {
  const auto done = typed({"init", "--base", base, "--site", site, "--trust", at(key + ".pub")});
  INFO(done.err);
  REQUIRE(done.code == 0);
}

std::string World::export_full(const Words& more, const std::string& store, const std::string& site,
                               const std::string& key) const {
  Words words = {"export", "--store",        at(store), "--to",  at("usb-" + store), "--site", site,
                 "--sign", at(key + ".key"), "--full",  "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const auto done = typed(words);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return json_of(done).at("path");
}

Outcome World::try_export(const Words& more, const std::string& store) const {
  Words words = {"export", "--store", at(store), "--to",        at("usb-" + store),
                 "--site", "plant1",  "--sign",  at("ops.key"), "--json"};
  words.insert(words.end(), more.begin(), more.end());
  return typed(words);
}

std::string World::export_more(const Words& more, const std::string& store) const {
  const auto done = try_export(more, store);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return json_of(done).at("path");
}

std::string World::receipt(const std::string& base) const {
  std::string path;
  for (int i = 1; path.empty() || exists(path); ++i) path = at("receipt-" + std::to_string(i));
  const auto done = typed({"receipt", "--base", base, "--out", path});
  INFO(done.err);
  REQUIRE(done.code == 0);
  return path;
}

std::string World::head_token(const Words& more, const std::string& store) const {
  Words words = {"head", "make", "--store", at(store), "--site", "plant1", "--key", at("ops.key"), "--json"};
  words.insert(words.end(), more.begin(), more.end());
  const auto done = typed(words);
  INFO(done.err);
  REQUIRE(done.code == 0);
  return json_of(done).at("token");
}

Outcome World::verify(const Words& bundle) const {
  Words words = {"verify", "--trust", at("ops.pub")};
  words.insert(words.end(), bundle.begin(), bundle.end());
  return typed(words);
}

Outcome World::import(Words bundle) const { return import_into(base(), std::move(bundle)); }

Outcome World::import_into(const std::string& base, Words bundle) const {
  bundle.insert(bundle.begin(), {"import", "--base", base});
  return typed(bundle);
}

void World::check_archives(const std::string& base, const std::vector<std::string>& names) const {
  std::vector<std::string> files;
  for (const auto& name : names) files.push_back(name + ".tar.bz2");
  std::sort(files.begin(), files.end());
  CHECK(names_in(base + "/arch") == files);
  for (const auto& file : files) {
    INFO(file);
    CHECK(sha256(as_bytes(contents(base + "/arch/" + file))) == sha256(as_bytes(contents(at("downloads/" + file)))));
  }
}

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

nlohmann::json json_of(const Outcome& outcome) {
  INFO("stdout: " << outcome.out << "\nstderr: " << outcome.err);
  auto document = nlohmann::json::parse(outcome.out, nullptr, false);
  REQUIRE_FALSE(document.is_discarded());
  return document;
}

std::vector<std::string> kinds_of(const Outcome& outcome) {
  std::vector<std::string> out;
  const auto document = json_of(outcome);
  for (const auto& finding : document.at("findings")) out.push_back(finding.at("kind"));
  return out;
}

nlohmann::json status_of(const std::string& base) { return json_of(typed({"status", "--base", base, "--json"})); }

std::string alarm_of(const std::string& base, const std::string& kind) {
  const auto status = status_of(base);
  for (const auto& alarm : status.at("alarms"))
    if (alarm.at("kind") == kind) return alarm.at("text");
  return {};
}

std::vector<std::string> audited(const std::string& base, const std::string& what) {
  std::vector<std::string> out;
  const auto log = typed({"log", "--base", base, "--json"});
  REQUIRE(log.code == 0);
  std::istringstream lines(log.out);
  for (std::string line; std::getline(lines, line);) {
    const auto entry = nlohmann::json::parse(line);
    if (entry.at("what") == what) out.push_back(entry.at("detail"));
  }
  return out;
}

std::vector<std::string> volumes_of(const std::string& bundle) {
  std::vector<std::string> out;
  for (const auto& name : names_in(bundle))
    if (name.ends_with(".pfv")) out.push_back(bundle + "/" + name);
  return out;
}

}  // namespace patchferry::test
