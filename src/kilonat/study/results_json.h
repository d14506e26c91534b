#pragma once
/// The pieces that results.json and generation.json have in common, to and from JSON.
///
/// What is written: figures that are not finite become absent. What is read: null is absent, what
/// does not fit is a FormatError that names the key (JsonReader).

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "kilonat/study/json_reader.h"
#include "kilonat/study/results.h"

namespace kilonat::study {

/// Sets the member if the value is there and finite.
template <typename T>
void put(nlohmann::ordered_json& object, const char* name, const std::optional<T>& value) {
  if (value && std::isfinite(static_cast<double>(*value))) object[name] = *value;
}

[[nodiscard]] nlohmann::ordered_json figures_json(const Figures& figures);
[[nodiscard]] nlohmann::ordered_json curve_json(const Curve& curve);
[[nodiscard]] nlohmann::ordered_json data_json(const DataDescription& data);
[[nodiscard]] const char* better_name(bool lower_is_better);

[[nodiscard]] Figures figures_from(const JsonReader& reader);
/// The member's figures; none if it is absent.
[[nodiscard]] Figures figures_if(const JsonReader& owner, const char* key);
/// The member `rates`. @throws FormatError for a name that is not one of `names`.
[[nodiscard]] Figures rates_from(const JsonReader& owner, std::span<const char* const> names);
/// The member's items; none if it is absent.
[[nodiscard]] std::vector<JsonReader> list_if(const JsonReader& owner, const char* key);
[[nodiscard]] std::vector<std::string> texts_if(const JsonReader& owner, const char* key);
[[nodiscard]] std::map<std::string, std::string> versions_from(const JsonReader& owner);
[[nodiscard]] DataDescription data_from(const JsonReader& owner);
/// The member `better`, "lower" if it is absent. @throws FormatError for anything else.
[[nodiscard]] bool lower_is_better_from(const JsonReader& owner);
[[nodiscard]] PointStatus status_from(const JsonReader& reader);
/// @throws FormatError for a metric that has another number of values than there are steps.
[[nodiscard]] Curve curve_from(const JsonReader& reader);

/// @throws FormatError if `format` or `version` are others.
void require_format(const JsonReader& reader, const std::string& format, std::int64_t version);

/// Parses the file and hands the tree to `take`.
/// @param doing  for the error: "reading the study's results".
/// @throws IoError; FormatError, also that of `take`, with the file's name and what to do.
void read_results_file(const std::filesystem::path& path,
                       const std::string& doing,
                       const std::function<void(const nlohmann::ordered_json&)>& take);

/// Appears complete or not at all; bytes that are no UTF-8 become U+FFFD. @throws IoError.
void write_results_file(const std::filesystem::path& path, const nlohmann::ordered_json& tree);

}  // namespace kilonat::study
