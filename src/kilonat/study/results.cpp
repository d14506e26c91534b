#include "kilonat/study/results.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/study/json_reader.h"
#include "kilonat/study/results_json.h"

namespace kilonat::study {
namespace {

using json = nlohmann::ordered_json;

json json_of(const LatentFigures& latent) {
  json object{{"nats_per_channel", latent.nats_per_channel}};
  put(object, "active_channels", latent.active_channels);
  put(object, "effective_rank", latent.effective_rank);
  put(object, "lpc_gain_db", latent.lpc_gain_db);
  put(object, "spectral_decay", latent.spectral_decay);
  put(object, "shift_equivariance", latent.shift_equivariance);
  put(object, "context_kl_kbps", latent.context_kl_kbps);
  return object;
}

json json_of(const ClipResult& clip) {
  json object{{"file", clip.file}, {"seconds", clip.seconds}};
  put(object, "rate_kbps", clip.rate_kbps);
  put(object, "informative_kbps", clip.informative_kbps);
  object["distances"] = figures_json(clip.distances);
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
              {"rates", figures_json(point.rates)},
              {"distances", figures_json(point.distances)}};
  if (point.latent) object["latent"] = json_of(*point.latent);
  object["clips"] = json::array();
  for (const ClipResult& clip : point.clips) object["clips"].push_back(json_of(clip));
  object["curve"] = curve_json(point.curve);
  object["audio"] = json::array();
  for (const Sound& sound : point.audio) {
    object["audio"].push_back({{"clip", sound.clip}, {"file", sound.file}});
  }
  return object;
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
  latent.context_kl_kbps = reader.number_if("context_kl_kbps");
  return latent;
}

ClipResult clip_from(const JsonReader& reader) {
  return {reader.at("file").text(),
          reader.at("seconds").number(),
          reader.number_if("rate_kbps"),
          reader.number_if("informative_kbps"),
          figures_if(reader, "distances")};
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
  point.rates = rates_from(reader, kRateNames);
  point.distances = figures_if(reader, "distances");
  if (const auto latent = reader.find("latent")) point.latent = latent_from(*latent);
  for (const JsonReader& clip : list_if(reader, "clips")) point.clips.push_back(clip_from(clip));
  if (const auto curve = reader.find("curve")) point.curve = curve_from(*curve);
  for (const JsonReader& sound : list_if(reader, "audio")) {
    point.audio.push_back({sound.at("clip").text(), sound.at("file").text()});
  }
  return point;
}

Distance distance_from(const JsonReader& reader) {
  const std::string name = reader.at("name").text();
  return {name,
          reader.text_or("label", name),
          reader.text_or("unit", ""),
          lower_is_better_from(reader)};
}

}  // namespace

std::optional<double> clip_rate_spread_kbps(const std::vector<ClipResult>& clips) {
  double seconds = 0;
  double sum = 0;
  double sum_of_squares = 0;
  std::size_t count = 0;
  for (const ClipResult& clip : clips) {
    if (!clip.rate_kbps) continue;
    seconds += clip.seconds;
    sum += clip.seconds * *clip.rate_kbps;
    sum_of_squares += clip.seconds * *clip.rate_kbps * *clip.rate_kbps;
    ++count;
  }
  if (count < 2 || seconds == 0) return {};
  const double mean = sum / seconds;
  return std::sqrt(std::max(0.0, sum_of_squares / seconds - mean * mean));
}

std::vector<Distance> standard_distances(bool has_visqol_model) {
  const Distance visqol = has_visqol_model ? Distance{"visqol_moslqo", "ViSQOL", "MOS-LQO", false}
                                           : Distance{"visqol_nsim", "ViSQOL NSIM", "", false};
  return {{"mel_distance", "Mel distance", "", true},
          {"stft_distance", "STFT distance", "", true},
          {"waveform_l1", "Waveform L1", "", true},
          {"si_sdr_db", "SI-SDR", "dB", false},
          visqol};
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
              {"data", data_json(results.data)},
              {"distances", json::array()},
              {"points", json::array()},
              {"originals", json::array()}};
  for (const Distance& distance : results.distances) {
    object["distances"].push_back({{"name", distance.name},
                                   {"label", distance.label},
                                   {"unit", distance.unit},
                                   {"better", better_name(distance.lower_is_better)}});
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
  require_format(reader, kResultsFormat, kResultsVersion);
  Results results;
  results.kind = reader.at("kind").text();
  results.name = reader.at("name").text();
  results.created = reader.text_or("created", "");
  results.commands = texts_if(reader, "commands");
  results.versions = versions_from(reader);
  results.data = data_from(reader);
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
  Results results;
  read_results_file(path, "reading the study's results", [&](const json& tree) {
    results = results_from_json(tree);
  });
  return results;
}

void save_results(const std::filesystem::path& path, const Results& results) {
  write_results_file(path, to_json(results));
}

}  // namespace kilonat::study
