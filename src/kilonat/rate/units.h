#pragma once
/// Nats per latent frame <-> kbit/s of audio.
///
/// R [kbit/s] = K [nats/frame] x frame_rate [frames/s] / ln 2 / 1000; frame_rate = sample_rate /
/// hop_length. Stereo has one latent for both channels, hence one rate.

namespace kilonat::rate {

/// REQUIRES: frame_rate_hz > 0 (both functions).
[[nodiscard]] double kbps_from_nats(double nats_per_frame, double frame_rate_hz);
[[nodiscard]] double nats_from_kbps(double kbps, double frame_rate_hz);
[[nodiscard]] double bits_from_nats(double nats);

}  // namespace kilonat::rate
