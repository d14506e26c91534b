#pragma once
/// How training excerpts are drawn from clips.

#include <cstdint>
#include <string>

#include "kilonat/data/clip_format.h"

namespace kilonat::config {
class Schema;
}

namespace kilonat::data {

/// The section [data.excerpts].
struct ExcerptOptions {
  std::int64_t batch_size = 16;  ///< excerpts
  double duration_s = 0.38;      ///< DAC's

  bool gate = true;             ///< draw quiet excerpts again
  double gate_lufs = -40;       ///< what is quiet
  std::int64_t gate_tries = 8;  ///< draws in all; then the loudest is taken

  std::string loudness_scope = "clip";  ///< none | clip | excerpt: what is brought to ..
  double loudness_lufs = -16;           ///< .. this loudness; no peak beyond 1 by it

  bool flip_polarity = true;    ///< half of the excerpts
  double gain_jitter_db = 0.0;  ///< a gain from the uniform distribution on +- this
  bool shift_phase = false;     ///< turn all phases by one random angle; see phase_shift.h

  std::int64_t num_workers = 1;   ///< threads
  std::int64_t num_prefetch = 4;  ///< batches made ahead
  std::int64_t cache_mib = 1024;  ///< of decoded clips
};

void describe(config::Schema& schema, ExcerptOptions& options);

/// The same without its random changes: what is measured on is not augmented.
[[nodiscard]] ExcerptOptions without_augmentation(ExcerptOptions options);

/// The format of whole clips: with a loudness for the scope "clip".
[[nodiscard]] ClipFormat clip_format(const ExcerptOptions& options,
                                     std::int64_t sample_rate_hz,
                                     std::int64_t num_channels);

}  // namespace kilonat::data
