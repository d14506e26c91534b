#include "kilonat/data/procedural_spec.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <span>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/nearest.h"
#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/gaussian.h"

namespace kilonat::data {
namespace {

constexpr std::string_view kPrefix = "procedural:";

/// One item of a spec, and the spec for errors.
struct Item {
  const std::string& spec;
  std::string text;
  std::size_t equals;

  [[nodiscard]] bool is_option() const { return equals != std::string::npos; }
  [[nodiscard]] std::string key() const { return text.substr(0, equals); }
  [[nodiscard]] std::string value() const { return text.substr(equals + 1); }
};

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// A number in [low, high]. @throws ConfigError.
template <class Number>
Number number_of(const Item& item, Number low, Number high) {
  const std::string value = item.value();
  Number number{};
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = error == std::errc() && end == value.data() + value.size();
  KILONAT_REQUIRE(is_whole && number >= low && number <= high,
                  ConfigError,
                  "sounds '{}': {}='{}', expected {} to {}",
                  item.spec,
                  item.key(),
                  value,
                  low,
                  high);
  return number;
}

std::string list_of(std::span<const std::string> names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

[[noreturn]] void refuse(const Item& item,
                         std::string_view what,
                         const std::string& name,
                         std::span<const std::string> names) {
  const std::string nearest = config::nearest_spelling(name, names);
  throw ConfigError(fmt::format("sounds '{}': {} '{}'; {}there are {}",
                                item.spec,
                                what,
                                name,
                                nearest.empty() ? "" : fmt::format("did you mean '{}'? ", nearest),
                                list_of(names)));
}

void set_option(ProceduralSpec& result, const Item& item) {
  constexpr std::uint64_t kAnySeed = std::numeric_limits<std::uint64_t>::max();
  const std::map<std::string, std::function<void()>> setters{
      {"clips", [&] { result.clips = number_of<std::int64_t>(item, 1, 100000); }},
      {"seed", [&] { result.seed = number_of<std::uint64_t>(item, 0, kAnySeed); }},
      {"seconds", [&] { result.format.duration_s = number_of<double>(item, 1.5, 30); }},
      {"rate", [&] { result.format.sample_rate_hz = number_of<std::int64_t>(item, 16000, 48000); }},
      {"channels", [&] { result.format.num_channels = number_of<std::int64_t>(item, 1, 2); }}};
  const auto found = setters.find(item.key());
  if (found != setters.end()) return found->second();
  std::vector<std::string> names;
  for (const auto& [name, setter] : setters) names.push_back(name);
  refuse(item, "unknown option", item.key(), names);
}

void add_class(ProceduralSpec& result, const Item& item) {
  std::vector<std::string> names{"all"};
  for (const auto& sound_class : procedural::sound_classes()) names.push_back(sound_class.name);
  const std::size_t num_in_all = names.size();
  for (const auto& source : procedural::gaussian_sources()) names.push_back(source.name);
  if (std::find(names.begin(), names.end(), item.text) == names.end()) {
    refuse(item, "unknown class", item.text, names);
  }
  const bool is_all = item.text == "all";
  for (const std::string& name : is_all ? std::vector(names.begin() + 1, names.begin() + num_in_all)
                                        : std::vector{item.text}) {
    const auto& listed = result.classes;
    if (std::find(listed.begin(), listed.end(), name) == listed.end()) {
      result.classes.push_back(name);
    }
  }
}

}  // namespace

bool is_procedural(std::string_view spec) {
  return spec.starts_with(kPrefix);
}

ProceduralSpec parse_procedural(const std::string& spec) {
  ProceduralSpec result;
  for (std::string& text : split_at_commas(std::string_view(spec).substr(kPrefix.size()))) {
    const std::size_t equals = text.find('=');
    const Item item{spec, std::move(text), equals};
    if (item.is_option()) {
      set_option(result, item);
    } else {
      add_class(result, item);
    }
  }
  KILONAT_REQUIRE(!result.classes.empty(),
                  ConfigError,
                  "sounds '{}': no class is named; 'procedural:all' has every one",
                  spec);
  return result;
}

}  // namespace kilonat::data
