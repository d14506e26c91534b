/// A sung vowel: a glottal source through parallel formants. Formants of a male voice after
/// Peterson and Barney, Control Methods Used in a Study of the Vowels, 1952, table II.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr std::size_t kNumFormants = 3;
constexpr std::size_t kMaxHarmonics = 80;

struct Vowel {
  const char* name;
  double formants_hz[kNumFormants];
  double gains[kNumFormants];  // that bring the source's harmonics to the table's levels
};
constexpr Vowel kVowels[] = {{"ah", {730, 1090, 2440}, {1, 1, 0.16}},
                             {"ee", {270, 2290, 3010}, {1, 0.9, 0.65}},
                             {"oo", {300, 870, 2240}, {1, 0.45, 0.075}}};

struct Singer {
  Vowel vowel;
  double pitch_hz;
  double tract;  // factor on the formants: a shorter tract, higher formants
  double vibrato_depth;
  double vibrato_hz;
  double breath;
};

/// The glottal flow's harmonics fall by 12 dB per octave, and the mouth radiates 6 dB more.
Wavetable glottis(const Singer& singer, double rate_hz) {
  std::vector<double> amplitudes;
  for (std::size_t k = 1; k <= kMaxHarmonics; ++k) {
    amplitudes.push_back(std::pow(static_cast<double>(k), -1.0));
  }
  return {amplitudes, 0.47 * rate_hz / (singer.pitch_hz * (1 + singer.vibrato_depth))};
}

Sound sing(const Singer& singer, const Scene& scene, Rng& rng) {
  const double rate_hz = scene.rate_hz();
  const Wavetable source = glottis(singer, rate_hz);
  const Drift jitter(6, rng);
  std::vector<StateVariableFilter> formants;
  for (const double frequency_hz : singer.vowel.formants_hz) {
    formants.emplace_back(rate_hz, frequency_hz * singer.tract, frequency_hz / 90);  // 90 Hz wide
  }
  Sound sound(scene.num_samples());
  double phase = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double swell = rise(time_s, 0.12) * rise(scene.duration_s() - time_s, 0.25);
    const double flow = source.at(phase) + singer.breath * rng.uniform(-1, 1);
    double sum = 0;
    for (std::size_t f = 0; f < kNumFormants; ++f) {
      // Neighbours in antiphase: no hole between them.
      sum += (f % 2 == 0 ? 1 : -1) * singer.vowel.gains[f] * formants[f].step(flow).band;
    }
    sound[i] = static_cast<float>(swell * sum);
    const double vibrato =
        singer.vibrato_depth * std::sin(2 * std::numbers::pi * singer.vibrato_hz * time_s);
    phase += singer.pitch_hz * (1 + vibrato + 0.003 * jitter.at(time_s)) / rate_hz;
  }
  return sound;
}

}  // namespace

Sketch voice(Rng& rng, double /*duration_s*/) {
  const bool is_high = coin(rng);
  const bool has_vibrato = coin(rng);
  const Singer singer{.vowel = kVowels[rng.integer(std::size(kVowels))],
                      .pitch_hz = draw(rng, is_high ? Range{210, 300} : Range{90, 140}),
                      .tract = rng.uniform(0.95, 1.05) * (is_high ? 1.15 : 1),
                      .vibrato_depth = has_vibrato ? rng.uniform(0.025, 0.04) : 0,
                      .vibrato_hz = rng.uniform(4.5, 6.5),
                      .breath = rng.uniform(0.02, 0.1)};
  const auto render = [singer](Scene& scene, Rng& noise) {
    scene.add(sing(singer, scene, noise), 0, noise.uniform(-0.3, 0.3));
  };
  return {fmt::format("a {} voice singing {}{}",
                      is_high ? "high" : "low",
                      singer.vowel.name,
                      has_vibrato ? " with vibrato" : " without vibrato"),
          render};
}

}  // namespace kilonat::data::procedural
