// SPDX-License-Identifier: Apache-2.0
// The commands of patchferry-mirror, one file each (cmd_*.cc). Exit codes: terminal/command.h.
#pragma once

#include <string>
#include <vector>

namespace patchferry::mirror {

int cmd_keygen(std::vector<std::string> arguments);
int cmd_mirror_add(std::vector<std::string> arguments);
int cmd_mirror_list(std::vector<std::string> arguments);
int cmd_mirror_withdraw(std::vector<std::string> arguments);
int cmd_mirror_site_add(std::vector<std::string> arguments);
int cmd_mirror_site_list(std::vector<std::string> arguments);
int cmd_head_make(std::vector<std::string> arguments);
int cmd_permit_make(std::vector<std::string> arguments);
int cmd_export(std::vector<std::string> arguments);
int cmd_sign(std::vector<std::string> arguments);
int cmd_trust_create(std::vector<std::string> arguments);
int cmd_trust_rotate(std::vector<std::string> arguments);
int cmd_trust_show(std::vector<std::string> arguments);
int cmd_trust_words(std::vector<std::string> arguments);

}  // namespace patchferry::mirror
