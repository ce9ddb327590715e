// SPDX-License-Identifier: Apache-2.0
#include "system/json_text.h"

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace patchferry {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxJsonDepth = 12;
constexpr std::size_t kMaxObjects = 200'000;   // 80 bytes each once parsed, and 100 for each key in them
constexpr std::size_t kMaxValues = 2'000'000;  // 16 bytes each

/// Reads a document once without keeping it. A callback during the real parse would do for small documents only: the
/// library then walks the parent's children again after each child.
class Checker : public nlohmann::json_sax<Json> {
 public:
  const char* why = nullptr;

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override {
    keys_.emplace_back();
    if (++objects_ > kMaxObjects) return fail("it holds too many objects");
    return deeper();
  }
  bool key(string_t& name) override { return keys_.back().insert(name).second || fail("a key stands in it twice"); }
  bool end_object() override {
    keys_.pop_back();
    --depth_;
    return true;
  }
  bool start_array(std::size_t) override { return deeper(); }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return fail("it is not JSON");
  }

 private:
  bool fail(const char* reason) {
    if (why == nullptr) why = reason;
    return false;
  }
  bool value() { return ++values_ <= kMaxValues || fail("it holds too many values"); }
  bool deeper() { return (++depth_ <= kMaxJsonDepth || fail("it is nested too deeply")) && value(); }

  std::vector<std::set<std::string>> keys_;  // of the objects that are open
  std::size_t depth_ = 0;
  std::size_t objects_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

Result<nlohmann::json> parse_json(std::string_view text, const char* what) {
  Checker checker;
  if (!Json::sax_parse(text.begin(), text.end(), &checker))
    return refuse(RefusalKind::malformed,
                  std::string("the ") + what + " is refused: " + (checker.why != nullptr ? checker.why : "it is not JSON"));
  try {
    return Json::parse(text.begin(), text.end());
  } catch (const Json::exception&) {
    return refuse(RefusalKind::malformed, std::string("the ") + what + " is refused: it is not JSON");
  }
}

std::uint64_t whole_number(const nlohmann::json& json, std::uint64_t most) {
  const Json none;  // whose number throws
  return (json.get_ref<const std::uint64_t&>() <= most ? json : none).get_ref<const std::uint64_t&>();
}

}  // namespace patchferry
