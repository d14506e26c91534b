#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/generation/latent_set.h"
#include "kilonat/generation/latent_set_fields.h"

namespace kilonat::generation {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;

/// Visits every plain field with its name, for writing and reading alike.
template <class Info, class Visit>
void visit_info(Info& info, Visit visit) {
  visit_codec_fields(info, visit);
  visit("variants", info.variants);
  visit("seed", info.seed);
  visit("mean", info.mean);
  visit("stddev", info.stddev);
  visit("nats", info.nats);
}

template <class Clip, class Visit>
void visit_clip(Clip& clip, Visit visit) {
  visit("id", clip.id);
  visit("caption", clip.caption);
  visit("label", clip.label);
  visit("split", clip.split);
  visit("clip", clip.clip);
  visit("variant", clip.variant);
  visit("num_frames", clip.num_frames);
  visit("num_samples", clip.num_samples);
  visit("shard", clip.shard);
}

void check(const LatentSetIndex& index, const std::string& what) {
  const LatentSetInfo& info = index.info;
  const auto width = static_cast<std::size_t>(info.latent_channels);
  KILONAT_REQUIRE(info.sample_rate_hz > 0 && info.hop_length > 0 && info.num_channels > 0 &&
                      info.latent_channels > 0 && info.mean.size() == width &&
                      info.stddev.size() == width && info.nats.size() == width,
                  FormatError,
                  "reading {}: its 'info' contradicts itself",
                  what);
  for (const LatentClip& clip : index.clips) {
    KILONAT_REQUIRE(clip.num_frames > 0 && clip.num_samples > 0 && clip.shard >= 0,
                    FormatError,
                    "reading {}: clip '{}' has no frames",
                    what,
                    clip.id);
  }
}

}  // namespace

std::string index_to_json(const LatentSetIndex& index) {
  Json json{{"format", kFormat}, {"info", Json::object()}, {"clips", Json::array()}};
  visit_info(index.info, field_writer(json["info"]));
  if (index.info.loudness_lufs) json["info"]["loudness_lufs"] = *index.info.loudness_lufs;
  for (const LatentClip& clip : index.clips) {
    Json row = Json::object();
    visit_clip(clip, field_writer(row));
    json["clips"].push_back(std::move(row));
  }
  return json.dump(1) + "\n";
}

LatentSetIndex index_from_json(const std::string& text, const std::string& what) {
  LatentSetIndex index;
  try {
    const Json json = Json::parse(text);
    KILONAT_REQUIRE(json.at("format") == kFormat,
                    FormatError,
                    "reading {}: format {}, this build reads {}",
                    what,
                    json.at("format").dump(),
                    kFormat);
    visit_info(index.info, field_reader(json.at("info")));
    if (json.at("info").contains("loudness_lufs")) {
      index.info.loudness_lufs = json.at("info").at("loudness_lufs").get<double>();
    }
    for (const Json& row : json.at("clips")) {
      visit_clip(index.clips.emplace_back(), field_reader(row));
    }
  } catch (const nlohmann::json::exception& error) {
    throw FormatError(fmt::format("reading {}: {}", what, error.what()));
  }
  check(index, what);
  return index;
}

}  // namespace kilonat::generation
