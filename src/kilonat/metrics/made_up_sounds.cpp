#include "kilonat/metrics/made_up_sounds.h"

#include <algorithm>
#include <utility>

#include "kilonat/base/seed_tree.h"

namespace kilonat::metrics {
namespace {

audio::AudioBuffer noise(const data::ClipFormat& format,
                         double duration_s,
                         double amplitude,
                         Rng rng) {
  const auto num_samples =
      static_cast<std::int64_t>(duration_s * static_cast<double>(format.sample_rate_hz));
  audio::AudioBuffer audio =
      audio::make_buffer(format.sample_rate_hz, 1, std::max<std::int64_t>(1, num_samples));
  for (float& sample : audio.channels[0]) {
    sample = amplitude > 0 ? static_cast<float>(amplitude * rng.normal()) : 0.0F;
  }
  return audio;
}

}  // namespace

SoundSet judge_made_up(SoundJudge& judge,
                       const SoundSet& like,
                       double amplitude,
                       std::uint64_t seed,
                       const std::function<void()>& on_clip) {
  const data::ClipFormat format = judge.classifier().clip_format();
  const std::vector<std::string>& classes = judge.classifier().classes();
  const auto make = [&](std::size_t i) {
    const Rng rng(SeedTree(seed).child("noise").child(static_cast<std::uint64_t>(i)));
    const std::int64_t label = like.classes[i];
    return SoundJudge::NamedClip{like.ids[i],
                                 label < 0 ? "" : classes[static_cast<std::size_t>(label)],
                                 noise(format, like.durations_s[i], amplitude, rng),
                                 like.captions.empty() ? "" : like.captions[i]};
  };
  return judge.judge(like.ids.size(), make, on_clip);
}

}  // namespace kilonat::metrics
