/// A hi-hat: dozens of inharmonic plate modes and a hiss, damped (closed) or free (open).

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr int kNumModes = 36;

struct Cymbal {
  double lowest_hz;
  double t60_s;
  double hiss_hz;
};

Sound hit(const Cymbal& cymbal, double rate_hz, Rng& rng) {
  Sound sound = white_noise(samples_of(cymbal.t60_s, rate_hz), rng);
  filter_(sound, rate_hz, Pass::kHigh, cymbal.hiss_hz);
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    sound[i] *= static_cast<float>(rise(time_s, 0.001) * decay(time_s, cymbal.t60_s));
  }
  const double highest_hz = std::min(14000.0, 0.47 * rate_hz);
  for (int n = 0; n < kNumModes; ++n) {
    const double frequency_hz =
        cymbal.lowest_hz * std::pow(highest_hz / cymbal.lowest_hz, rng.uniform());
    add_mode_(sound,
              rate_hz,
              {frequency_hz,
               cymbal.t60_s * rng.uniform(0.6, 1),
               rng.uniform(0.05, 0.15),
               rng.uniform(0, 2 * std::numbers::pi)});
  }
  return sound;
}

}  // namespace

Sketch hihat(Rng& rng, double /*duration_s*/) {
  const bool is_fast = coin(rng);
  const bool is_open = coin(rng);
  const double interval_s = draw(rng, is_fast ? Range{0.14, 0.2} : Range{0.38, 0.55});
  const Cymbal cymbal{rng.uniform(3000, 3800),
                      draw(rng, is_open ? Range{0.5, 0.8} : Range{0.05, 0.1}),
                      rng.uniform(4000, 5500)};
  const double accent = rng.uniform(0.75, 0.95);
  const auto render = [=](Scene& scene, Rng& noise) {
    const double pan = noise.uniform(-0.6, 0.6);
    const double last_s = scene.duration_s() - 0.5;  // room for an open hit's decay
    const double start_s = noise.uniform(0.02, 0.08);
    for (int n = 0; start_s + n * interval_s < last_s; ++n) {
      const double onset_s = start_s + interval_s * (n + noise.uniform(-0.03, 0.03));
      const double gain = n % 2 == 0 ? 1 : accent;
      scene.add(hit(cymbal, scene.rate_hz(), noise), std::max(0.01, onset_s), pan, gain);
    }
  };
  return {
      fmt::format("{} {} hi-hat beat", is_fast ? "a fast" : "a slow", is_open ? "open" : "closed"),
      render};
}

}  // namespace kilonat::data::procedural
