#include "kilonat/study/point_meter.h"

#include <utility>

#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::study {
namespace {

Figures figures_of(const metrics::Distances& distances,
                   const std::optional<train::VisqolScores>& visqol) {
  Figures figures{{"mel_distance", distances.mel_distance},
                  {"stft_distance", distances.stft_distance},
                  {"waveform_l1", distances.waveform_l1}};
  if (distances.si_sdr_db) figures["si_sdr_db"] = *distances.si_sdr_db;
  if (visqol && visqol->moslqo) {
    figures["visqol_moslqo"] = *visqol->moslqo;
  } else if (visqol) {
    figures["visqol_nsim"] = visqol->nsim;
  }
  return figures;
}

}  // namespace

std::set<std::size_t> spread_clips(std::size_t num_clips, std::int64_t count) {
  std::set<std::size_t> result;
  const auto wanted = static_cast<std::size_t>(count);
  for (std::size_t i = 0; i < wanted && num_clips > 0; ++i) {
    result.insert(std::min(num_clips - 1, (2 * i + 1) * num_clips / (2 * wanted)));
  }
  return result;
}

std::filesystem::path sound_path(const std::string& of,
                                 std::size_t index,
                                 const std::string& clip_id) {
  const std::string stem = std::filesystem::path(clip_id).stem().string();
  return std::filesystem::path("audio") / of / fmt::format("{:03}-{}.wav", index, stem);
}

PointMeter::PointMeter(std::int64_t sample_rate_hz,
                       const metrics::Visqol* visqol,
                       const Listening& listening,
                       std::string point_id)
    : sample_rate_hz_(sample_rate_hz),
      visqol_(visqol),
      listening_(listening),
      point_id_(std::move(point_id)),
      meter_(sample_rate_hz) {}

void PointMeter::add(std::size_t index,
                     const train::Clip& clip,
                     const torch::Tensor& reconstruction_CT,
                     std::optional<double> rate_kbps) {
  const metrics::Distances distances = meter_.measure(clip.audio_CT, reconstruction_CT);
  distances_.add(distances, clip.duration_s);
  std::optional<train::VisqolScores> scores;
  if (visqol_ != nullptr) {
    scores = train::visqol_scores(*visqol_, clip, reconstruction_CT, sample_rate_hz_);
    visqol_mean_.add(scores, clip.duration_s);
  }
  clips_.push_back({.file = clip.id,
                    .seconds = clip.duration_s,
                    .rate_kbps = rate_kbps,
                    .distances = figures_of(distances, scores)});
  if (!listening_.clips.contains(index)) return;
  const std::filesystem::path relative = sound_path(point_id_, index, clip.id);
  create_folder((listening_.study_folder / relative).parent_path());
  train::write_sound(listening_.study_folder / relative, reconstruction_CT, sample_rate_hz_);
  sounds_.push_back({clip.id, relative.generic_string()});
}

void PointMeter::finish(Point& point) const {
  KILONAT_REQUIRE(!clips_.empty(), DataError, "point {}: no clip can be used", point_id_);
  point.distances = figures_of(distances_.mean(), visqol_mean_.mean());
  point.clips = clips_;
  point.audio = sounds_;
}

}  // namespace kilonat::study
