#include "kilonat/data/procedural/scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "kilonat/audio/mix.h"
#include "kilonat/data/procedural/room.h"

namespace kilonat::data::procedural {
namespace {

constexpr double kSubsonic_hz = 15;
constexpr double kFadeIn_s = 0.004;
constexpr double kFadeOut_s = 0.03;
constexpr double kRoomTone = 1e-3;  // of the peak; no clip has digital silence in it
constexpr double kRoomTone_hz = 2000;

void add_(std::vector<float>& channel, std::span<const float> sound, std::size_t at, double gain) {
  if (at >= channel.size()) return;
  const std::size_t count = std::min(sound.size(), channel.size() - at);
  for (std::size_t i = 0; i < count; ++i) channel[at + i] += static_cast<float>(gain) * sound[i];
}

void fade_ends_(Sound& channel, double rate_hz) {
  const std::size_t size = channel.size();
  for (std::size_t i = 0; i < size; ++i) {
    const double gain = rise(static_cast<double>(i) / rate_hz, kFadeIn_s) *
                        rise(static_cast<double>(size - 1 - i) / rate_hz, kFadeOut_s);
    channel[i] *= static_cast<float>(gain);
  }
}

void add_room_tone_(audio::AudioBuffer& audio, double level, Rng& rng) {
  for (Sound& channel : audio.channels) {
    Sound tone = white_noise(channel.size(), rng);
    filter_(tone, static_cast<double>(audio.sample_rate_hz), Pass::kLow, kRoomTone_hz);
    add_(channel, tone, 0, level);
  }
}

}  // namespace

Scene::Scene(const Format& format)
    : audio_(audio::make_buffer(
          format.sample_rate_hz,
          format.num_channels,
          static_cast<std::int64_t>(
              samples_of(format.duration_s, static_cast<double>(format.sample_rate_hz))))) {}

void Scene::add(std::span<const float> sound, double start_s, double pan, double gain) {
  const std::size_t at = samples_of(start_s, rate_hz());
  if (num_channels() == 1) return add_(audio_.channels[0], sound, at, gain);
  const double angle = (pan + 1) * std::numbers::pi / 4;
  add_(audio_.channels[0], sound, at, gain * std::cos(angle));
  add_(audio_.channels[1], sound, at, gain * std::sin(angle));
}

void Scene::add_to_channel(std::span<const float> sound, std::size_t channel, double gain) {
  add_(audio_.channels[channel], sound, 0, gain);
}

void Scene::move_far_away(Rng& rng) {
  put_far_away_(audio_, rng);
}

audio::AudioBuffer Scene::finish(Rng& rng) {
  add_room_tone_(audio_, kRoomTone * audio::peak(audio_), rng);
  for (Sound& channel : audio_.channels) {
    filter_(channel, rate_hz(), Pass::kHigh, kSubsonic_hz);
    fade_ends_(channel, rate_hz());
  }
  const double level = std::pow(10.0, rng.uniform(-12, -1) / 20);
  const double peak = audio::peak(audio_);
  if (peak > 0) audio::apply_gain_(audio_, level / peak);
  return std::exchange(audio_, {});
}

}  // namespace kilonat::data::procedural
