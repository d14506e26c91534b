/// A bass drum: a sine that falls to the head's pitch, and the beater's click.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Drum {
  double head_hz;
  double t60_s;
  double sweep;    // start over end of the pitch
  double sweep_s;  // time constant
};

Sound hit(const Drum& drum, double rate_hz, Rng& rng) {
  Sound sound(samples_of(1.5 * drum.t60_s, rate_hz));
  double phase = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double level = rise(time_s, 0.002) * decay(time_s, drum.t60_s);
    const double click = 0.3 * decay(time_s, 0.015) * rng.uniform(-1, 1);
    sound[i] = static_cast<float>(level * std::sin(2 * std::numbers::pi * phase) + click);
    phase += drum.head_hz * (1 + (drum.sweep - 1) * std::exp(-time_s / drum.sweep_s)) / rate_hz;
  }
  return sound;
}

}  // namespace

Sketch kick(Rng& rng, double duration_s) {
  const bool is_high = coin(rng);
  const bool is_long = coin(rng);
  const Drum drum{draw(rng, is_high ? Range{85, 115} : Range{40, 55}),
                  draw(rng, is_long ? Range{0.7, 1.0} : Range{0.15, 0.25}),
                  rng.uniform(2.5, 5),
                  rng.uniform(0.015, 0.03)};
  const double interval_s = draw(rng, is_long ? Range{0.45, 0.6} : Range{0.3, 0.5});
  const Rhythm rhythm = draw_rhythm(rng, interval_s, duration_s, 0.6, 4);
  const auto render = [=](Scene& scene, Rng& noise) {
    for (std::int64_t n = 0; n < rhythm.count; ++n) {
      scene.add(
          hit(drum, scene.rate_hz(), noise), rhythm.onset_s(n, noise), 0, noise.uniform(0.85, 1));
    }
  };
  return {fmt::format("{} {} kick drum hit{} with a {} decay",
                      count_word(rhythm.count),
                      is_high ? "high" : "low",
                      rhythm.count == 1 ? "" : "s",
                      is_long ? "slow" : "fast"),
          render};
}

}  // namespace kilonat::data::procedural
