#include "kilonat/train/sound_source.h"

#include <algorithm>

#include "kilonat/audio/file.h"
#include "kilonat/audio/loudness.h"
#include "kilonat/audio/mix.h"
#include "kilonat/audio/resample.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"

namespace kilonat::train {

StreamedSound stream_sound(const std::filesystem::path& path,
                           const data::ClipFormat& format,
                           double gain,
                           const std::function<void(const audio::AudioBuffer&, double)>& on_piece) {
  audio::AudioReader reader(path);
  const audio::AudioInfo& info = reader.info();
  audio::Resampler resampler(info.sample_rate_hz, format.sample_rate_hz, format.num_channels);
  StreamedSound result{.source_sample_rate_hz = info.sample_rate_hz};
  std::int64_t num_read = 0;
  const auto pass_on = [&](audio::AudioBuffer piece) {
    if (piece.num_samples() == 0) return;
    if (gain != 1) audio::apply_gain_(piece, gain);
    result.num_samples += piece.num_samples();
    const auto total = static_cast<double>(info.num_samples);
    on_piece(piece, total > 0 ? std::min(1.0, static_cast<double>(num_read) / total) : 0.0);
  };
  for (;;) {
    throw_if_interrupted("reading '" + path.string() + "'");
    const audio::AudioBuffer piece = reader.read(info.sample_rate_hz);
    if (piece.num_samples() == 0) break;
    num_read += piece.num_samples();
    pass_on(resampler.push(audio::mix_channels(piece, format.num_channels)));
  }
  KILONAT_REQUIRE(num_read > 0, DataError, "reading '{}': no samples; truncated?", path.string());
  pass_on(resampler.finish());
  KILONAT_REQUIRE(result.num_samples > 0,
                  DataError,
                  "reading '{}': {} samples at {} Hz are none at {} Hz",
                  path.string(),
                  num_read,
                  info.sample_rate_hz,
                  format.sample_rate_hz);
  return result;
}

double normalisation_gain_of(const std::filesystem::path& path, const data::ClipFormat& format) {
  if (!format.loudness_lufs) return 1;
  audio::LoudnessMeter meter(format.sample_rate_hz, format.num_channels);
  stream_sound(
      path, format, 1, [&](const audio::AudioBuffer& piece, double) { meter.push(piece); });
  return audio::normalisation_gain(meter.integrated_lufs(), meter.peak(), *format.loudness_lufs);
}

}  // namespace kilonat::train
