#include "kilonat/audio/opus.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include <opus/opus.h>

#include "kilonat/audio/resample.h"
#include "kilonat/base/errors.h"

namespace kilonat::audio {
namespace {

constexpr std::int32_t kOpusRateHz = 48000;
constexpr int kPacketSamples = kOpusRateHz / 50;  // 20 ms
constexpr int kComplexity = 10;                   // the best
constexpr int kMostPacketBytes = 4000;            // as libopus recommends

void require_ok(int error, const char* what) {
  KILONAT_REQUIRE(error == OPUS_OK, InternalError, "libopus: {}: {}", what, opus_strerror(error));
}

struct Destroy {
  void operator()(OpusEncoder* encoder) const { opus_encoder_destroy(encoder); }
  void operator()(OpusDecoder* decoder) const { opus_decoder_destroy(decoder); }
};

std::unique_ptr<OpusEncoder, Destroy> make_encoder(int num_channels, double target_kbps) {
  int error = OPUS_OK;
  std::unique_ptr<OpusEncoder, Destroy> encoder(
      opus_encoder_create(kOpusRateHz, num_channels, OPUS_APPLICATION_AUDIO, &error));
  require_ok(error, "making an encoder");
  const auto bits_per_second = static_cast<opus_int32>(std::lround(1000 * target_kbps));
  require_ok(opus_encoder_ctl(encoder.get(), OPUS_SET_BITRATE(bits_per_second)), "bitrate");
  require_ok(opus_encoder_ctl(encoder.get(), OPUS_SET_COMPLEXITY(kComplexity)), "complexity");
  require_ok(opus_encoder_ctl(encoder.get(), OPUS_SET_VBR(1)), "variable bitrate");
  return encoder;
}

std::unique_ptr<OpusDecoder, Destroy> make_decoder(int num_channels) {
  int error = OPUS_OK;
  std::unique_ptr<OpusDecoder, Destroy> decoder(
      opus_decoder_create(kOpusRateHz, num_channels, &error));
  require_ok(error, "making a decoder");
  return decoder;
}

/// Interleaved, `num_samples` a channel, silence behind the input's end.
std::vector<float> interleave(const AudioBuffer& input, std::int64_t num_samples) {
  const auto channels = static_cast<std::size_t>(input.num_channels());
  std::vector<float> result(static_cast<std::size_t>(num_samples) * channels, 0.0F);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < input.channels[c].size(); ++i) {
      result[i * channels + c] = input.channels[c][i];
    }
  }
  return result;
}

/// One channel set out of interleaved samples, from `first` on.
AudioBuffer cut(const std::vector<float>& samples,
                std::int64_t num_channels,
                std::int64_t first,
                std::int64_t num_samples) {
  AudioBuffer result = make_buffer(kOpusRateHz, num_channels, num_samples);
  const auto channels = static_cast<std::size_t>(num_channels);
  for (std::size_t c = 0; c < channels; ++c) {
    for (std::size_t i = 0; i < static_cast<std::size_t>(num_samples); ++i) {
      result.channels[c][i] = samples[(static_cast<std::size_t>(first) + i) * channels + c];
    }
  }
  return result;
}

void require_codable(const AudioBuffer& input, double target_kbps) {
  KILONAT_REQUIRE(input.num_channels() == 1 || input.num_channels() == 2,
                  DataError,
                  "coding with Opus: {} channels, expected 1 or 2",
                  input.num_channels());
  KILONAT_REQUIRE(input.num_samples() > 0, DataError, "coding with Opus: no samples");
  KILONAT_REQUIRE(target_kbps >= kMinOpusKbps && target_kbps <= kMaxOpusKbps,
                  ConfigError,
                  "coding with Opus: {} kbit/s, expected {} to {}",
                  target_kbps,
                  kMinOpusKbps,
                  kMaxOpusKbps);
}

void fit_length_(AudioBuffer& buffer, std::int64_t num_samples) {
  for (auto& channel : buffer.channels) channel.resize(static_cast<std::size_t>(num_samples), 0.0F);
}

}  // namespace

OpusCoded code_with_opus(const AudioBuffer& input, double target_kbps) {
  require_codable(input, target_kbps);
  const auto num_channels = static_cast<int>(input.num_channels());
  const auto encoder = make_encoder(num_channels, target_kbps);
  const auto decoder = make_decoder(num_channels);
  opus_int32 look_ahead = 0;
  require_ok(opus_encoder_ctl(encoder.get(), OPUS_GET_LOOKAHEAD(&look_ahead)), "look-ahead");

  const AudioBuffer at_48k = resample(input, kOpusRateHz);
  const std::int64_t length = at_48k.num_samples();
  const std::int64_t num_packets = (length + look_ahead + kPacketSamples - 1) / kPacketSamples;
  const std::vector<float> samples = interleave(at_48k, num_packets * kPacketSamples);
  std::vector<float> decoded(samples.size());
  std::array<unsigned char, kMostPacketBytes> packet{};
  OpusCoded result;
  for (std::int64_t i = 0; i < num_packets; ++i) {
    const std::int64_t at = i * kPacketSamples * num_channels;
    const opus_int32 bytes = opus_encode_float(
        encoder.get(), samples.data() + at, kPacketSamples, packet.data(), kMostPacketBytes);
    require_ok(std::min(bytes, 0), "encoding");
    const int count = opus_decode_float(
        decoder.get(), packet.data(), bytes, decoded.data() + at, kPacketSamples, 0);
    require_ok(std::min(count, 0), "decoding");
    result.bytes += bytes;
  }
  result.actual_kbps = 8.0 * static_cast<double>(result.bytes) / input.duration_s() / 1000;
  result.decoded = resample(cut(decoded, num_channels, look_ahead, length), input.sample_rate_hz);
  fit_length_(result.decoded, input.num_samples());
  return result;
}

const char* opus_version() {
  return opus_get_version_string();
}

}  // namespace kilonat::audio
