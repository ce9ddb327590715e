// SPDX-License-Identifier: Apache-2.0
// The commands of patchferry-site, one file each (cmd_*.cc); those that explain are in reports/. Exit codes: terminal/command.h.
#pragma once

#include <string>
#include <vector>

#include "importer/publish.h"
#include "importer/site.h"
#include "terminal/command.h"

namespace patchferry::importer {

int cmd_init(std::vector<std::string> arguments);
int cmd_adopt(std::vector<std::string> arguments);
int cmd_archives(std::vector<std::string> arguments);
int cmd_deploy(std::vector<std::string> arguments);
int cmd_enable(std::vector<std::string> arguments);
int cmd_disable(std::vector<std::string> arguments);
int cmd_enable_upto(std::vector<std::string> arguments);
int cmd_undeploy_downto(std::vector<std::string> arguments);
int cmd_approve(std::vector<std::string> arguments);
int cmd_reject(std::vector<std::string> arguments);
int cmd_feed_add(std::vector<std::string> arguments);
int cmd_feed_change(std::vector<std::string> arguments);
int cmd_feed_remove(std::vector<std::string> arguments);
int cmd_feed_promote(std::vector<std::string> arguments);
int cmd_feed_list(std::vector<std::string> arguments);
int cmd_list(std::vector<std::string> arguments);
int cmd_log(std::vector<std::string> arguments);
int cmd_receipt(std::vector<std::string> arguments);
int cmd_serve_config(std::vector<std::string> arguments);
/// 'serve-config nginx --reload' for whoever cannot give options: hints name keys of the configuration instead.
int reload_as_configured();
int cmd_tick(std::vector<std::string> arguments);
int cmd_status(std::vector<std::string> arguments);
int cmd_doctor(std::vector<std::string> arguments);
int cmd_head_take(std::vector<std::string> arguments);
int cmd_trust_add(std::vector<std::string> arguments);
int cmd_trust_remove(std::vector<std::string> arguments);
int cmd_trust_update(std::vector<std::string> arguments);
int cmd_trust_stream_add(std::vector<std::string> arguments);
int cmd_trust_stream_remove(std::vector<std::string> arguments);
int cmd_trust_stream_list(std::vector<std::string> arguments);

/// With what --base gave.
Settings settings_of(const Arguments& args);
/// The site of these settings, waiting for its lock unless --no-wait was given.
Site open_site(const Arguments& args);

/// UsageError if there are positional arguments.
void take_no_more(const Arguments& args, const char* command);

/// The alarms, on stderr.
void say_alarms(Site& site);

/// "feed main: generation 7, 12 kernels and build ids", and what was reissued.
void print_published(const std::vector<Published>& published);

inline constexpr OptionSpec kBaseOption = {
    "base", "the base directory (default: PATCHFERRY_BASE, /etc/patchferry/config.toml, /var/lib/patchferry)", "DIR"};
inline constexpr OptionSpec kNoWaitOption = {"no-wait", "if another command is working there, exit 3 instead of waiting",
                                             nullptr};

}  // namespace patchferry::importer
