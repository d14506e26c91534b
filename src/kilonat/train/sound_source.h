#pragma once
/// A sound file in a model's format, piece by piece.

#include <filesystem>
#include <functional>

#include "kilonat/audio/buffer.h"
#include "kilonat/data/clip_format.h"

namespace kilonat::train {

/// What stream_sound found.
struct StreamedSound {
  std::int64_t source_sample_rate_hz = 0;
  std::int64_t num_samples = 0;  ///< at the model's rate
};

/// Mixes and resamples a file and passes it on in pieces of about a second.
///
/// @param gain     applied to every sample.
/// @param on_piece called with each piece (not empty) and the share of the file that is read
///                 (0 where its length is not known).
/// @throws as audio::AudioReader; DataError if nothing comes out; Interrupted after Ctrl-C.
StreamedSound stream_sound(const std::filesystem::path& path,
                           const data::ClipFormat& format,
                           double gain,
                           const std::function<void(const audio::AudioBuffer&, double)>& on_piece);

/// The gain that brings the file to the format's loudness: one pass over it; 1 without a loudness.
[[nodiscard]] double normalisation_gain_of(const std::filesystem::path& path,
                                           const data::ClipFormat& format);

}  // namespace kilonat::train
