// SPDX-License-Identifier: Apache-2.0
// Unpacking in a process of its own (docs/security.md "The unpacker"): whatever decompresses, or parses what was compressed, runs where
// a hole in it leads to nothing. One process an archive or pack.
//
// What comes back is judged again: names, sizes and order. Contents are hashed by the program, never by the unpacker.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bundle-format/archive/archive_work.h"
#include "bundle-format/tables.h"

namespace patchferry::unpacker {

/// First thing in main(): if this program was started as an unpacker, does that and returns its exit code.
std::optional<int> run_if_called(int argc, char** argv);

/// So many jobs side by side at most: each takes memory.
constexpr std::size_t kAtOnce = 4;

/// As plain_archive_work(), refusing unpacker_crashed as well. Any thread; several at once.
const ArchiveWork& archive_work();

/// As patchferry::expand_pack(): what is stored lies in `payload` at pack.payload_offset; `prefix` is a file of `prefix_bytes`.
Result<void> expand_pack(const PackRecord& pack, const Fd& payload, const Fd& prefix, std::uint64_t prefix_bytes,
                         const std::function<void(ByteSpan)>& out);

/// Who is told, once, what this kernel lacks, when an unpacker is started that lacks something.
void on_lacking(std::function<void(const std::vector<std::string>&)> tell);

/// What this kernel lacks to confine an unpacker: none, as a rule. Starts one.
std::vector<std::string> lacking();

}  // namespace patchferry::unpacker
