#include "kilonat/data/excerpt_options.h"

#include "kilonat/config/schema.h"

namespace kilonat::data {

void describe(config::Schema& schema, ExcerptOptions& options) {
  schema.field("batch_size", options.batch_size, {.doc = "excerpts in a batch", .min = 1})
      .field(
          "duration_s",
          options.duration_s,
          {.doc = "of an excerpt; rounded down to whole latent frames", .unit = "s", .min = 0.001})
      .field("gate", options.gate, {.doc = "draw quiet excerpts again"})
      .field("gate_lufs",
             options.gate_lufs,
             {.doc = "excerpts below are quiet; measured after normalisation of the clip",
              .unit = "LUFS",
              .max = 0})
      .field("gate_tries",
             options.gate_tries,
             {.doc = "draws in all; then the loudest is taken", .min = 1, .max = 100})
      .field("loudness_scope",
             options.loudness_scope,
             {.doc = "what is brought to loudness_lufs", .choices = {"none", "clip", "excerpt"}})
      .field("loudness_lufs",
             options.loudness_lufs,
             {.doc = "target of the normalisation; no peak goes beyond 1 by it",
              .unit = "LUFS",
              .min = -70,
              .max = 0})
      .field("flip_polarity", options.flip_polarity, {.doc = "turn half of the excerpts over"})
      .field("gain_jitter_db",
             options.gain_jitter_db,
             {.doc = "random gain, uniform on +- this", .unit = "dB", .min = 0, .max = 60})
      .field("shift_phase",
             options.shift_phase,
             {.doc = "turn all phases of an excerpt by one random angle, as DAC's recipe does"})
      .field("num_workers", options.num_workers, {.doc = "threads that make batches", .min = 1})
      .field("num_prefetch", options.num_prefetch, {.doc = "batches made ahead", .min = 1})
      .field(
          "cache_mib", options.cache_mib, {.doc = "decoded clips kept", .unit = "MiB", .min = 0});
}

ExcerptOptions without_augmentation(ExcerptOptions options) {
  options.flip_polarity = false;
  options.gain_jitter_db = 0;
  options.shift_phase = false;
  return options;
}

ClipFormat clip_format(const ExcerptOptions& options,
                       std::int64_t sample_rate_hz,
                       std::int64_t num_channels) {
  ClipFormat format{.sample_rate_hz = sample_rate_hz, .num_channels = num_channels};
  if (options.loudness_scope == "clip") format.loudness_lufs = options.loudness_lufs;
  return format;
}

}  // namespace kilonat::data
