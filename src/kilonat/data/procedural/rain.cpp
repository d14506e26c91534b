/// Rain: drops at random times, each a short burst and a small resonance, over the hiss of those
/// too many to tell apart.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Rain {
  double drops_per_s;
  Range drop_hz;
  double hiss_hz;
  double hiss_gain;
};

Sound drop(const Rain& rain, double rate_hz, Rng& rng) {
  const double frequency_hz = draw(rng, rain.drop_hz);
  Sound sound = white_noise(samples_of(0.02, rate_hz), rng);
  filter_(sound, rate_hz, Pass::kBand, frequency_hz, 1.5);
  const double t60_s = rng.uniform(0.006, 0.015);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    sound[i] *= static_cast<float>(rise(time_s, 0.0005) * decay(time_s, t60_s));
  }
  add_mode_(sound, rate_hz, {frequency_hz * rng.uniform(0.8, 1.2), 0.015, 0.3});
  return sound;
}

void fall(const Rain& rain, Scene& scene, Rng& rng) {
  for (std::size_t c = 0; c < scene.num_channels(); ++c) {
    Sound hiss = white_noise(scene.num_samples(), rng);
    filter_(hiss, scene.rate_hz(), Pass::kBand, rain.hiss_hz, 0.5);
    scene.add_to_channel(hiss, c, rain.hiss_gain);
  }
  // Exponential gaps: a Poisson process. Near drops are few and loud: amplitude ~ 1 / distance.
  for (double at_s = 0; at_s < scene.duration_s();
       at_s -= std::log(1 - rng.uniform()) / rain.drops_per_s) {
    const double distance = std::sqrt(rng.uniform(0.04, 1));
    scene.add(drop(rain, scene.rate_hz(), rng), at_s, rng.uniform(-1, 1), 0.3 / distance);
  }
}

}  // namespace

Sketch rain(Rng& rng, double /*duration_s*/) {
  const bool is_heavy = coin(rng);
  const bool is_bright = coin(rng);
  const Rain rain{.drops_per_s = draw(rng, is_heavy ? Range{800, 1500} : Range{15, 35}),
                  .drop_hz = is_bright ? Range{3000, 6000} : Range{500, 1100},
                  .hiss_hz = is_bright ? rng.uniform(4000, 6000) : rng.uniform(600, 900),
                  .hiss_gain = is_heavy ? rng.uniform(0.3, 0.6) : rng.uniform(0.008, 0.02)};
  return {fmt::format("{} {} rain", is_heavy ? "heavy" : "light", is_bright ? "bright" : "dull"),
          [rain](Scene& scene, Rng& noise) { fall(rain, scene, noise); }};
}

}  // namespace kilonat::data::procedural
