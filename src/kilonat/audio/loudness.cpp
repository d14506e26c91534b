#include "kilonat/audio/loudness.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ebur128.h>

#include "kilonat/audio/mix.h"
#include "kilonat/base/errors.h"

namespace kilonat::audio {

struct LoudnessMeter::Impl {
  ebur128_state* state = nullptr;
  std::int64_t sample_rate_hz = 0;
  std::int64_t num_channels = 0;
  std::int64_t num_samples = 0;
  double peak = 0;
  std::vector<float> interleaved;

  ~Impl() { ebur128_destroy(&state); }

  void add(const AudioBuffer& buffer) {
    const auto count = static_cast<std::size_t>(buffer.num_samples());
    const auto width = static_cast<std::size_t>(num_channels);
    interleaved.resize(count * width);
    for (std::size_t c = 0; c < width; ++c) {
      for (std::size_t i = 0; i < count; ++i) interleaved[i * width + c] = buffer.channels[c][i];
    }
    const int status = ebur128_add_frames_float(state, interleaved.data(), count);
    KILONAT_REQUIRE(status == EBUR128_SUCCESS, InternalError, "measuring loudness: out of memory");
    num_samples += buffer.num_samples();
  }
};

LoudnessMeter::LoudnessMeter(std::int64_t sample_rate_hz, std::int64_t num_channels)
    : impl_(std::make_unique<Impl>()) {
  impl_->sample_rate_hz = sample_rate_hz;
  impl_->num_channels = num_channels;
  impl_->state = ebur128_init(static_cast<unsigned>(num_channels),
                              static_cast<unsigned long>(sample_rate_hz),
                              EBUR128_MODE_I);
  KILONAT_REQUIRE(impl_->state != nullptr,
                  InternalError,
                  "measuring loudness: {} channels at {} Hz are not supported",
                  num_channels,
                  sample_rate_hz);
}

LoudnessMeter::~LoudnessMeter() = default;
LoudnessMeter::LoudnessMeter(LoudnessMeter&&) noexcept = default;

void LoudnessMeter::push(const AudioBuffer& buffer) {
  impl_->peak = std::max(impl_->peak, audio::peak(buffer));
  impl_->add(buffer);
}

double LoudnessMeter::integrated_lufs() {
  const std::int64_t missing = impl_->sample_rate_hz / 2 - impl_->num_samples;
  if (missing > 0) impl_->add(make_buffer(impl_->sample_rate_hz, impl_->num_channels, missing));
  double lufs = 0;
  const int status = ebur128_loudness_global(impl_->state, &lufs);
  return status == EBUR128_SUCCESS && std::isfinite(lufs) ? std::max(lufs, kSilenceLufs)
                                                          : kSilenceLufs;
}

double LoudnessMeter::peak() const {
  return impl_->peak;
}

double integrated_lufs(const AudioBuffer& buffer) {
  LoudnessMeter meter(buffer.sample_rate_hz, buffer.num_channels());
  meter.push(buffer);
  return meter.integrated_lufs();
}

double normalisation_gain(double measured_lufs, double peak, double target_lufs) {
  if (measured_lufs <= kSilenceLufs || peak <= 0) return 1;
  const double gain = std::pow(10.0, (target_lufs - measured_lufs) / 20);
  return std::min(gain, 1 / peak);
}

}  // namespace kilonat::audio
