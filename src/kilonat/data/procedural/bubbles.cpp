/// Bubbles in water: Minnaert resonances whose pitch rises as they near the surface.
/// Source: van den Doel, Physically-Based Models for Liquid Sounds, 2005, eqs. 1-6.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr double kMinnaert_m_hz = 3.0;  // radius x frequency

struct Bubble {
  double radius_m;
  double rise;  // of the pitch, in dampings
};

Sound sound_of(const Bubble& bubble, double rate_hz) {
  const double start_hz = kMinnaert_m_hz / bubble.radius_m;
  const double damping = 0.13 / bubble.radius_m + 0.0072 * std::pow(bubble.radius_m, -1.5);
  Sound sound(samples_of(std::min(0.35, 7 / damping), rate_hz));
  double phase = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double frequency_hz = start_hz * (1 + bubble.rise * damping * time_s);
    const double audible = frequency_hz < 0.48 * rate_hz ? 1 : 0;
    sound[i] = static_cast<float>(audible * rise(time_s, 0.001) * std::exp(-damping * time_s) *
                                  std::sin(2 * std::numbers::pi * phase));
    phase += frequency_hz / rate_hz;
  }
  return sound;
}

/// Onsets of a few bubbles, each in its own share of the clip, or of many at random.
std::vector<double> onsets(bool are_many, double duration_s, Rng& rng) {
  const double room_s = duration_s - 0.2;
  const auto count = static_cast<std::size_t>(
      are_many ? room_s * rng.uniform(18, 40) : std::max(2.0, room_s * rng.uniform(1.2, 2.2)));
  std::vector<double> onsets_s(count);
  for (std::size_t n = 0; n < count; ++n) {
    const double place =
        are_many ? rng.uniform()
                 : (static_cast<double>(n) + rng.uniform(0.1, 0.5)) / static_cast<double>(count);
    onsets_s[n] = 0.02 + room_s * place;
  }
  return onsets_s;
}

}  // namespace

Sketch bubbles(Rng& rng, double duration_s) {
  const bool are_many = coin(rng);
  const bool are_large = coin(rng);
  const Range pitch_hz = are_large ? Range{280, 550} : Range{1500, 2800};
  const double pitch_rise = rng.uniform(0.02, 0.12);
  const std::vector<double> onsets_s = onsets(are_many, duration_s, rng);
  const auto render = [=](Scene& scene, Rng& noise) {
    for (const double onset_s : onsets_s) {
      const Bubble bubble{kMinnaert_m_hz / draw(noise, pitch_hz), pitch_rise};
      scene.add(sound_of(bubble, scene.rate_hz()),
                onset_s,
                noise.uniform(-0.7, 0.7),
                noise.uniform(0.6, 1));
    }
  };
  return {fmt::format("{} {} bubbles", are_many ? "many" : "a few", are_large ? "large" : "small"),
          render};
}

}  // namespace kilonat::data::procedural
