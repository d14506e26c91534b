#pragma once
/// TensorBoard event files: scalars, images, audio and histograms.
///
/// The file is a sequence of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C
/// of the data), each a serialised Event of tensorboard.proto.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kilonat/train/run_log.h"

namespace kilonat::tensorboard {
class Event;
class Value;
}  // namespace kilonat::tensorboard

namespace kilonat::train {

/// CRC-32C (Castagnoli) of the bytes.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);
/// The same rotated and offset, as TFRecords store it.
[[nodiscard]] std::uint32_t masked_crc32c(std::string_view bytes);
/// One TFRecord around `data`.
[[nodiscard]] std::string tfrecord(std::string_view data);

/// A 16-bit PCM WAV file of planar samples; what is beyond [-1, 1] is clipped.
[[nodiscard]] std::string wav_bytes(std::int64_t sample_rate_hz,
                                    std::span<const std::vector<float>> channels);

/// Writes an event file of its own into `folder`: "events.out.tfevents.<time>.kilonat.<pid>.<n>".
class TensorBoardWriter : public RunSink {
 public:
  /// @param resumed_step  set: TensorBoard drops what earlier files of the folder say of later
  /// steps.
  /// @throws IoError if the file cannot be written (also in every report).
  TensorBoardWriter(const std::filesystem::path& folder, std::optional<std::int64_t> resumed_step);
  ~TensorBoardWriter() override;

  void scalars(std::int64_t step, std::span<const Scalar> row) override;
  void image(std::int64_t step, std::string_view name, const Image& image) override;
  void audio(std::int64_t step,
             std::string_view name,
             std::int64_t sample_rate_hz,
             std::span<const std::vector<float>> channels) override;
  /// Thirty buckets of equal width; values that are not finite are left out.
  void histogram(std::int64_t step, std::string_view name, std::span<const double> values) override;
  void flush() override;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  void write(tensorboard::Event& event);

  std::filesystem::path path_;
  std::ofstream out_;
};

}  // namespace kilonat::train
