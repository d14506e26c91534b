/// A siren: a horn's harmonics that wail up and down.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr double kHarmonics[] = {1, 0.7, 0.6, 0.4, 0.35, 0.25, 0.2, 0.15, 0.1, 0.08};

struct Siren {
  double middle_hz;
  double half_span;  // factor up and down from the middle
  double wails_per_s;
  double sharpness;  // 0: a sine; 1: nearly a triangle
};

Sound wail(const Siren& siren, std::size_t num_samples, double rate_hz, Rng& rng) {
  const Wavetable horn(kHarmonics, 0.47 * rate_hz / (siren.middle_hz * siren.half_span));
  Sound sound(num_samples);
  double phase = rng.uniform();
  const double start = rng.uniform();
  for (std::size_t i = 0; i < num_samples; ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double sine = std::sin(2 * std::numbers::pi * (start + siren.wails_per_s * time_s));
    const double triangle = std::asin(sine) * 2 / std::numbers::pi;
    const double bend = sine + siren.sharpness * (triangle - sine);
    sound[i] = static_cast<float>(horn.at(phase));
    phase += siren.middle_hz * std::pow(siren.half_span, bend) / rate_hz;
  }
  return sound;
}

}  // namespace

Sketch siren(Rng& rng, double /*duration_s*/) {
  const bool is_fast = coin(rng);
  const bool is_high = coin(rng);
  const bool is_far = coin(rng);
  const Siren siren{draw(rng, is_high ? Range{1000, 1400} : Range{380, 520}),
                    rng.uniform(1.2, 1.4),
                    draw(rng, is_fast ? Range{3, 5} : Range{0.5, 0.8}),
                    rng.uniform()};
  const auto render = [siren](Scene& scene, Rng& noise) {
    const double pan = noise.uniform(-0.6, 0.6);
    scene.add(wail(siren, scene.num_samples(), scene.rate_hz(), noise), 0, pan);
  };
  return {fmt::format("a {} {} siren {}",
                      is_fast ? "fast" : "slow",
                      is_high ? "high" : "low",
                      is_far ? "far away" : "nearby"),
          render,
          is_far};
}

}  // namespace kilonat::data::procedural
