/// A synthesiser's chord: three detuned saws a note through a soft low-pass, slowly swelling.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

constexpr int kMajor[] = {0, 4, 7};
constexpr int kMinor[] = {0, 3, 7};
constexpr double kVoices_cents[] = {-1, 0, 1};  // in units of the detuning
constexpr std::size_t kMaxHarmonics = 60;
constexpr std::size_t kSamplesPerLevel = 8;

struct Pad {
  int root_midi;
  bool is_minor;
  double cutoff_hz;
  double detune_cents;
  double attack_s;
};

double pitch_hz(double midi) {
  return 440 * std::pow(2.0, (midi - 69) / 12);
}

/// A saw through a low-pass of 24 dB per octave.
Wavetable saw(double frequency_hz, double cutoff_hz, double rate_hz) {
  std::vector<double> amplitudes;
  for (std::size_t k = 1; k <= kMaxHarmonics; ++k) {
    const double ratio = static_cast<double>(k) * frequency_hz / cutoff_hz;
    amplitudes.push_back(1 / (static_cast<double>(k) * (1 + std::pow(ratio, 4))));
  }
  return {amplitudes, 0.47 * rate_hz / frequency_hz};
}

/// Sings one note with a slow tremolo and a swell at its beginning and end.
Sound note(
    const Wavetable& table, double frequency_hz, double attack_s, const Scene& scene, Rng& rng) {
  const Drift tremolo(1.2, rng);
  Sound sound(scene.num_samples());
  double phase = rng.uniform();
  double level = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    if (i % kSamplesPerLevel == 0) {
      const double time_s = static_cast<double>(i) / scene.rate_hz();
      level = rise(time_s, attack_s) * rise(scene.duration_s() - time_s, 0.4) *
              (1 + 0.12 * tremolo.at(time_s));
    }
    sound[i] = static_cast<float>(level * table.at(phase));
    phase += frequency_hz / scene.rate_hz();
  }
  return sound;
}

void play(const Pad& pad, Scene& scene, Rng& rng) {
  for (const int step : pad.is_minor ? kMinor : kMajor) {
    const double frequency_hz = pitch_hz(pad.root_midi + step);
    const Wavetable table = saw(frequency_hz, pad.cutoff_hz, scene.rate_hz());
    for (const double voice : kVoices_cents) {
      const double detuned_hz =
          frequency_hz * std::pow(2.0, voice * pad.detune_cents * rng.uniform(0.8, 1.2) / 1200);
      scene.add(note(table, detuned_hz, pad.attack_s, scene, rng), 0, 0.8 * voice);
    }
  }
}

}  // namespace

Sketch pad(Rng& rng, double /*duration_s*/) {
  const bool is_high = coin(rng);
  const bool is_bright = coin(rng);
  const bool is_minor = coin(rng);
  const Pad pad{.root_midi = static_cast<int>(rng.integer(8)) + (is_high ? 64 : 45),
                .is_minor = is_minor,
                .cutoff_hz = is_bright ? rng.uniform(3000, 4500)
                                       : rng.uniform(400, 500) * (is_high ? 1.3 : 1),
                .detune_cents = rng.uniform(2, 8),
                .attack_s = rng.uniform(0.15, 0.7)};
  return {fmt::format("a {} {} {} chord pad",
                      is_bright ? "bright" : "dull",
                      is_high ? "high" : "low",
                      is_minor ? "minor" : "major"),
          [pad](Scene& scene, Rng& noise) { play(pad, scene, noise); }};
}

}  // namespace kilonat::data::procedural
