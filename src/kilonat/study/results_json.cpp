#include "kilonat/study/results_json.h"

#include <algorithm>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;

}  // namespace

json figures_json(const Figures& figures) {
  json object = json::object();
  for (const auto& [name, value] : figures) {
    if (std::isfinite(value)) object[name] = value;
  }
  return object;
}

json curve_json(const Curve& curve) {
  json object{{"step", curve.step}};
  for (const auto& [name, values] : curve.metrics) {
    json& list = object[name] = json::array();
    for (const auto& value : values) {
      list.push_back(value && std::isfinite(*value) ? json(*value) : json());
    }
  }
  return object;
}

json data_json(const DataDescription& data) {
  json object{{"description", data.description}};
  put(object, "clips", data.clips);
  put(object, "seconds", data.seconds);
  return object;
}

const char* better_name(bool lower_is_better) {
  return lower_is_better ? "lower" : "higher";
}

Figures figures_from(const JsonReader& reader) {
  Figures figures;
  reader.each([&](const std::string& name, const JsonReader& value) {
    if (!value.is_null()) figures[name] = value.number();
  });
  return figures;
}

Figures figures_if(const JsonReader& owner, const char* key) {
  const auto found = owner.find(key);
  return found ? figures_from(*found) : Figures();
}

Figures rates_from(const JsonReader& owner, std::span<const char* const> names) {
  const auto found = owner.find("rates");
  if (!found) return {};
  Figures rates = figures_from(*found);
  for (const auto& [name, value] : rates) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      found->fail(fmt::format("'{}' is not a rate, expected kl_kbps or a like name", name));
    }
  }
  return rates;
}

std::vector<JsonReader> list_if(const JsonReader& owner, const char* key) {
  const auto found = owner.find(key);
  return found ? found->array() : std::vector<JsonReader>();
}

std::vector<std::string> texts_if(const JsonReader& owner, const char* key) {
  std::vector<std::string> texts;
  for (const JsonReader& item : list_if(owner, key)) texts.push_back(item.text());
  return texts;
}

std::map<std::string, std::string> versions_from(const JsonReader& owner) {
  std::map<std::string, std::string> versions;
  if (const auto found = owner.find("versions")) {
    found->each([&](const std::string& name, const JsonReader& version) {
      versions[name] = version.text();
    });
  }
  return versions;
}

DataDescription data_from(const JsonReader& owner) {
  const auto data = owner.find("data");
  if (!data) return {};
  return {data->text_or("description", ""), data->integer_if("clips"), data->number_if("seconds")};
}

bool lower_is_better_from(const JsonReader& owner) {
  const std::string better = owner.text_or("better", better_name(true));
  if (better != better_name(true) && better != better_name(false)) {
    owner.at("better").fail(fmt::format("'{}', expected lower or higher", better));
  }
  return better == better_name(true);
}

PointStatus status_from(const JsonReader& reader) {
  const std::string name = reader.text();
  for (const PointStatus status :
       {PointStatus::kDone, PointStatus::kMissing, PointStatus::kFailed}) {
    if (name == status_name(status)) return status;
  }
  reader.fail(fmt::format("'{}', expected done, missing or failed", name));
}

Curve curve_from(const JsonReader& reader) {
  Curve curve;
  for (const JsonReader& step : list_if(reader, "step")) curve.step.push_back(step.integer());
  reader.each([&](const std::string& name, const JsonReader& values) {
    if (name == "step") return;
    auto& metric = curve.metrics[name];
    for (const JsonReader& value : values.array()) {
      metric.push_back(value.is_null() ? std::nullopt : std::optional(value.number()));
    }
    if (metric.size() != curve.step.size()) {
      values.fail(fmt::format("{} values for {} steps", metric.size(), curve.step.size()));
    }
  });
  return curve;
}

void require_format(const JsonReader& reader, const std::string& format, std::int64_t version) {
  const JsonReader found = reader.at("format");
  if (found.text() != format) {
    found.fail(fmt::format("'{}', expected '{}'", found.text(), format));
  }
  const JsonReader number = reader.at("version");
  if (number.integer() != version) {
    number.fail(fmt::format("{}, this build of kilonat reads {}; use the build that wrote it",
                            number.integer(),
                            version));
  }
}

void read_results_file(const std::filesystem::path& path,
                       const std::string& doing,
                       const std::function<void(const json&)>& take) {
  const std::string text = read_text(path);
  try {
    const json tree = json::parse(text, nullptr, false);
    KILONAT_REQUIRE(!tree.is_discarded(), FormatError, "not whole JSON ({} bytes)", text.size());
    take(tree);
  } catch (FormatError& error) {
    throw FormatError(fmt::format("{} '{}': {}; run 'kilonat study' again, it writes the file anew",
                                  doing,
                                  path.string(),
                                  error.what()));
  }
}

void write_results_file(const std::filesystem::path& path, const json& tree) {
  // Names of files may hold any bytes.
  write_text_atomic(path, tree.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace kilonat::study
