#include "kilonat/config/field.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/nearest.h"

namespace kilonat::config {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T>
constexpr bool kIsVector = false;
template <class T>
constexpr bool kIsVector<std::vector<T>> = true;

// The name of a scalar type, singular, with its article for errors.
template <class T>
constexpr std::string_view kScalarName{};
template <>
constexpr std::string_view kScalarName<bool> = "true or false";
template <>
constexpr std::string_view kScalarName<std::int64_t> = "an integer";
template <>
constexpr std::string_view kScalarName<double> = "a number";
template <>
constexpr std::string_view kScalarName<std::string> = "a string";

// What a user wrote, for errors.
std::string describe_node(const toml::node& node) {
  if (node.is_table()) return "a table";
  if (node.is_array()) return "an array";
  if (const auto* text = node.as_string()) return fmt::format("the string {}", toml_string(**text));
  if (const auto* number = node.as_integer()) return fmt::format("{}", **number);
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", **number);
  if (const auto* flag = node.as_boolean()) return **flag ? "true" : "false";
  return "a date or time";
}

// The node as T; an integer serves as a number, nothing else is converted.
template <class T>
std::optional<T> scalar(const toml::node& node) {
  if constexpr (std::is_same_v<T, double>) {
    if (const auto* integer = node.as_integer()) return static_cast<double>(**integer);
  }
  if (const auto* value = node.as<T>()) return **value;
  return std::nullopt;
}

std::string with_unit(double value, const std::string& unit) {
  return unit.empty() ? fmt::format("{}", value) : fmt::format("{} {}", value, unit);
}

class Assigner {
 public:
  Assigner(const Field& field, const toml::node& node, std::string_view place)
      : field_(field), node_(node), place_(place) {}

  template <class T>
  void operator()(T* target) const {
    if constexpr (kIsVector<T>) {
      *target = elements<typename T::value_type>();
    } else {
      *target = checked<T>(node_, kScalarName<T>);
    }
  }

  void operator()(const EnumBinding& binding) const {
    binding.set(checked<std::string>(node_, "a string"));
  }

 private:
  template <class T>
  std::vector<T> elements() const {
    const std::string expected = type_name(field_.binding);
    const toml::array* array = node_.as_array();
    if (array == nullptr) throw_type(node_, "an " + expected);
    std::vector<T> values;
    for (const toml::node& element : *array) {
      values.push_back(checked<T>(element, kScalarName<T>));
    }
    return values;
  }

  template <class T>
  T checked(const toml::node& node, std::string_view expected) const {
    const std::optional<T> value = scalar<T>(node);
    if (!value) throw_type(node, expected);
    if constexpr (std::is_same_v<T, std::string>) {
      check_choice(*value);
    } else if constexpr (!std::is_same_v<T, bool>) {
      check_range(static_cast<double>(*value));
    }
    return *value;
  }

  void check_range(double value) const {
    const bool inside = value >= field_.doc.min && value <= field_.doc.max;  // false for NaN
    KILONAT_REQUIRE(inside,
                    ConfigError,
                    "{}: '{}' is {}, expected {}",
                    place_,
                    field_.path,
                    with_unit(value, field_.doc.unit),
                    std::isnan(value) ? "a number" : allowed_values(field_.doc));
  }

  void check_choice(const std::string& value) const {
    const auto& choices = field_.doc.choices;
    if (choices.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) {
      return;
    }
    const std::string nearest = nearest_spelling(value, choices);
    throw ConfigError(
        fmt::format("{}: '{}' is '{}', expected {}{}",
                    place_,
                    field_.path,
                    value,
                    allowed_values(field_.doc),
                    nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }

  [[noreturn]] void throw_type(const toml::node& node, std::string_view expected) const {
    throw ConfigError(fmt::format(
        "{}: '{}' is {}, expected {}", place_, field_.path, describe_node(node), expected));
  }

  const Field& field_;
  const toml::node& node_;
  std::string_view place_;
};

std::string scalar_as_toml(bool value) {
  return value ? "true" : "false";
}
std::string scalar_as_toml(std::int64_t value) {
  return fmt::format("{}", value);
}
std::string scalar_as_toml(const std::string& value) {
  return toml_string(value);
}

// The shortest text that reads back to the same double, recognisably a float.
std::string scalar_as_toml(double value) {
  std::string text = fmt::format("{}", value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

struct Printer {
  template <class T>
  std::string operator()(const T* value) const {
    if constexpr (kIsVector<T>) {
      std::string text;
      for (const auto& element : *value) {
        text += (text.empty() ? "" : ", ") + scalar_as_toml(element);
      }
      return "[" + text + "]";
    } else {
      return scalar_as_toml(*value);
    }
  }
  std::string operator()(const EnumBinding& binding) const { return toml_string(binding.get()); }
};

struct TypeNamer {
  std::string operator()(const bool*) const { return "boolean"; }
  std::string operator()(const std::int64_t*) const { return "integer"; }
  std::string operator()(const double*) const { return "number"; }
  std::string operator()(const std::string*) const { return "string"; }
  std::string operator()(const std::vector<std::int64_t>*) const { return "array of integers"; }
  std::string operator()(const std::vector<double>*) const { return "array of numbers"; }
  std::string operator()(const std::vector<std::string>*) const { return "array of strings"; }
  std::string operator()(const EnumBinding&) const { return "string"; }
};

}  // namespace

void assign(const Field& field, const toml::node& node, std::string_view place) {
  std::visit(Assigner(field, node, place), field.binding);
}

std::string value_as_toml(const Binding& binding) {
  return std::visit(Printer(), binding);
}

std::string type_name(const Binding& binding) {
  return std::visit(TypeNamer(), binding);
}

std::string allowed_values(const FieldDoc& doc) {
  if (!doc.choices.empty()) {
    std::string text = doc.choices.front();
    for (std::size_t i = 1; i < doc.choices.size(); ++i) {
      text += (i + 1 == doc.choices.size() ? " or " : ", ") + doc.choices[i];
    }
    return text;
  }
  const bool has_min = doc.min > -kInfinity;
  const bool has_max = doc.max < kInfinity;
  if (has_min && has_max) return fmt::format("{} to {}", doc.min, with_unit(doc.max, doc.unit));
  if (has_min) return "at least " + with_unit(doc.min, doc.unit);
  if (has_max) return "at most " + with_unit(doc.max, doc.unit);
  return {};
}

std::string toml_string(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (code < 0x20 || code == 0x7f) {
      result += fmt::format("\\u{:04X}", code);
    } else {
      result += c;
    }
  }
  return result + "\"";
}

}  // namespace kilonat::config
