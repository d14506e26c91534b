/// A combustion engine: a pulse for every firing, uneven cylinders, resonances of the exhaust.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Engine {
  double firing_hz;
  double unevenness;  // of the cylinders' amplitudes
  double wander;      // of the speed
  std::int64_t num_cylinders;
  Range exhaust_hz;  // two resonances
};

/// A short pulse once a period: harmonics that fall by 6 dB per octave above 10.
Wavetable firing_pulse(const Engine& engine, double rate_hz) {
  std::vector<double> amplitudes;
  for (double k = 1; k <= 120; ++k) amplitudes.push_back(0.1 / (1 + k / 10));
  return {amplitudes, 0.45 * rate_hz / (1.1 * engine.firing_hz)};
}

Sound run(const Engine& engine, std::size_t num_samples, double rate_hz, Rng& rng) {
  const Wavetable pulse = firing_pulse(engine, rate_hz);
  const Drift speed(3, rng);
  Sound cylinders(static_cast<std::size_t>(engine.num_cylinders));
  for (float& gain : cylinders) gain = static_cast<float>(rng.uniform(1 - engine.unevenness, 1));
  StateVariableFilter first(rate_hz, engine.exhaust_hz.low, 3);
  StateVariableFilter second(rate_hz, engine.exhaust_hz.high, 4);
  Sound sound(num_samples);
  double phase = rng.uniform();
  for (std::size_t i = 0; i < num_samples; ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double gain = cylinders[static_cast<std::size_t>(phase) % cylinders.size()];
    const double share = phase - std::floor(phase);
    const double hiss = 0.25 * std::exp(-6 * share) * rng.uniform(-1, 1);
    const double source = gain * (pulse.at(phase) + hiss);
    sound[i] = static_cast<float>(0.4 * source + 1.2 * first.step(source).band +
                                  0.8 * second.step(source).band);
    phase += engine.firing_hz * (1 + engine.wander * speed.at(time_s)) / rate_hz;
  }
  return sound;
}

}  // namespace

Sketch engine(Rng& rng, double /*duration_s*/) {
  const bool is_fast = coin(rng);
  const bool is_far = coin(rng);
  const Engine engine{.firing_hz = draw(rng, is_fast ? Range{95, 150} : Range{18, 32}),
                      .unevenness = rng.uniform(0.05, 0.2),
                      .wander = rng.uniform(0.004, 0.02),
                      .num_cylinders = 2 + static_cast<std::int64_t>(rng.integer(5)),
                      .exhaust_hz = {rng.uniform(120, 350), rng.uniform(600, 1500)}};
  const auto render = [engine](Scene& scene, Rng& noise) {
    const double pan = noise.uniform(-0.5, 0.5);
    scene.add(run(engine, scene.num_samples(), scene.rate_hz(), noise), 0, pan);
  };
  return {fmt::format("a {} engine {}", is_fast ? "fast" : "slow", is_far ? "far away" : "nearby"),
          render,
          is_far};
}

}  // namespace kilonat::data::procedural
