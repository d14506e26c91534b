#include "kilonat/data/procedural/room.h"

#include <array>
#include <cmath>

#include "kilonat/data/procedural/blocks.h"

namespace kilonat::data::procedural {
namespace {

constexpr std::size_t kNumLines = 8;
constexpr double kShortest_s = 0.023;
constexpr double kLongest_s = 0.071;

/// A ring of samples.
class Delay {
 public:
  Delay() = default;
  Delay(double delay_s, double rate_hz) : samples_(samples_of(delay_s, rate_hz)) {}
  [[nodiscard]] double oldest() const { return samples_[at_]; }
  void push(double value) {
    samples_[at_] = static_cast<float>(value);
    at_ = at_ + 1 == samples_.size() ? 0 : at_ + 1;
  }

 private:
  std::vector<float> samples_;
  std::size_t at_ = 0;
};

/// All-passes in a row (Schroeder 1962) that blur a click into a burst before the network answers.
class Diffuser {
 public:
  Diffuser(double rate_hz, Rng& rng) {
    double delay_s = 0.004;
    for (Delay& stage : stages_) {
      stage = Delay(delay_s * rng.uniform(0.9, 1.1), rate_hz);
      delay_s *= 1.6;
    }
  }
  double step(double input) {
    for (Delay& stage : stages_) {
      const double held = input + kFeedback * stage.oldest();
      input = stage.oldest() - kFeedback * held;
      stage.push(held);
    }
    return input;
  }

 private:
  static constexpr double kFeedback = 0.6;
  std::array<Delay, 5> stages_;
};

/// A feedback delay network: eight delays, mixed by a Hadamard matrix.
class DelayNetwork {
 public:
  DelayNetwork(double rate_hz, double t60_s, Rng& rng) {
    for (std::size_t n = 0; n < kNumLines; ++n) {
      const double share = (static_cast<double>(n) + rng.uniform(0.1, 0.9)) / kNumLines;
      const double delay_s = kShortest_s * std::pow(kLongest_s / kShortest_s, share);
      lines_[n].delay = Delay(delay_s, rate_hz);
      lines_[n].gain = decay(delay_s, t60_s);
      lines_[n].sign = rng.uniform() < 0.5 ? -1 : 1;
    }
  }

  double step(double input) {
    std::array<double, kNumLines> values{};
    double output = 0;
    for (std::size_t n = 0; n < kNumLines; ++n) {
      values[n] = lines_[n].gain * lines_[n].delay.oldest();
      output += lines_[n].sign * values[n];
    }
    hadamard_(values);
    for (std::size_t n = 0; n < kNumLines; ++n) lines_[n].delay.push(input + values[n]);
    return output / std::sqrt(static_cast<double>(kNumLines));
  }

 private:
  struct Line {
    Delay delay;
    double gain = 0;
    double sign = 1;
  };

  /// The orthogonal Walsh-Hadamard transform.
  static void hadamard_(std::array<double, kNumLines>& values) {
    for (std::size_t half = 1; half < kNumLines; half *= 2) {
      for (std::size_t i = 0; i < kNumLines; ++i) {
        if ((i & half) != 0) continue;
        const double a = values[i];
        const double b = values[i + half];
        values[i] = (a + b) / std::sqrt(2.0);
        values[i + half] = (a - b) / std::sqrt(2.0);
      }
    }
  }

  std::array<Line, kNumLines> lines_;
};

}  // namespace

void put_far_away_(audio::AudioBuffer& audio, Rng& rng) {
  const auto rate_hz = static_cast<double>(audio.sample_rate_hz);
  const double air_hz = rng.uniform(800, 1200);
  const double t60_s = rng.uniform(0.8, 1.3);
  const double reverb_gain = rng.uniform(0.22, 0.36);
  for (auto& channel : audio.channels) {
    filter_(channel, rate_hz, Pass::kLow, air_hz);
    Diffuser diffuser(rate_hz, rng);
    DelayNetwork network(rate_hz, t60_s, rng);
    for (float& sample : channel) {
      sample += static_cast<float>(reverb_gain * network.step(diffuser.step(sample)));
    }
  }
}

}  // namespace kilonat::data::procedural
