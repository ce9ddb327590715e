// SPDX-License-Identifier: Apache-2.0
#include "mirror/root_roles.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "system/failure.h"

namespace patchferry::mirror {

namespace {

bool contains(const std::vector<PublicKey>& keys, const PublicKey& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::vector<PublicKey> sorted(std::vector<PublicKey> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::string list_of(const std::vector<PublicKey>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "" : ", ") + fingerprint(key);
  return out;
}

unsigned threshold_of(Role which, const RoleOrder& order, std::size_t count) {
  const std::string role = name_of(which);
  if (count == 0) throw UsageError("the role '" + role + "' has no key", "give it one with --" + role + " or --add-" + role);
  if (count > kMaxSignatures)
    throw UsageError(fmt::format("the role '{}' has {} keys; {} are allowed", role, count, kMaxSignatures));
  if (!order.threshold && count > 1)
    throw UsageError(fmt::format("the role '{}' has {} keys: how many of them must sign?", role, count),
                     fmt::format("say so with --{}-threshold N", role));
  const unsigned threshold = order.threshold.value_or(1);
  if (threshold == 0 || threshold > count)
    throw UsageError(fmt::format("the role '{}' cannot need {} of {} keys", role, threshold, count),
                     fmt::format("give --{}-threshold a number from 1 to {}", role, count));
  return threshold;
}

}  // namespace

std::vector<PublicKey> keys_of(const RootDocument& root, Role role) {
  std::vector<PublicKey> out;
  for (const auto index : root.role(role).keys) out.push_back(root.keys[index]);
  return out;
}

Roster roster_of(const RootDocument& root) {
  Roster out;
  for (const Role which : kRoles) out[static_cast<std::size_t>(which)] = {keys_of(root, which), root.role(which).threshold};
  return out;
}

RootDocument compose(const RootDocument& numbers, const Roster& roster) {
  RootDocument out = numbers;
  std::vector<PublicKey> all;
  std::size_t held = 0;
  for (const auto& order : roster) {
    const auto keys = sorted(order.keys);
    held += keys.size();
    all.insert(all.end(), keys.begin(), keys.end());
  }
  out.keys = sorted(std::move(all));
  for (const Role which : kRoles) {
    const RoleOrder& order = roster[static_cast<std::size_t>(which)];
    const auto keys = sorted(order.keys);
    RoleKeys& role = out.roles[static_cast<std::size_t>(which)];
    role.threshold = static_cast<std::uint8_t>(threshold_of(which, order, keys.size()));
    role.keys.clear();
    for (const auto& key : keys)
      role.keys.push_back(static_cast<std::uint8_t>(std::lower_bound(out.keys.begin(), out.keys.end(), key) - out.keys.begin()));
  }
  if (out.keys.size() > 1 && held > out.keys.size()) {
    for (const auto& key : out.keys) {
      std::vector<std::string> roles;
      for (const Role which : kRoles)
        if (contains(keys_of(out, which), key)) roles.emplace_back(name_of(which));
      if (roles.size() > 1)
        throw UsageError(fmt::format("key {} would hold the roles '{}' and '{}'", fingerprint(key), roles[0], roles[1]),
                         "one key has one role, unless it is the only key of all: make another one with 'patchferry keygen'");
    }
  }
  return out;
}

std::vector<std::string> changes_of(const RootDocument* before, const RootDocument& after) {
  std::vector<std::string> out;
  for (const Role which : kRoles) {
    const std::string role = name_of(which);
    const auto now = keys_of(after, which);
    if (before == nullptr) {
      out.push_back(fmt::format("{}: {} of {}: {}", role, after.role(which).threshold, now.size(), list_of(now)));
      continue;
    }
    const auto then = keys_of(*before, which);
    for (const auto& key : now)
      if (!contains(then, key)) out.push_back(fmt::format("{}: key {} added", role, fingerprint(key)));
    for (const auto& key : then)
      if (!contains(now, key)) out.push_back(fmt::format("{}: key {} removed", role, fingerprint(key)));
    if (before->role(which).threshold != after.role(which).threshold || then.size() != now.size())
      out.push_back(fmt::format("{}: {} of {} sign, until now {} of {}", role, after.role(which).threshold, now.size(),
                                before->role(which).threshold, then.size()));
  }
  if (before != nullptr && before->epoch != after.epoch)
    out.push_back(fmt::format("epoch {}, until now {}", after.epoch, before->epoch));
  if (before != nullptr && before->lowest_format != after.lowest_format)
    out.push_back(fmt::format("lowest bundle format {}, until now {}", after.lowest_format, before->lowest_format));
  return out;
}

std::size_t fewest_signatures(const RootDocument* before, const RootDocument& after) {
  const std::size_t ours = after.role(Role::root).threshold;
  if (before == nullptr) return ours;
  const std::size_t theirs = before->role(Role::root).threshold;
  const auto then = keys_of(*before, Role::root);
  std::size_t both = 0;
  for (const auto& key : keys_of(after, Role::root)) both += contains(then, key) ? 1U : 0U;
  return ours + theirs - std::min({both, ours, theirs});
}

unsigned number_of(const std::string& option, const std::string& text, unsigned lowest, unsigned highest) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest)
    throw UsageError(fmt::format("--{} cannot be '{}'", option, text),
                     fmt::format("give a whole number from {} to {}", lowest, highest));
  return value;
}

}  // namespace patchferry::mirror
