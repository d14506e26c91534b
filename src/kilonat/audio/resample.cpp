#include "kilonat/audio/resample.h"

#include <algorithm>
#include <cmath>

#include <soxr.h>

#include "kilonat/base/errors.h"

namespace kilonat::audio {

struct Resampler::Impl {
  std::int64_t in_rate_hz = 0;
  std::int64_t out_rate_hz = 0;
  std::int64_t num_channels = 0;
  soxr_t state = nullptr;

  ~Impl() { soxr_delete(state); }

  /// Feeds `count` samples per channel (null: the end) and collects all that comes out.
  AudioBuffer process(const float* const* input, std::size_t count) {
    AudioBuffer output = make_buffer(out_rate_hz, num_channels, 0);
    const double ratio = static_cast<double>(out_rate_hz) / static_cast<double>(in_rate_hz);
    const std::size_t room =
        static_cast<std::size_t>(std::ceil(static_cast<double>(count) * ratio)) + 4096;
    std::size_t used = 0;
    for (;;) {
      std::vector<std::vector<float>> piece(static_cast<std::size_t>(num_channels),
                                            std::vector<float>(room));
      std::vector<float*> targets;
      for (auto& channel : piece) targets.push_back(channel.data());
      std::vector<const float*> sources;
      for (std::int64_t c = 0; input != nullptr && c < num_channels; ++c) {
        sources.push_back(input[c] + used);
      }
      std::size_t taken = 0;
      std::size_t made = 0;
      const soxr_error_t error = soxr_process(state,
                                              input != nullptr ? sources.data() : nullptr,
                                              count - used,
                                              &taken,
                                              targets.data(),
                                              room,
                                              &made);
      KILONAT_REQUIRE(error == nullptr, InternalError, "resampling: {}", error);
      used += taken;
      for (std::size_t c = 0; c < piece.size(); ++c) {
        output.channels[c].insert(output.channels[c].end(),
                                  piece[c].begin(),
                                  piece[c].begin() + static_cast<std::ptrdiff_t>(made));
      }
      if (made < room && used == count) return output;
    }
  }
};

Resampler::Resampler(std::int64_t in_rate_hz, std::int64_t out_rate_hz, std::int64_t num_channels)
    : impl_(std::make_unique<Impl>()) {
  impl_->in_rate_hz = in_rate_hz;
  impl_->out_rate_hz = out_rate_hz;
  impl_->num_channels = num_channels;
  if (in_rate_hz == out_rate_hz) return;
  soxr_error_t error = nullptr;
  const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_S, SOXR_FLOAT32_S);
  const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
  impl_->state = soxr_create(static_cast<double>(in_rate_hz),
                             static_cast<double>(out_rate_hz),
                             static_cast<unsigned>(num_channels),
                             &error,
                             &io,
                             &quality,
                             nullptr);
  KILONAT_REQUIRE(error == nullptr,
                  InternalError,
                  "resampling {} Hz to {} Hz: {}",
                  in_rate_hz,
                  out_rate_hz,
                  error);
}

Resampler::~Resampler() = default;
Resampler::Resampler(Resampler&&) noexcept = default;

AudioBuffer Resampler::push(const AudioBuffer& input) {
  if (impl_->state == nullptr || input.num_samples() == 0) {
    AudioBuffer same = input;
    same.sample_rate_hz = impl_->out_rate_hz;
    return same;
  }
  std::vector<const float*> sources;
  for (const auto& channel : input.channels) sources.push_back(channel.data());
  return impl_->process(sources.data(), static_cast<std::size_t>(input.num_samples()));
}

AudioBuffer Resampler::finish() {
  if (impl_->state == nullptr) return make_buffer(impl_->out_rate_hz, impl_->num_channels, 0);
  return impl_->process(nullptr, 0);
}

AudioBuffer resample(const AudioBuffer& input, std::int64_t out_rate_hz) {
  if (input.sample_rate_hz == out_rate_hz) return input;
  Resampler resampler(input.sample_rate_hz, out_rate_hz, input.num_channels());
  AudioBuffer output = resampler.push(input);
  const AudioBuffer rest = resampler.finish();
  for (std::size_t c = 0; c < output.channels.size(); ++c) {
    output.channels[c].insert(
        output.channels[c].end(), rest.channels[c].begin(), rest.channels[c].end());
  }
  return output;
}

}  // namespace kilonat::audio
