// SPDX-License-Identifier: Apache-2.0
#include "importer/config_values.h"

#include "system/failure.h"

namespace patchferry::importer {

namespace {

[[noreturn]] void complain(const std::string& path, const char* key, const char* must) {
  throw UsageError(path + ": " + key + " must be " + must, "correct it");
}

}  // namespace

std::uint64_t positive(const std::string& path, const char* key, const toml::node& value) {
  const auto number = value.value_exact<std::int64_t>();
  if (!number || *number < 1 || *number > 1'000'000'000) complain(path, key, "a whole number from 1 on");
  return static_cast<std::uint64_t>(*number);
}

std::uint64_t count_of(const std::string& path, const char* key, const toml::node& value) {
  const auto number = value.value_exact<std::int64_t>();
  if (!number || *number < 0 || *number > 1'000'000'000) complain(path, key, "a whole number from 0 on");
  return static_cast<std::uint64_t>(*number);
}

std::string text_of(const std::string& path, const char* key, const toml::node& value) {
  const auto text = value.value<std::string>();
  if (!text) complain(path, key, "a text in quotes");
  return *text;
}

std::vector<std::string> texts_of(const std::string& path, const char* key, const toml::node& value) {
  const toml::array* list = value.as_array();
  if (list == nullptr) complain(path, key, "a list of texts, such as [\"80\"]");
  std::vector<std::string> out;
  for (const auto& one : *list) out.push_back(text_of(path, key, one));
  return out;
}

bool flag_of(const std::string& path, const char* key, const toml::node& value) {
  const toml::value<bool>* flag = value.as_boolean();
  if (flag == nullptr) complain(path, key, "true or false");
  return flag->get();
}

}  // namespace patchferry::importer
