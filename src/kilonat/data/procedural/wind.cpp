/// Wind: noise through a resonance that wanders, in gusts or steadily.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Wind {
  double middle_hz;
  double quality;
  double wander;   // of the pitch, in octaves
  double gust_db;  // half the range of the level
  double gusts_per_s;
};

void blow(const Wind& wind, Scene& scene, Rng& rng) {
  const Drift pitch(0.7, rng);
  const double start = rng.uniform();
  for (std::size_t c = 0; c < scene.num_channels(); ++c) {
    StateVariableFilter howl(scene.rate_hz(), wind.middle_hz, wind.quality);
    StateVariableFilter air(scene.rate_hz(), 2 * wind.middle_hz, 0.6);
    Sound sound = white_noise(scene.num_samples(), rng);
    for (std::size_t i = 0; i < sound.size(); ++i) {
      const double time_s = static_cast<double>(i) / scene.rate_hz();
      const double gust =
          std::sin(2 * std::numbers::pi * (start + wind.gusts_per_s * time_s));  // with the pitch
      if (i % 16 == 0) {
        const double octaves = wind.wander * (0.3 * pitch.at(time_s) + 0.5 * gust);
        howl.tune(wind.middle_hz * std::exp2(octaves));
      }
      const double level = std::pow(10.0, wind.gust_db * gust / 20);
      sound[i] =
          static_cast<float>(level * (howl.step(sound[i]).band + 0.15 * air.step(sound[i]).low));
    }
    scene.add_to_channel(sound, c);
  }
}

}  // namespace

Sketch wind(Rng& rng, double /*duration_s*/) {
  const bool is_high = coin(rng);
  const bool is_gusty = coin(rng);
  const Wind wind{.middle_hz = draw(rng, is_high ? Range{1000, 1600} : Range{180, 320}),
                  .quality = rng.uniform(2, is_high ? 8 : 4),
                  .wander = is_gusty ? rng.uniform(0.4, 0.7) : 0.15,
                  .gust_db = is_gusty ? rng.uniform(9, 13) : rng.uniform(0, 0.8),
                  .gusts_per_s = rng.uniform(0.6, 0.9)};
  return {fmt::format("a {} {} wind", is_gusty ? "gusty" : "steady", is_high ? "high" : "low"),
          [wind](Scene& scene, Rng& noise) { blow(wind, scene, noise); }};
}

}  // namespace kilonat::data::procedural
