/// A plucked string. Source: Karplus and Strong 1983, with the tuning all-pass and the damping of
/// Jaffe and Smith, Extensions of the Karplus-Strong Plucked-String Algorithm, 1983.

#include <cmath>
#include <numbers>
#include <numeric>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr double kDampedAt_hz = 3000;

struct String {
  double pitch_hz;
  double t60_s;         // of the fundamental
  double softness_hz;   // low-pass of the pick
  double loss_at_3khz;  // gain of the string's filter per period
  double pick_place;    // share of the string
  double noise;         // of the finger or the plectrum
};

/// The loop's filter y = gain ((1 - blend) x + blend x'): its gain at DC stays below one, at the
/// fundamental it gives the t60, at 3 kHz no more than the wanted loss.
struct LoopFilter {
  double gain;
  double blend;
};

LoopFilter loop_filter(const String& string, double rate_hz) {
  const double at_pitch = decay(1 / string.pitch_hz, string.t60_s);
  const auto bend = [rate_hz](double frequency_hz) {
    return 2 - 2 * std::cos(2 * std::numbers::pi * frequency_hz / rate_hz);
  };
  // |(1 - b) + b z^-1|^2 = 1 - b (1 - b) bend.
  const double wanted = (1 - string.loss_at_3khz * string.loss_at_3khz) / bend(kDampedAt_hz);
  const double most = (1 - at_pitch * at_pitch) / bend(string.pitch_hz);
  const double product = std::min({wanted, 0.9 * most, 0.25});
  const double blend = 0.5 - std::sqrt(0.25 - product);
  return {at_pitch / std::sqrt(1 - product * bend(string.pitch_hz)), blend};
}

/// Filters one period as if it had gone round for ever: its end meets its beginning.
void soften_(Sound& period, double rate_hz, double cutoff_hz) {
  constexpr std::size_t kRounds = 6;
  Sound rounds;
  for (std::size_t n = 0; n < kRounds; ++n) {
    rounds.insert(rounds.end(), period.begin(), period.end());
  }
  for (int twice = 0; twice < 2; ++twice) filter_(rounds, rate_hz, Pass::kLow, cutoff_hz);
  std::copy(
      rounds.end() - static_cast<std::ptrdiff_t>(period.size()), rounds.end(), period.begin());
}

/// The velocity of an ideally plucked string (positive up to the pick's place, negative behind it)
/// and the noise of the finger, softened.
Sound pick(const String& string, std::size_t period, double rate_hz, Rng& rng) {
  Sound burst = white_noise(period, rng);
  const double place = string.pick_place;
  const auto shift = static_cast<std::size_t>(place * static_cast<double>(period));
  for (std::size_t i = 0; i < period; ++i) {
    const double ideal = i < shift ? 1 - place : -place;
    burst[i] = static_cast<float>(ideal + string.noise * burst[i]);
  }
  soften_(burst, rate_hz, string.softness_hz);
  const double sum = std::accumulate(burst.begin(), burst.end(), 0.0);
  for (float& sample : burst) sample -= static_cast<float>(sum / static_cast<double>(period));
  return burst;
}

Sound ring(const String& string, std::size_t num_samples, double rate_hz, Rng& rng) {
  const LoopFilter filter = loop_filter(string, rate_hz);
  const double delay = rate_hz / string.pitch_hz - filter.blend;
  const auto whole = static_cast<std::size_t>(delay - 0.3);
  const double rest = delay - static_cast<double>(whole);  // 0.3 .. 1.3: a flat all-pass delay
  const double all_pass = (1 - rest) / (1 + rest);
  Sound line = pick(string, whole, rate_hz, rng);
  Sound sound(num_samples);
  double last = 0, all_pass_in = 0, all_pass_out = 0;
  for (std::size_t i = 0; i < num_samples; ++i) {
    float& slot = line[i % whole];
    sound[i] = slot;
    const double damped = filter.gain * ((1 - filter.blend) * slot + filter.blend * last);
    last = slot;
    all_pass_out = all_pass * (damped - all_pass_out) + all_pass_in;
    all_pass_in = damped;
    slot = static_cast<float>(all_pass_out);
  }
  return sound;
}

}  // namespace

Sketch pluck(Rng& rng, double /*duration_s*/) {
  const bool is_high = coin(rng);
  const bool is_bright = coin(rng);
  const bool is_slow = coin(rng);
  const double pitch_hz = draw(rng, is_high ? Range{400, 700} : Range{80, 150});
  const String string{.pitch_hz = pitch_hz,
                      .t60_s = draw(rng, is_slow ? Range{3, 6} : Range{0.3, 0.6}),
                      .softness_hz = is_bright ? rng.uniform(5000, 7500) : rng.uniform(300, 450),
                      .loss_at_3khz = is_bright ? 0.995 : 0.93,
                      .pick_place = rng.uniform(0.12, 0.3),
                      .noise = is_bright ? rng.uniform(0.5, 0.8) : 0.3};
  const auto render = [string](Scene& scene, Rng& noise) {
    const double start_s = noise.uniform(0.02, 0.1);
    const double pan = noise.uniform(-0.7, 0.7);
    scene.add(ring(string, scene.num_samples(), scene.rate_hz(), noise), start_s, pan);
  };
  return {fmt::format("a {} {} plucked string with a {} decay",
                      is_high ? "high" : "low",
                      is_bright ? "bright" : "dull",
                      is_slow ? "slow" : "fast"),
          render};
}

}  // namespace kilonat::data::procedural
