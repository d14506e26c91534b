#include "kilonat/data/brace_pattern.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::data {
namespace {

constexpr std::size_t kMaxNames = 100000;

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::string> listed(std::string_view body) {
  std::vector<std::string> choices(1);
  for (const char c : body) {
    if (c == ',') {
      choices.emplace_back();
    } else {
      choices.back() += c;
    }
  }
  return choices;
}

/// What stands for the text between two braces.
std::vector<std::string> choices_of(std::string_view body, const std::string& pattern) {
  const std::size_t dots = body.find("..");
  if (dots == std::string_view::npos) return listed(body);
  const auto first = number_of(body.substr(0, dots));
  const auto last = number_of(body.substr(dots + 2));
  KILONAT_REQUIRE(first && last && *first <= *last && *last - *first < kMaxNames,
                  DataError,
                  "sounds '{}': '{{{}}}', expected at most {} numbers as in {{000..012}}",
                  pattern,
                  body,
                  kMaxNames);
  std::vector<std::string> choices;
  for (std::uint64_t n = *first; n <= *last; ++n) {
    choices.push_back(fmt::format("{:0{}}", n, dots));
  }
  return choices;
}

}  // namespace

std::vector<std::string> expand_braces(const std::string& pattern) {
  std::vector<std::string> names{""};
  std::size_t at = 0;
  for (;;) {
    const std::size_t open = pattern.find('{', at);
    for (std::string& name : names) name += pattern.substr(at, open - at);
    if (open == std::string::npos) return names;
    const std::size_t close = pattern.find('}', open);
    KILONAT_REQUIRE(
        close != std::string::npos, DataError, "sounds '{}': a brace that does not close", pattern);
    const auto body = std::string_view(pattern).substr(open + 1, close - open - 1);
    const std::vector<std::string> choices = choices_of(body, pattern);
    KILONAT_REQUIRE(names.size() * choices.size() <= kMaxNames,
                    DataError,
                    "sounds '{}': more than {} names",
                    pattern,
                    kMaxNames);
    std::vector<std::string> longer;
    for (const std::string& name : names) {
      for (const std::string& choice : choices) longer.push_back(name + choice);
    }
    names = std::move(longer);
    at = close + 1;
  }
}

}  // namespace kilonat::data
