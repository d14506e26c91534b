#include "kilonat/study/json_reader.h"

#include <limits>

#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::study {

void JsonReader::fail(std::string_view what) const {
  throw FormatError(fmt::format("{}: {}", path_.empty() ? "top" : path_, what));
}

void JsonReader::expected(std::string_view what) const {
  fail(fmt::format("{} was expected, found {}", what, value_->type_name()));
}

std::optional<JsonReader> JsonReader::find(const std::string& key) const {
  if (!value_->is_object()) expected("an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonReader(*found, path_.empty() ? key : path_ + "." + key);
}

JsonReader JsonReader::at(const std::string& key) const {
  auto found = find(key);
  if (!found) fail(fmt::format("'{}' is not there", key));
  return *found;
}

std::string JsonReader::text() const {
  if (!value_->is_string()) expected("a text");
  return value_->get<std::string>();
}

double JsonReader::number() const {
  if (!value_->is_number()) expected("a number");
  return value_->get<double>();
}

std::int64_t JsonReader::integer() const {
  if (!value_->is_number_integer()) expected("a whole number");
  if (value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    fail("the number is too large");
  }
  return value_->get<std::int64_t>();
}

std::vector<JsonReader> JsonReader::array() const {
  if (!value_->is_array()) expected("a list");
  std::vector<JsonReader> items;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    items.emplace_back((*value_)[i], fmt::format("{}[{}]", path_, i));
  }
  return items;
}

void JsonReader::each(
    const std::function<void(const std::string&, const JsonReader&)>& visit) const {
  if (!value_->is_object()) expected("an object");
  for (const auto& [key, value] : value_->items()) {
    visit(key, JsonReader(value, path_.empty() ? key : path_ + "." + key));
  }
}

std::string JsonReader::text_or(const std::string& key, std::string otherwise) const {
  const auto found = find(key);
  return found ? found->text() : std::move(otherwise);
}

std::optional<double> JsonReader::number_if(const std::string& key) const {
  const auto found = find(key);
  return found ? std::optional(found->number()) : std::nullopt;
}

std::optional<std::int64_t> JsonReader::integer_if(const std::string& key) const {
  const auto found = find(key);
  return found ? std::optional(found->integer()) : std::nullopt;
}

}  // namespace kilonat::study
