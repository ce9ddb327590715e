// SPDX-License-Identifier: Apache-2.0
// patchferry serve-config: the configuration with which a stock web server shows the feeds.
#include <nlohmann/json.hpp>

#include "importer/commands.h"
#include "importer/nginx_file.h"
#include "importer/serve_nginx.h"
#include "system/failure.h"
#include "system/file.h"
#include "system/rel_path.h"
#include "terminal/output.h"

namespace patchferry::importer {

namespace {

constexpr OptionSpec kOptions[] = {
    kBaseOption,
    {"listen", "where to listen for HTTP: 80, 192.0.2.1:80, [::]:80 (default: listen in [serve] of the configuration, else 80)",
     "ADDR:PORT", true},
    {"tls-listen", "where to listen for HTTPS, if there is a certificate (default: tls_listen, else 443)", "ADDR:PORT", true},
    {"tls-only", "HTTPS only", nullptr},
    {"tls-cert", "certificate, and those between it and the root (default: tls_certificate)", "FILE"},
    {"tls-key", "its key (default: tls_key)", "FILE"},
    {"server-name", "a host name that is answered; others get 421 (default: server_names, else all are answered)", "NAME", true},
    {"access-log", "one JSON document a line (default: access_log, else /var/log/nginx/patchferry.log)", "FILE"},
    {"out", "where to write it; without it, and without --reload, it is printed", "FILE"},
    {"full", "a complete nginx.conf instead of a part for conf.d", nullptr},
    {"run-dir", "with --full: the folder for pid, logs and temporary files", "DIR"},
    {"user", "with --full: the user that nginx's workers run as", "NAME"},
    {"reload",
     "let nginx test it, put the former file back if it fails, else reload (default file: nginx_conf, else "
     "/etc/nginx/conf.d/patchferry.conf)",
     nullptr},
    {"json", "one JSON document: changed, path, refused, reloaded; text where it is printed", nullptr},
};
constexpr CommandSpec kSpec = {
    "patchferry serve-config nginx --base DIR [--out FILE] [--reload]",
    "Writes the configuration with which nginx serves the feeds of a base. It is needed once: new feeds, imports and switches\n"
    "need no other.",
    kOptions,
    "patchferry serve-config nginx --base /var/lib/patchferry",
};

/// From where we stand; links stay, since certificates are often replaced by changing one.
std::string absolute(const std::string& path) {
  return path.empty() || path.starts_with('/') ? path : canonical_path(".") + "/" + path;
}

void take_list(const Arguments& args, const char* option, std::vector<std::string>& to) {
  if (args.has(option)) to = args.values(option);
}

void take_file(const Arguments& args, const char* option, std::string& to) {
  if (args.has(option)) to = absolute(args.required(option));
}

/// What was typed goes before what the configuration says.
void take_options(const Arguments& args, ServeSettings& serve) {
  take_list(args, "listen", serve.listen);
  take_list(args, "tls-listen", serve.tls_listen);
  take_list(args, "server-name", serve.server_names);
  take_file(args, "tls-cert", serve.certificate);
  take_file(args, "tls-key", serve.key);
  take_file(args, "out", serve.nginx_conf);
  serve.tls_only = serve.tls_only || args.has("tls-only");
  if (args.has("full")) serve.access_log = absolute(args.value("run-dir")) + "/access.log";
  take_file(args, "access-log", serve.access_log);
  if (serve.tls_only && args.has("listen"))
    throw UsageError("--listen is for HTTP, and only HTTPS is wanted", "leave out --listen, or --tls-only (tls_only)");
  if (args.has("tls-listen") && serve.certificate.empty())
    throw UsageError("TLS needs a certificate and its key", "give --tls-cert and --tls-key");
}

void check_words(const Arguments& args) {
  if (args.positional().size() != 1 || args.positional().front() != "nginx")
    throw UsageError("say for which web server: serve-config nginx", "nginx is the only one today");
  if (args.has("full") != args.has("run-dir"))
    throw UsageError("--full and --run-dir belong together", "name a folder for pid, logs and temporary files");
  if (args.has("full") && !is_folder(args.required("run-dir")))
    throw UsageError("there is no folder " + args.value("run-dir"), "make it first");
  if (args.has("user") && !args.has("full"))
    throw UsageError("--user is for a complete configuration", "add --full and --run-dir");
  if (args.has("reload") && args.has("full") && !args.has("out"))
    throw UsageError("a complete configuration has no usual place", "give --out");
}

std::string text_for(const NginxSite& site, const Arguments& args) {
  if (!args.has("full")) return nginx_fragment(site);
  return nginx_complete(site, {absolute(args.value("run-dir")), args.value("user")});
}

nlohmann::json document(const NginxFile& file, const Reload& done) {
  const auto refused = done.refused ? nlohmann::json(*done.refused) : nlohmann::json();
  return {
      {"path", file.path}, {"changed", done.changed}, {"read", done.is_read}, {"reloaded", done.reloaded}, {"refused", refused}};
}

/// What a hint names for the person to change.
struct Means {
  const char* server_name;
  const char* out;
};
constexpr Means kByOptions = {"give --server-name here", "name a file that is included with --out"};
constexpr Means kByConfiguration = {"name server_names in the table [serve] of the configuration",
                                    "name a file that is included as nginx_conf in the table [serve] of the configuration"};

std::string hint_for(const std::string& complaint, const Means& means) {
  if (complaint.find("duplicate default server") != std::string::npos)
    return std::string(
               "another site of this nginx answers all names on that port (Debian: sites-enabled/default): take that one away, "
               "or ") +
           means.server_name;
  return "correct what nginx names, and type this once more; nginx goes on as before";
}

int report_written(const NginxFile& file, const Reload& done, const Arguments& args, const Means& means) {
  const bool asked = args.has("reload");
  if (args.has("json")) print(document(file, done).dump(2));
  if (done.refused) {
    error_line("nginx does not take the configuration, and " + file.path + " is as it was: " + *done.refused,
               hint_for(*done.refused, means));
    return kRefused;
  }
  if (asked && !done.is_read) {
    error_line(file.path + " is written, and nginx does not read it: no file of its configuration includes it",
               "add 'include " + file.path + ";' to the http block of nginx.conf, or " + means.out);
    return kInPart;
  }
  if (!args.has("json") && !is_quiet()) {
    print(file.path + (done.changed ? " is written" : " is as it should be"));
    if (done.reloaded) print("nginx takes it, and was told to reload");
  }
  if (asked && !done.reloaded) note("nginx takes it, and does not run here: it will serve so once it is started");
  return done.changed || asked ? kDone : kNothingToDo;
}

int serve_config(const std::vector<std::string>& arguments, const Means& means) {
  const Arguments args(kSpec, arguments);
  if (args.help_shown()) return kDone;
  check_words(args);
  Settings settings = settings_of(args);
  take_options(args, settings.serve);
  const std::string text = text_for(nginx_site(settings), args);
  if (!args.has("out") && !args.has("reload")) {
    print(args.has("json") ? nlohmann::json({{"text", text}}).dump(2) : text.substr(0, text.size() - 1));
    return kDone;
  }
  const NginxFile file{settings.serve.nginx_conf, args.has("full")};
  Reload done;
  if (args.has("reload"))
    done = write_and_reload(file, text);
  else
    done.changed = write_nginx_file(file, text);
  return report_written(file, done, args, means);
}

}  // namespace

int cmd_serve_config(std::vector<std::string> arguments) { return serve_config(arguments, kByOptions); }

int reload_as_configured() { return serve_config({"serve-config", "nginx", "--reload"}, kByConfiguration); }

}  // namespace patchferry::importer
