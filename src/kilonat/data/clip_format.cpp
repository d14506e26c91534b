#include "kilonat/data/clip_format.h"

#include "kilonat/audio/loudness.h"
#include "kilonat/audio/mix.h"
#include "kilonat/audio/resample.h"
#include "kilonat/base/errors.h"

namespace kilonat::data {

PreparedClip prepare_clip(const audio::AudioBuffer& raw, const ClipFormat& format) {
  PreparedClip clip{
      audio::resample(audio::mix_channels(raw, format.num_channels), format.sample_rate_hz)};
  KILONAT_REQUIRE(clip.audio.num_samples() > 0,
                  DataError,
                  "{} samples at {} Hz are none at {} Hz",
                  raw.num_samples(),
                  raw.sample_rate_hz,
                  format.sample_rate_hz);
  if (format.loudness_lufs) {
    clip.gain = audio::normalisation_gain(
        audio::integrated_lufs(clip.audio), audio::peak(clip.audio), *format.loudness_lufs);
    audio::apply_gain_(clip.audio, clip.gain);
  }
  return clip;
}

}  // namespace kilonat::data
