#pragma once
/// TensorBoard event files: scalars, images, audio and histograms.
///
/// The file is a sequence of TFRecords (length, masked CRC-32C of the length, data, masked CRC-32C
/// of the data), each a serialised Event of tensorboard.proto.

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "kilonat/train/run_log.h"

namespace kilonat::tensorboard {
class Event;
}  // namespace kilonat::tensorboard

namespace kilonat::train {

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
