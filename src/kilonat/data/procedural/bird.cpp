/// A bird's chirps: gliding whistles with a weak second harmonic.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Chirp {
  double from_hz;
  double to_hz;
  double length_s;
};

Sound whistle(const Chirp& chirp, double rate_hz, Rng& rng) {
  constexpr double kHarmonics[] = {1.0, 0.08};
  const Wavetable table(kHarmonics, 0.48 * rate_hz / std::max(chirp.from_hz, chirp.to_hz));
  const double trill_hz = rng.uniform(25, 45);
  const double trill_depth = rng.uniform(0, 0.3);
  Sound sound(samples_of(chirp.length_s, rate_hz));
  double phase = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double share = time_s / chirp.length_s;
    const double edge = rise(time_s, 0.015) * rise(chirp.length_s - time_s, 0.4 * chirp.length_s);
    const double trill = 1 - trill_depth * rise(std::fmod(time_s * trill_hz, 1.0), 1.0);
    sound[i] = static_cast<float>(edge * trill * table.at(phase));
    phase += chirp.from_hz * std::pow(chirp.to_hz / chirp.from_hz, share) / rate_hz;
  }
  return sound;
}

}  // namespace

Sketch bird(Rng& rng, double duration_s) {
  const bool is_high = coin(rng);
  const bool is_rising = coin(rng);
  const double middle_hz = draw(rng, is_high ? Range{4000, 5000} : Range{1600, 2200});
  const double half_glide = rng.uniform(1.12, 1.25);
  const double below_hz = middle_hz / half_glide;
  const double above_hz = middle_hz * half_glide;
  const double length_s = rng.uniform(0.1, 0.18);
  const Chirp chirp{is_rising ? below_hz : above_hz, is_rising ? above_hz : below_hz, length_s};
  const Rhythm rhythm = draw_rhythm(rng, rng.uniform(0.28, 0.38), duration_s, 0.25, 5);
  const auto render = [=](Scene& scene, Rng& noise) {
    const double pan = noise.uniform(-0.8, 0.8);
    for (std::int64_t n = 0; n < rhythm.count; ++n) {
      const double shift = noise.uniform(0.97, 1.03);
      const Chirp other{chirp.from_hz * shift, chirp.to_hz * shift, chirp.length_s};
      scene.add(whistle(other, scene.rate_hz(), noise),
                rhythm.onset_s(n, noise),
                pan,
                noise.uniform(0.8, 1));
    }
  };
  return {fmt::format("{} {} {} bird chirp{}",
                      count_word(rhythm.count),
                      is_high ? "high" : "low",
                      is_rising ? "rising" : "falling",
                      rhythm.count == 1 ? "" : "s"),
          render};
}

}  // namespace kilonat::data::procedural
