/// Footsteps: a heel's thump and a shoe's scrape, on a floor that is hard or soft.

#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural/words.h"

namespace kilonat::data::procedural {
namespace {

struct Floor {
  double thump_hz;
  double scrape_hz;
  double scrape_t60_s;
  double scrape_gain;
};

Sound step_on(const Floor& ground, double rate_hz, Rng& rng) {
  Sound scrape = white_noise(samples_of(0.2, rate_hz), rng);
  filter_(scrape, rate_hz, Pass::kBand, ground.scrape_hz * rng.uniform(0.9, 1.1), 0.9);
  for (std::size_t i = 0; i < scrape.size(); ++i) {
    const double time_s = static_cast<double>(i) / rate_hz;
    const double envelope = rise(time_s, 0.003) * decay(time_s, ground.scrape_t60_s);
    scrape[i] *= static_cast<float>(ground.scrape_gain * envelope);
  }
  const double thump_hz = ground.thump_hz * rng.uniform(0.9, 1.1);
  add_mode_(scrape, rate_hz, {thump_hz, 0.12, 0.5});
  add_mode_(scrape, rate_hz, {2.3 * thump_hz, 0.06, 0.25});
  return scrape;
}

}  // namespace

Sketch footsteps(Rng& rng, double duration_s) {
  const bool is_fast = coin(rng);
  const bool is_hard = coin(rng);
  const bool is_far = coin(rng);
  const double interval_s = draw(rng, is_fast ? Range{0.25, 0.34} : Range{0.55, 0.7});
  Rhythm rhythm = draw_rhythm(rng, interval_s, duration_s - interval_s, 0.3, kMaxCount - 1);
  ++rhythm.count;  // at least two: one step has no tempo
  const Floor ground = is_hard ? Floor{rng.uniform(110, 160), rng.uniform(2200, 3800), 0.07, 2.0}
                               : Floor{rng.uniform(60, 90), rng.uniform(180, 320), 0.12, 0.8};
  const auto render = [=](Scene& scene, Rng& noise) {
    const double from = noise.uniform(-0.8, 0.8);
    const double to = noise.uniform(-0.8, 0.8);
    for (std::int64_t n = 0; n < rhythm.count; ++n) {
      const double share = static_cast<double>(n) / static_cast<double>(rhythm.count);
      scene.add(step_on(ground, scene.rate_hz(), noise),
                rhythm.onset_s(n, noise),
                from + (to - from) * share,
                noise.uniform(0.8, 1));
    }
  };
  return {fmt::format("{} {} footsteps on a {} floor {}",
                      count_word(rhythm.count),
                      is_fast ? "fast" : "slow",
                      is_hard ? "hard" : "soft",
                      is_far ? "far away" : "nearby"),
          render,
          is_far};
}

}  // namespace kilonat::data::procedural
