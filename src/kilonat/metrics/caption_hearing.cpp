#include "kilonat/metrics/caption_hearing.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include <fmt/format.h>

#include "kilonat/metrics/bootstrap.h"
#include "kilonat/metrics/caption_aspects.h"
#include "kilonat/metrics/signal_measures.h"

namespace kilonat::metrics {
namespace {

constexpr double kAll_hz = 1e9;

std::string number_word(std::size_t count) {
  constexpr std::array kWords{"no", "one", "two", "three", "four", "five", "six"};
  return count < kWords.size() ? kWords[count] : fmt::format("{}", count);
}

/// onsets_s, or the start of a sound that has none.
std::vector<double> events_s(const Signal& signal) {
  std::vector<double> events = onsets_s(signal);
  if (events.empty()) events.push_back(0);
  return events;
}

/// Share of the energy at and above a frequency [dB].
double share_above_db(const Signal& signal, double frequency_hz) {
  const Spectrum all = spectrum(signal);
  return 10 * std::log10(all.energy(frequency_hz, kAll_hz) / all.energy(0, kAll_hz));
}

double excess_kurtosis(const Signal& signal) {
  double second = 0;
  double fourth = 0;
  for (const double x : signal.samples) {
    second += x * x;
    fourth += x * x * x * x;
  }
  return fourth * static_cast<double>(signal.samples.size()) / (second * second) - 3;
}

std::string hear_bell(const Signal& clip) {
  const bool is_high = spectrum(clip).peak_hz(50, 7000) > 560;
  const bool is_slow = decay_db(clip, 0, 0.5) > -20;
  return fmt::format(
      "a {} bell with a {} decay", is_high ? "high" : "low", is_slow ? "slow" : "fast");
}

std::string hear_bird(const Signal& clip) {
  const std::vector<double> onsets = events_s(clip);
  const bool is_high = spectrum(clip).peak_hz(500, 7500) > 3000;
  const Spectrum early = spectrum(clip.piece(onsets.front(), 0.03));
  const Spectrum late = spectrum(clip.piece(onsets.front() + 0.05, 0.03));
  const bool is_rising = late.peak_hz(500, 7500) > early.peak_hz(500, 7500);
  return fmt::format("{} {} {} bird chirp{}",
                     number_word(onsets.size()),
                     is_high ? "high" : "low",
                     is_rising ? "rising" : "falling",
                     onsets.size() == 1 ? "" : "s");
}

std::string hear_bubbles(const Signal& clip) {
  const bool are_many = static_cast<double>(onsets_s(clip).size()) > 3 * clip.duration_s();
  const bool are_large = spectrum(clip).peak_hz(100, 7000) < 950;
  return fmt::format("{} {} bubbles", are_many ? "many" : "a few", are_large ? "large" : "small");
}

std::string hear_engine(const Signal& clip) {
  const bool is_fast = pitch_hz(clip, 14, 200) > 60;
  const bool is_far = share_above_db(clip, 3000) < -26;
  return fmt::format("a {} engine {}", is_fast ? "fast" : "slow", is_far ? "far away" : "nearby");
}

std::string hear_footsteps(const Signal& clip) {
  const std::vector<double> onsets = events_s(clip);
  const double interval_s =
      (onsets.back() - onsets.front()) / std::max(1.0, static_cast<double>(onsets.size()) - 1);
  const bool is_far = decay_db(clip, onsets.back(), 0.2) > -40;
  const bool is_hard = share_above_db(clip, 1200) > (is_far ? -25 : -12);
  return fmt::format("{} {} footsteps on a {} floor {}",
                     number_word(onsets.size()),
                     interval_s < 0.44 ? "fast" : "slow",
                     is_hard ? "hard" : "soft",
                     is_far ? "far away" : "nearby");
}

std::string hear_hihat(const Signal& clip) {
  const std::vector<double> onsets = events_s(clip);
  const double per_s = (static_cast<double>(onsets.size()) - 1) / (onsets.back() - onsets.front());
  const bool is_open = decay_db(clip, onsets.back(), 0.1) > -30;
  return fmt::format(
      "a {} {} hi-hat beat", per_s > 3.6 ? "fast" : "slow", is_open ? "open" : "closed");
}

std::string hear_kick(const Signal& clip) {
  const std::vector<double> onsets = events_s(clip);
  const bool is_high = spectrum(clip.piece(onsets.back() + 0.06, 0.15)).peak_hz(25, 200) > 70;
  const bool is_slow = decay_db(clip, onsets.back(), 0.2) > -32;
  return fmt::format("{} {} kick drum hit{} with a {} decay",
                     number_word(onsets.size()),
                     is_high ? "high" : "low",
                     onsets.size() == 1 ? "" : "s",
                     is_slow ? "slow" : "fast");
}

std::string hear_pad(const Signal& clip) {
  // Level at each note of the scale, summed over octaves; then the triad that holds the most.
  const Spectrum all = spectrum(clip);
  std::array<double, 12> chroma{};
  for (int midi = 40; midi < 88; ++midi) {
    const double note_hz = 440 * std::pow(2.0, (midi - 69) / 12.0);
    chroma[static_cast<std::size_t>(midi % 12)] +=
        std::sqrt(all.energy(note_hz * 0.985, note_hz * 1.015));
  }
  double best = 0;
  bool is_minor = false;
  for (std::size_t root = 0; root < 12; ++root) {
    for (const std::size_t third : {3u, 4u}) {
      const double held = chroma[root] + chroma[(root + third) % 12] + chroma[(root + 7) % 12];
      if (held > best) is_minor = third == 3;
      best = std::max(best, held);
    }
  }
  const bool is_high = all.energy(0, 310) < 0.2 * all.energy(0, kAll_hz);
  const bool is_bright = share_above_db(clip, 1800) > -33;
  return fmt::format("a {} {} {} chord pad",
                     is_bright ? "bright" : "dull",
                     is_high ? "high" : "low",
                     is_minor ? "minor" : "major");
}

std::string hear_pluck(const Signal& clip) {
  const double onset_s = events_s(clip).front();
  const bool is_high = pitch_hz(clip.piece(onset_s + 0.02, 0.25), 60, 900) > 250;
  const bool is_bright = share_above_db(clip.piece(onset_s, 0.08), 2000) > -20;
  const bool is_slow = decay_db(clip, 0, 0.5) > -30;
  return fmt::format("a {} {} plucked string with a {} decay",
                     is_high ? "high" : "low",
                     is_bright ? "bright" : "dull",
                     is_slow ? "slow" : "fast");
}

std::string hear_rain(const Signal& clip) {
  const bool is_heavy = excess_kurtosis(clip) < 6;
  const bool is_bright = spectrum(clip).centroid_hz() > 2300;
  return fmt::format("{} {} rain", is_heavy ? "heavy" : "light", is_bright ? "bright" : "dull");
}

/// Pitches of pieces of `length_s` all along a clip; of all of it if it is too short for that.
std::vector<double> track(const Signal& clip,
                          double length_s,
                          const std::function<double(const Signal&)>& pitch) {
  std::vector<double> pitches;
  for (double at_s = 0.2; at_s + length_s < clip.duration_s() - 0.2; at_s += length_s / 2) {
    pitches.push_back(pitch(clip.piece(at_s, length_s)));
  }
  if (pitches.empty()) pitches.push_back(pitch(clip));
  return pitches;
}

std::string hear_siren(const Signal& clip) {
  const std::vector<double> pitches =
      track(clip, 0.05, [](const Signal& piece) { return spectrum(piece).peak_hz(200, 2200); });
  const double low_hz = quantile(pitches, 0.1);
  const double high_hz = quantile(pitches, 0.9);
  int num_rises = 0;  // from the lowest third to the highest
  bool is_low = false;
  for (const double pitch : pitches) {
    if (pitch < low_hz + (high_hz - low_hz) / 3) is_low = true;
    if (pitch > high_hz - (high_hz - low_hz) / 3) num_rises += std::exchange(is_low, false);
  }
  const bool is_high = quantile(pitches, 0.5) > 720;
  return fmt::format("a {} {} siren {}",
                     num_rises / clip.duration_s() > 1.6 ? "fast" : "slow",
                     is_high ? "high" : "low",
                     share_above_db(clip, 2000) < (is_high ? -8 : -16) ? "far away" : "nearby");
}

std::string hear_snare(const Signal& clip) {
  const std::vector<double> onsets = events_s(clip);
  const bool is_bright = share_above_db(clip, 2500) > -5.5;
  const bool is_slow = decay_db(clip, onsets.back(), 0.15) > -30;
  return fmt::format("{} {} snare drum hit{} with a {} decay",
                     number_word(onsets.size()),
                     is_bright ? "bright" : "dull",
                     onsets.size() == 1 ? "" : "s",
                     is_slow ? "slow" : "fast");
}

std::string hear_voice(const Signal& clip) {
  const std::vector<double> pitches =
      track(clip, 0.06, [](const Signal& piece) { return pitch_hz(piece, 70, 400); });
  const double middle_hz = quantile(pitches, 0.5);
  const double spread = (quantile(pitches, 0.9) - quantile(pitches, 0.1)) / middle_hz;
  const Spectrum all = spectrum(clip);
  const double open = all.energy(620, 1500) / all.energy(0, 620);
  const double front = all.energy(1900, 4000) / all.energy(620, 1500);
  return fmt::format("a {} voice singing {} {} vibrato",
                     middle_hz > 175 ? "high" : "low",
                     open > 0.5 ? "ah" : (front > 0.1 ? "ee" : "oo"),
                     spread > 0.025 ? "with" : "without");
}

std::string hear_wind(const Signal& clip) {
  const bool is_high = spectrum(clip).peak_hz(50, 7000) > 600;
  const bool has_middle = clip.duration_s() > 0.5;
  const Signal middle = has_middle ? clip.piece(0.1, clip.duration_s() - 0.2) : clip;
  const std::vector<double> level = envelope(middle, 0.15);
  const double range_db = 20 * std::log10(quantile(level, 0.9) / quantile(level, 0.1));
  return fmt::format("a {} {} wind", range_db > 9 ? "gusty" : "steady", is_high ? "high" : "low");
}

const std::map<std::string, std::string (*)(const Signal&)> kEars{{"bell", hear_bell},
                                                                  {"bird", hear_bird},
                                                                  {"bubbles", hear_bubbles},
                                                                  {"engine", hear_engine},
                                                                  {"footsteps", hear_footsteps},
                                                                  {"hihat", hear_hihat},
                                                                  {"kick", hear_kick},
                                                                  {"pad", hear_pad},
                                                                  {"pluck", hear_pluck},
                                                                  {"rain", hear_rain},
                                                                  {"siren", hear_siren},
                                                                  {"snare", hear_snare},
                                                                  {"voice", hear_voice},
                                                                  {"wind", hear_wind}};

constexpr double kShortest_s = 0.1;

/// Finite, and not silent.
bool is_sound(const Signal& signal) {
  double energy = 0;
  for (const double x : signal.samples) energy += x * x;
  return std::isfinite(energy) && energy > 0;
}

/// Half a second with one sample in it.
Signal click() {
  Signal signal{16000, std::vector<double>(8000)};
  signal.samples[800] = 1;
  return signal;
}

}  // namespace

std::string caption_heard(const std::string& sound_class, const audio::AudioBuffer& audio) {
  const auto found = kEars.find(sound_class);
  const Signal sound = mono(audio);
  if (found == kEars.end() || sound.duration_s() < kShortest_s || !is_sound(sound)) return {};
  return found->second(sound);
}

std::vector<CheckedWord> check_caption(const std::string& sound_class,
                                       const std::string& caption,
                                       const audio::AudioBuffer& audio) {
  std::vector<CheckedWord> words;
  const auto ear = kEars.find(sound_class);
  if (ear == kEars.end()) return words;
  const CaptionAspects asked = caption_aspects(caption);
  // What the class's captions tell of does not depend on the sound: any will do for a template.
  if (aspect_names(asked) != aspect_names(caption_aspects(ear->second(click())))) return words;
  const CaptionAspects heard = caption_aspects(caption_heard(sound_class, audio));
  for (const auto& [aspect, word] : asked) {
    const auto there = heard.find(aspect);
    words.push_back({aspect, there != heard.end() && there->second == word});
  }
  return words;
}

}  // namespace kilonat::metrics
