#pragma once
/// The fields of LatentSetInfo by name, for the files that hold them: a set's index and a
/// generator's metadata.

#include "kilonat/generation/latent_set.h"

namespace kilonat::generation {

/// Visits (name, field) of what a set says of its codec and rate: what a generator keeps, too.
/// @param info  LatentSetInfo, const or not.
template <class Info, class Visit>
void visit_codec_fields(Info& info, Visit visit) {
  visit("codec", info.codec);
  visit("codec_hash", info.codec_hash);
  visit("sample_rate_hz", info.sample_rate_hz);
  visit("num_channels", info.num_channels);
  visit("hop_length", info.hop_length);
  visit("latent_channels", info.latent_channels);
  visit("target_kbps", info.target_kbps);
  visit("codec_kbps", info.codec_kbps);
  visit("measured_kbps", info.measured_kbps);
}

/// Visitor that puts fields into a JSON object, which must outlive it.
template <class Json>
auto field_writer(Json& json) {
  return [&json](const char* name, const auto& value) { json[name] = value; };
}

/// Visitor that fills fields from a JSON object, which must outlive it. It throws
/// nlohmann::json::exception for a field that is missing or of another type.
template <class Json>
auto field_reader(const Json& json) {
  return [&json](const char* name, auto& value) { json.at(name).get_to(value); };
}

}  // namespace kilonat::generation
