/// A snare drum: the modes of two heads and the rattle of the wires.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Snare {
  double head_hz;
  double rattle_hz;
  double t60_s;
};

Sound hit(const Snare& snare, double rate_hz, Rng& rng) {
  Sound sound = white_noise(samples_of(1.2 * snare.t60_s + 0.1, rate_hz), rng);
  filter_(sound, rate_hz, Pass::kBand, snare.rattle_hz, 0.8);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    sound[i] *= static_cast<float>(rise(time_s, 0.001) * decay(time_s, snare.t60_s));
  }
  // The (0,1) modes of the two coupled heads and the (1,1) mode of an ideal membrane.
  for (const double ratio : {1.0, 1.75, 1.59}) {
    add_mode_(sound,
              rate_hz,
              {snare.head_hz * ratio * rng.uniform(0.99, 1.01), 0.12, rng.uniform(0.1, 0.2)});
  }
  return sound;
}

}  // namespace

Sketch snare(Rng& rng, double duration_s) {
  const bool is_bright = coin(rng);
  const bool is_long = coin(rng);
  const Snare snare{rng.uniform(170, 240),
                    draw(rng, is_bright ? Range{4200, 6000} : Range{700, 1050}),
                    draw(rng, is_long ? Range{0.6, 0.9} : Range{0.12, 0.2})};
  const double interval_s = draw(rng, is_long ? Range{0.42, 0.55} : Range{0.25, 0.5});
  const Rhythm rhythm = draw_rhythm(rng, interval_s, duration_s, 0.6, 4);
  const auto render = [=](Scene& scene, Rng& noise) {
    const double pan = noise.uniform(-0.4, 0.4);
    for (std::int64_t n = 0; n < rhythm.count; ++n) {
      scene.add(hit(snare, scene.rate_hz(), noise),
                rhythm.onset_s(n, noise),
                pan,
                noise.uniform(0.85, 1));
    }
  };
  return {fmt::format("{} {} snare drum hit{} with a {} decay",
                      count_word(rhythm.count),
                      is_bright ? "bright" : "dull",
                      rhythm.count == 1 ? "" : "s",
                      is_long ? "slow" : "fast"),
          render};
}

}  // namespace kilonat::data::procedural
