#include "kilonat/train/tensorboard_writer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <iterator>
#include <string>
#include <unistd.h>

#include "tensorboard.pb.h"
#include <fmt/format.h>

#include "kilonat/base/files.h"
#include "kilonat/base/png.h"
#include "kilonat/train/tfrecord.h"
#include "kilonat/train/wav_bytes.h"

namespace kilonat::train {

namespace {

constexpr std::string_view kFileVersion = "brain.Event:2";  // versions below 2 know no session log
constexpr int kNumBuckets = 30;

double unix_time_s() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Sorts after the files of earlier starts; the count tells apart two of one second.
std::filesystem::path event_file(const std::filesystem::path& folder) {
  static std::atomic<int> counter{0};
  return folder / fmt::format("events.out.tfevents.{:010}.kilonat.{}.{}",
                              static_cast<std::int64_t>(unix_time_s()),
                              ::getpid(),
                              counter.fetch_add(1));
}

std::vector<double> finite_values(std::span<const double> values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite), [](double x) {
    return std::isfinite(x);
  });
  return finite;
}

void fill_histogram(tensorboard::Histogram& histogram, const std::vector<double>& values) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double width = (*most - *least) / kNumBuckets;
  std::array<double, kNumBuckets> counts{};
  double sum = 0, sum_squares = 0;
  for (const double value : values) {
    const double position = width > 0 ? (value - *least) / width : 0;
    ++counts[static_cast<std::size_t>(std::min(position, kNumBuckets - 1.0))];
    sum += value;
    sum_squares += value * value;
  }
  histogram.set_min(*least);
  histogram.set_max(*most);
  histogram.set_num(static_cast<double>(values.size()));
  histogram.set_sum(sum);
  histogram.set_sum_squares(sum_squares);
  for (int i = 0; i < kNumBuckets; ++i) {
    histogram.add_bucket_limit(i + 1 == kNumBuckets ? *most : *least + (i + 1) * width);
    histogram.add_bucket(counts[static_cast<std::size_t>(i)]);
  }
}

tensorboard::Event event_at(std::int64_t step) {
  tensorboard::Event event;
  event.set_wall_time(unix_time_s());
  event.set_step(step);
  return event;
}

tensorboard::Value& add_value(tensorboard::Event& event, std::string_view tag) {
  tensorboard::Value& value = *event.mutable_summary()->add_value();
  value.set_tag(std::string(tag));
  return value;
}

}  // namespace

TensorBoardWriter::TensorBoardWriter(const std::filesystem::path& folder,
                                     std::optional<std::int64_t> resumed_step)
    : path_(event_file(folder)), out_(path_, std::ios::binary) {
  tensorboard::Event first = event_at(0);
  first.set_file_version(std::string(kFileVersion));
  write(first);
  if (resumed_step) {
    tensorboard::Event purge = event_at(*resumed_step + 1);
    purge.mutable_session_log()->set_status(tensorboard::SessionLog::START);
    write(purge);
  }
  flush();
}

TensorBoardWriter::~TensorBoardWriter() = default;

void TensorBoardWriter::scalars(std::int64_t step, std::span<const Scalar> row) {
  tensorboard::Event event = event_at(step);
  for (const Scalar& scalar : row) {
    add_value(event, scalar.name).set_simple_value(static_cast<float>(scalar.value));
  }
  write(event);
}

void TensorBoardWriter::image(std::int64_t step, std::string_view name, const Image& image) {
  const std::vector<std::byte> png = encode_png(image);
  tensorboard::Event event = event_at(step);
  tensorboard::EncodedImage& encoded = *add_value(event, name).mutable_image();
  encoded.set_width(static_cast<std::int32_t>(image.width));
  encoded.set_height(static_cast<std::int32_t>(image.height));
  encoded.set_colorspace(3);
  encoded.set_encoded_image_string(png.data(), png.size());
  write(event);
}

void TensorBoardWriter::audio(std::int64_t step,
                              std::string_view name,
                              std::int64_t sample_rate_hz,
                              std::span<const std::vector<float>> channels) {
  tensorboard::Event event = event_at(step);
  tensorboard::EncodedAudio& encoded = *add_value(event, name).mutable_audio();
  encoded.set_sample_rate(static_cast<float>(sample_rate_hz));
  encoded.set_num_channels(static_cast<std::int64_t>(channels.size()));
  encoded.set_length_frames(channels.empty() ? 0
                                             : static_cast<std::int64_t>(channels.front().size()));
  encoded.set_encoded_audio_string(wav_bytes(sample_rate_hz, channels));
  encoded.set_content_type("audio/wav");
  write(event);
}

void TensorBoardWriter::histogram(std::int64_t step,
                                  std::string_view name,
                                  std::span<const double> values) {
  const std::vector<double> finite = finite_values(values);
  if (finite.empty()) return;
  tensorboard::Event event = event_at(step);
  fill_histogram(*add_value(event, name).mutable_histo(), finite);
  write(event);
}

void TensorBoardWriter::flush() {
  out_.flush();
  if (!out_) throw_io_error("writing", path_, errno != 0 ? errno : EIO);
}

void TensorBoardWriter::write(tensorboard::Event& event) {
  out_ << tfrecord(event.SerializeAsString()) << std::flush;
  if (!out_) throw_io_error("writing", path_, errno != 0 ? errno : EIO);
}

}  // namespace kilonat::train
