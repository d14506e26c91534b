/// A church bell, struck once: modal synthesis. Partials after Rossing, Science of Percussion
/// Instruments, 2000, ch. 11 (hum, prime, tierce, quint, nominal ..), each a beating pair.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Partial {
  double ratio;  // to the prime
  double amplitude;
};
constexpr Partial kPartials[] = {{0.5, 0.7},
                                 {1.0, 1.0},
                                 {1.2, 0.6},
                                 {1.5, 0.4},
                                 {2.0, 0.8},
                                 {2.5, 0.25},
                                 {2.67, 0.25},
                                 {3.0, 0.3},
                                 {4.0, 0.2},
                                 {5.33, 0.15},
                                 {6.7, 0.1}};
constexpr double kHighsDieFaster = 0.7;  // exponent: t60 ~ ratio^-0.7

struct Bell {
  double prime_hz;
  double t60_s;
};

Sound strike(const Bell& bell, std::size_t num_samples, double rate_hz, Rng& rng) {
  Sound sound(num_samples, 0.0F);
  for (const Partial& partial : kPartials) {
    const double frequency_hz = bell.prime_hz * partial.ratio * rng.uniform(0.995, 1.005);
    const double t60_s = bell.t60_s * std::pow(std::max(partial.ratio, 0.5), -kHighsDieFaster);
    const double amplitude = partial.amplitude * rng.uniform(0.6, 1.2);
    const double beat_hz = rng.uniform(0.3, 2.0);
    add_mode_(sound, rate_hz, {frequency_hz, t60_s, amplitude});
    add_mode_(sound, rate_hz, {frequency_hz + beat_hz, t60_s, 0.3 * amplitude});
  }
  return sound;
}

Sound clapper(double rate_hz, Rng& rng) {
  Sound noise = white_noise(samples_of(0.02, rate_hz), rng);
  filter_(noise, rate_hz, Pass::kHigh, 2000);
  for (std::size_t i = 0; i < noise.size(); ++i) {
    noise[i] *= static_cast<float>(decay(static_cast<double>(i) / rate_hz, 0.02));
  }
  return noise;
}

}  // namespace

Sketch bell(Rng& rng, double /*duration_s*/) {
  const bool is_high = coin(rng);
  const bool is_slow = coin(rng);
  const Bell bell{draw(rng, is_high ? Range{1200, 2000} : Range{150, 260}),
                  draw(rng, is_slow ? Range{4, 8} : Range{0.4, 0.8})};
  const auto render = [bell](Scene& scene, Rng& noise) {
    const double start_s = noise.uniform(0.02, 0.1);
    const double pan = noise.uniform(-0.6, 0.6);
    scene.add(strike(bell, scene.num_samples(), scene.rate_hz(), noise), start_s, pan);
    scene.add(clapper(scene.rate_hz(), noise), start_s, pan, 0.5);
  };
  return {
      fmt::format("a {} bell with a {} decay", is_high ? "high" : "low", is_slow ? "slow" : "fast"),
      render};
}

}  // namespace kilonat::data::procedural
