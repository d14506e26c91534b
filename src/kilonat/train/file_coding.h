#pragma once
/// Sound files of any length to latents and back, in bounded memory.

#include <cstdint>
#include <filesystem>
#include <functional>

#include "kilonat/codec/model_file.h"
#include "kilonat/train/precision_snr.h"

namespace kilonat::train {

struct CodingOptions {
  std::uint64_t seed = 0;  ///< of the posterior's noise
  bool sample = true;      ///< false: decode the posterior's mean
  /// Called now and then with the seconds of sound done and in all (0: not known); may be empty.
  std::function<void(double done_s, double total_s)> on_progress{};
  /// Gets how far bfloat16 is from float32 on the first second; empty: not measured. Only for a
  /// model that codes in bfloat16.
  std::function<void(const PrecisionSnr&)> on_precision_snr{};
};

struct CodingReport {
  std::int64_t num_frames = 0;
  double duration_s = 0;
  double nats_per_frame = 0;  ///< gaussian bottleneck only, all frames; else 0
  double rate_kbps = 0;       ///< its rate; rvq: the nominal one
};

/// A sound file to a latents file (codec/latents_file.h).
/// @throws DataError, IoError, FormatError; Interrupted after Ctrl-C. Nothing is then left of
/// `out`.
CodingReport encode_file(const codec::LoadedModel& loaded,
                         const std::filesystem::path& in,
                         const std::filesystem::path& out,
                         const CodingOptions& options);

/// A latents file to a .wav (32-bit float) or .flac at the model's rate and the source's loudness.
CodingReport decode_file(const codec::LoadedModel& loaded,
                         const std::filesystem::path& in,
                         const std::filesystem::path& out,
                         const CodingOptions& options);

/// Both in one go: the same bytes as encode_file and decode_file.
CodingReport reconstruct_file(const codec::LoadedModel& loaded,
                              const std::filesystem::path& in,
                              const std::filesystem::path& out,
                              const CodingOptions& options);

}  // namespace kilonat::train
