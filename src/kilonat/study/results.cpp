#include "kilonat/study/results.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/study/json_reader.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;

json json_of(const Figures& figures) {
  json object = json::object();
  for (const auto& [name, value] : figures) {
    if (std::isfinite(value)) object[name] = value;
  }
  return object;
}

template <typename T>
void put(json& object, const char* name, const std::optional<T>& value) {
  if (value && std::isfinite(static_cast<double>(*value))) object[name] = *value;
}

json json_of(const LatentFigures& latent) {
  json object{{"nats_per_channel", latent.nats_per_channel}};
  put(object, "active_channels", latent.active_channels);
  put(object, "effective_rank", latent.effective_rank);
  put(object, "lpc_gain_db", latent.lpc_gain_db);
  put(object, "spectral_decay", latent.spectral_decay);
  put(object, "shift_equivariance", latent.shift_equivariance);
  return object;
}

json json_of(const ClipResult& clip) {
  json object{{"file", clip.file}, {"seconds", clip.seconds}};
  put(object, "rate_kbps", clip.rate_kbps);
  object["distances"] = json_of(clip.distances);
  return object;
}

json json_of(const Curve& curve) {
  json object{{"step", curve.step}};
  for (const auto& [name, values] : curve.metrics) {
    json& list = object[name] = json::array();
    for (const auto& value : values) {
      list.push_back(value && std::isfinite(*value) ? json(*value) : json());
    }
  }
  return object;
}

json json_of(const Point& point) {
  json object{{"id", point.id},
              {"family", point.family},
              {"label", point.label},
              {"status", status_name(point.status)},
              {"why", point.why},
              {"seed", point.seed},
              {"steps", point.steps},
              {"config_hash", point.config_hash},
              {"config", point.config},
              {"target_kbps", point.target_kbps ? json(*point.target_kbps) : json()},
              {"rates", json_of(point.rates)},
              {"distances", json_of(point.distances)}};
  if (point.latent) object["latent"] = json_of(*point.latent);
  object["clips"] = json::array();
  for (const ClipResult& clip : point.clips) object["clips"].push_back(json_of(clip));
  object["curve"] = json_of(point.curve);
  object["audio"] = json::array();
  for (const Sound& sound : point.audio) {
    object["audio"].push_back({{"clip", sound.clip}, {"file", sound.file}});
  }
  return object;
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

std::vector<JsonReader> list_if(const JsonReader& owner, const char* key) {
  const auto found = owner.find(key);
  return found ? found->array() : std::vector<JsonReader>();
}

PointStatus status_from(const JsonReader& reader) {
  const std::string name = reader.text();
  for (const PointStatus status :
       {PointStatus::kDone, PointStatus::kMissing, PointStatus::kFailed}) {
    if (name == status_name(status)) return status;
  }
  reader.fail(fmt::format("'{}', expected done, missing or failed", name));
}

Figures rates_from(const JsonReader& owner) {
  const auto found = owner.find("rates");
  if (!found) return {};
  Figures rates = figures_from(*found);
  for (const auto& [name, value] : rates) {
    if (std::find(std::begin(kRateNames), std::end(kRateNames), name) == std::end(kRateNames)) {
      found->fail(fmt::format("'{}' is not a rate, expected kl_kbps or a like name", name));
    }
  }
  return rates;
}

LatentFigures latent_from(const JsonReader& reader) {
  LatentFigures latent;
  for (const JsonReader& nats : list_if(reader, "nats_per_channel")) {
    latent.nats_per_channel.push_back(nats.number());
  }
  latent.active_channels = reader.integer_if("active_channels");
  latent.effective_rank = reader.number_if("effective_rank");
  latent.lpc_gain_db = reader.number_if("lpc_gain_db");
  latent.spectral_decay = reader.number_if("spectral_decay");
  latent.shift_equivariance = reader.number_if("shift_equivariance");
  return latent;
}

ClipResult clip_from(const JsonReader& reader) {
  return {reader.at("file").text(),
          reader.at("seconds").number(),
          reader.number_if("rate_kbps"),
          figures_if(reader, "distances")};
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

Point point_from(const JsonReader& reader) {
  Point point;
  point.id = reader.at("id").text();
  point.family = reader.at("family").text();
  point.label = reader.at("label").text();
  point.status = status_from(reader.at("status"));
  point.why = reader.text_or("why", "");
  point.seed = static_cast<std::uint64_t>(reader.integer_if("seed").value_or(0));
  point.steps = reader.integer_if("steps").value_or(0);
  point.config_hash = reader.text_or("config_hash", "");
  point.config = reader.text_or("config", "");
  point.target_kbps = reader.number_if("target_kbps");
  point.rates = rates_from(reader);
  point.distances = figures_if(reader, "distances");
  if (const auto latent = reader.find("latent")) point.latent = latent_from(*latent);
  for (const JsonReader& clip : list_if(reader, "clips")) point.clips.push_back(clip_from(clip));
  if (const auto curve = reader.find("curve")) point.curve = curve_from(*curve);
  for (const JsonReader& sound : list_if(reader, "audio")) {
    point.audio.push_back({sound.at("clip").text(), sound.at("file").text()});
  }
  return point;
}

void require_format(const JsonReader& reader) {
  const std::string format = reader.at("format").text();
  if (format != kResultsFormat) {
    reader.at("format").fail(fmt::format("'{}', expected '{}'", format, kResultsFormat));
  }
  const std::int64_t version = reader.at("version").integer();
  if (version != kResultsVersion) {
    reader.at("version").fail(
        fmt::format("{}, this build of kilonat reads {}; use the build that wrote it",
                    version,
                    kResultsVersion));
  }
}

Distance distance_from(const JsonReader& reader) {
  const std::string better = reader.text_or("better", "lower");
  if (better != "lower" && better != "higher") {
    reader.at("better").fail(fmt::format("'{}', expected lower or higher", better));
  }
  const std::string name = reader.at("name").text();
  return {name, reader.text_or("label", name), reader.text_or("unit", ""), better == "lower"};
}

}  // namespace

std::vector<Distance> standard_distances() {
  return {{"mel_distance", "Mel distance", "", true},
          {"stft_distance", "STFT distance", "", true},
          {"waveform_l1", "Waveform L1", "", true},
          {"si_sdr_db", "SI-SDR", "dB", false},
          {"visqol_moslqo", "ViSQOL", "MOS-LQO", false}};
}

const char* status_name(PointStatus status) {
  switch (status) {
    case PointStatus::kDone:
      return "done";
    case PointStatus::kMissing:
      return "missing";
    case PointStatus::kFailed:
      break;
  }
  return "failed";
}

json to_json(const Results& results) {
  json object{{"format", kResultsFormat},
              {"version", kResultsVersion},
              {"kind", results.kind},
              {"name", results.name},
              {"created", results.created},
              {"commands", results.commands},
              {"versions", results.versions},
              {"data",
               {{"description", results.data.description},
                {"clips", results.data.clips},
                {"seconds", results.data.seconds}}},
              {"distances", json::array()},
              {"points", json::array()},
              {"originals", json::array()}};
  for (const Distance& distance : results.distances) {
    object["distances"].push_back({{"name", distance.name},
                                   {"label", distance.label},
                                   {"unit", distance.unit},
                                   {"better", distance.lower_is_better ? "lower" : "higher"}});
  }
  for (const Point& point : results.points) object["points"].push_back(json_of(point));
  for (const Original& original : results.originals) {
    object["originals"].push_back(
        {{"clip", original.clip}, {"file", original.file}, {"caption", original.caption}});
  }
  return object;
}

Results results_from_json(const json& tree) {
  const JsonReader reader(tree);
  require_format(reader);
  Results results;
  results.kind = reader.at("kind").text();
  results.name = reader.at("name").text();
  results.created = reader.text_or("created", "");
  for (const JsonReader& line : list_if(reader, "commands")) {
    results.commands.push_back(line.text());
  }
  if (const auto versions = reader.find("versions")) {
    versions->each([&](const std::string& name, const JsonReader& version) {
      results.versions[name] = version.text();
    });
  }
  if (const auto data = reader.find("data")) {
    results.data = {data->text_or("description", ""),
                    data->integer_if("clips").value_or(0),
                    data->number_if("seconds").value_or(0)};
  }
  for (const JsonReader& distance : list_if(reader, "distances")) {
    results.distances.push_back(distance_from(distance));
  }
  std::set<std::string> ids;
  for (const JsonReader& item : reader.at("points").array()) {
    results.points.push_back(point_from(item));
    const std::string& id = results.points.back().id;
    if (!ids.insert(id).second) item.at("id").fail(fmt::format("'{}' is there twice", id));
  }
  for (const JsonReader& original : list_if(reader, "originals")) {
    results.originals.push_back(
        {original.at("clip").text(), original.at("file").text(), original.text_or("caption", "")});
  }
  return results;
}

Results load_results(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  try {
    const json tree = json::parse(text, nullptr, false);
    KILONAT_REQUIRE(!tree.is_discarded(), FormatError, "not whole JSON ({} bytes)", text.size());
    return results_from_json(tree);
  } catch (FormatError& error) {
    throw FormatError(fmt::format(
        "reading the study's results '{}': {}; run 'kilonat study' again, it writes the file anew",
        path.string(),
        error.what()));
  }
}

void save_results(const std::filesystem::path& path, const Results& results) {
  // Names of files may hold any bytes: what is no UTF-8 becomes U+FFFD.
  write_text_atomic(path,
                    to_json(results).dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace kilonat::study
