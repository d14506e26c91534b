#include "kilonat/metrics/sound_set.h"

#include <utility>

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/metrics/nearest_neighbour.h"

namespace kilonat::metrics {
namespace {

at::Tensor samples_of(const audio::AudioBuffer& audio) {
  return at::tensor(audio.channels.front(), at::kFloat);
}

/// The clip at another rate, at the same loudness.
at::Tensor prepared(const audio::AudioBuffer& audio,
                    const data::ClipFormat& format,
                    std::int64_t sample_rate_hz) {
  data::ClipFormat other = format;
  other.sample_rate_hz = sample_rate_hz;
  return samples_of(data::prepare_clip(audio, other).audio);
}

}  // namespace

at::Tensor EmbeddedClips::rows_of(const at::Tensor& drawn) const {
  std::map<std::int64_t, std::vector<std::int64_t>> rows_by_clip;
  for (std::size_t row = 0; row < clips.size(); ++row) {
    rows_by_clip[clips[row]].push_back(static_cast<std::int64_t>(row));
  }
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < drawn.numel(); ++i) {
    const auto& of_clip = rows_by_clip[drawn[i].item<std::int64_t>()];
    rows.insert(rows.end(), of_clip.begin(), of_clip.end());
  }
  return rows_ND.index_select(0, at::tensor(rows, at::kLong));
}

at::Tensor EmbeddedClips::weights_of(const at::Tensor& drawn) const {
  const std::int64_t num_clips = clips.empty() ? 0 : clips.back() + 1;
  const at::Tensor counts = at::bincount(drawn, {}, num_clips);
  return counts.index_select(0, at::tensor(clips, at::kLong)).to(at::kDouble);
}

/// Rows as they come in.
struct SoundJudge::Collected {
  SoundSet set;
  std::vector<at::Tensor> posteriors;
  std::vector<at::Tensor> statistics;
  std::map<std::string, std::vector<at::Tensor>> rows;

  void add_rows(const std::string& name, const at::Tensor& rows_ND) {
    rows[name].push_back(rows_ND);
    auto& clips = set.embeddings[name].clips;
    clips.insert(clips.end(), static_cast<std::size_t>(rows_ND.size(0)), set.size() - 1);
  }

  SoundSet finish() {
    set.log_posteriors_NK = at::stack(posteriors);
    set.statistics_ND = at::stack(statistics);
    for (auto& [name, parts] : rows) set.embeddings[name].rows_ND = at::cat(parts);
    return std::move(set);
  }
};

SoundJudge::SoundJudge(SoundClassifier classifier) : classifier_(std::move(classifier)) {}

void SoundJudge::listen(const NamedClip& clip, Collected& collected) {
  const data::ClipFormat format = classifier_->clip_format();
  const at::Tensor audio_T = prepared(clip.audio, format, format.sample_rate_hz);
  const ClipScores scores = classifier_->score(audio_T);
  collected.set.ids.push_back(clip.id);
  collected.set.classes.push_back(classifier_->class_index(clip.label));
  collected.set.durations_s.push_back(clip.audio.duration_s());
  collected.set.captions.push_back(clip.caption);
  collected.set.words.push_back(check_caption(clip.label, clip.caption, clip.audio));
  collected.posteriors.push_back(scores.log_posterior_K);
  collected.statistics.push_back(sound_statistics(audio_T, format.sample_rate_hz));
  collected.add_rows("classifier", scores.embedding_D.unsqueeze(0));
  if (cnn14_) {
    const at::Tensor x = prepared(clip.audio, format, cnn14_->front_end().sample_rate_hz);
    collected.add_rows("cnn14", cnn14_->forward(x.unsqueeze(0)).embedding_BD);
  }
  if (vggish_) {
    collected.add_rows("vggish", vggish_->embed(prepared(clip.audio, format, kVggishSampleRateHz)));
  }
}

SoundSet SoundJudge::judge(std::size_t num_clips,
                           const std::function<NamedClip(std::size_t)>& clip,
                           const std::function<void()>& on_clip) {
  const c10::NoGradGuard guard;
  Collected collected;
  for (std::size_t i = 0; i < num_clips; ++i) {
    throw_if_interrupted("scoring clips");
    try {
      listen(clip(i), collected);
    } catch (const DataError& error) {
      spdlog::warn("{}; left out", error.what());
    } catch (const IoError& error) {
      spdlog::warn("{}; left out", error.what());
    }
    if (on_clip) on_clip();
  }
  KILONAT_REQUIRE(collected.set.size() >= 2,
                  DataError,
                  "scoring clips: {} of {} can be used, expected at least 2",
                  collected.set.size(),
                  num_clips);
  return collected.finish();
}

SoundSet SoundJudge::judge(const data::Source& source, const std::function<void()>& on_clip) {
  return judge(
      source.size(),
      [&](std::size_t i) {
        const data::ClipInfo& info = source.info(i);
        return NamedClip{info.id, info.label, source.read(i), info.caption};
      },
      on_clip);
}

}  // namespace kilonat::metrics
