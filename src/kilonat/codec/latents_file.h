#pragma once
/// A signal's latents on disk: a safetensors file that is written and read a stretch at a time.
///
/// Tensors: gaussian: "mean" and "stddev" [D, F]; rvq: "codes" [Q, F] int32; none: "latent" [D, F].
/// The metadata says what the decoder needs to give the sound back at its own level and rate.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "kilonat/base/files.h"
#include "kilonat/codec/autoencoder.h"
#include "kilonat/tensor/safetensors_header.h"

namespace kilonat::codec {

/// The metadata of a latents file.
struct LatentsInfo {
  std::string bottleneck;                  ///< gaussian | rvq | none
  std::int64_t sample_rate_hz = 0;         ///< the model's
  std::int64_t num_channels = 0;           ///< the model's
  std::int64_t hop_length = 0;             ///< samples per frame
  std::int64_t num_samples = 0;            ///< of the signal, at the model's rate
  double gain = 1;                         ///< that was applied before encoding
  std::int64_t source_sample_rate_hz = 0;  ///< of the file that was encoded
};

/// Writes latents that arrive in order; memory does not grow with their number.
///
/// Note [Spool]: the format wants a tensor's bytes in one piece and its size in front, but the
/// number of frames is known at the end. So frames are collected in a spool file beside the final
/// one and copied in blocks.
class LatentsWriter {
 public:
  /// @throws IoError if the place cannot be written (all calls).
  explicit LatentsWriter(std::filesystem::path path);

  /// @param latent  of one batch item, on any device.
  void append(const Latent& latent);
  /// Writes the file. Call once. @throws DataError if there are no frames.
  void finish(const LatentsInfo& info);

  [[nodiscard]] std::int64_t num_frames() const { return num_frames_; }

 private:
  void write_tensors(std::ofstream& out);

  std::filesystem::path path_;
  AtomicFile spool_file_;
  std::ofstream spool_;
  std::vector<std::string> names_;     // of the tensors, in the order of the file
  std::vector<std::int64_t> heights_;  // their rows
  bool is_integer_ = false;
  std::int64_t num_frames_ = 0;
};

/// Reads a latents file stretch by stretch.
class LatentsReader {
 public:
  /// @throws IoError; FormatError if it is no latents file, or corrupt.
  explicit LatentsReader(const std::filesystem::path& path);

  [[nodiscard]] const LatentsInfo& info() const { return info_; }
  [[nodiscard]] std::int64_t num_frames() const { return num_frames_; }

  /// @throws FormatError, naming what differs, if `model` cannot decode these latents.
  void require_fits(const AutoencoderOptions& model) const;

  /// A posterior, codes or a plain latent of the frames first .. first + count - 1, batch of one.
  /// REQUIRES: they exist.
  [[nodiscard]] Latent read(std::int64_t first, std::int64_t count);

 private:
  [[nodiscard]] at::Tensor read_rows(const std::string& name,
                                     std::int64_t first,
                                     std::int64_t count);

  std::filesystem::path path_;
  std::ifstream in_;
  tensor::SafetensorsHeader header_;
  std::uint64_t data_start_ = 0;
  LatentsInfo info_;
  std::int64_t num_frames_ = 0;
};

}  // namespace kilonat::codec
