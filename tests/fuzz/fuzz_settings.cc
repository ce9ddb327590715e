// SPDX-License-Identifier: Apache-2.0
// The configuration: it is understood or refused in words that a terminal can be given, and what is understood goes into a web
// server's configuration by its own grammars only.
#include <cstdint>
#include <cstdlib>
#include <functional>

#include "importer/serve_values.h"
#include "importer/settings.h"
#include "system/failure.h"

namespace {

using namespace patchferry;
using namespace patchferry::importer;

void require(bool holds) {
  if (!holds) std::abort();
}

// Any other exception ends the target.
void taken_or_refused(const std::function<void()>& taking) {
  try {
    taking();
  } catch (const UsageError& error) {
    for (const char c : std::string(error.what())) require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  }
}

// What stands between quotes, or bare, in a configuration of nginx must not end there.
void check_value(const std::string& written) {
  for (const char c : written.substr(1, written.size() < 2 ? 0 : written.size() - 2))
    require(c != '"' && c != '\\' && c != '$' && c != '\n' && c != ';' && c != '{' && c != '}');
}

void check_serve(const ServeSettings& serve) {
  for (const auto& text : serve.listen) taken_or_refused([&] { check_value(listen_value(text)); });
  for (const auto& text : serve.tls_listen) taken_or_refused([&] { check_value(listen_value(text)); });
  for (const auto& text : serve.server_names) taken_or_refused([&] { check_value(server_name_value(text)); });
  for (const auto& text : {serve.certificate, serve.key, serve.access_log}) {
    taken_or_refused([&] {
      const std::string written = path_value("path", text);
      require(written.size() >= 3 && written.front() == '"' && written.back() == '"');
      require(written.substr(1, written.size() - 2).find_first_of("\"\\$\n") == std::string::npos);
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  taken_or_refused([&] {
    const Settings settings = parse_settings("config.toml", text);
    require(settings.silence_days >= 1 && settings.jump >= 1 && !settings.copy_path().empty());
    check_serve(settings.serve);
  });
  return 0;
}
