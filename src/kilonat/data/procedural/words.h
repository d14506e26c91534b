#pragma once
/// Drawing what a caption says.

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "kilonat/base/seed_tree.h"

namespace kilonat::data::procedural {

inline bool coin(Rng& rng) {
  return rng.uniform() < 0.5;
}

struct Range {
  double low = 0;
  double high = 0;
};
inline double draw(Rng& rng, const Range& range) {
  return rng.uniform(range.low, range.high);
}

inline constexpr std::int64_t kMaxCount = 6;
/// "one" .. "six". REQUIRES: 1 <= count <= kMaxCount.
inline std::string count_word(std::int64_t count) {
  constexpr std::array kWords{"one", "two", "three", "four", "five", "six"};
  return kWords[static_cast<std::size_t>(count - 1)];
}

/// Events in a row, evenly spaced but for a little human unevenness.
struct Rhythm {
  double start_s = 0.05;
  double interval_s = 0.5;
  std::int64_t count = 1;

  [[nodiscard]] double onset_s(std::int64_t number, Rng& rng) const {
    return start_s + interval_s * (static_cast<double>(number) + rng.uniform(-0.04, 0.04));
  }
};

/// As many events, up to `max_count`, as leave `tail_s` after the last one, drawn evenly.
inline Rhythm draw_rhythm(
    Rng& rng, double interval_s, double duration_s, double tail_s, std::int64_t max_count) {
  Rhythm rhythm{.start_s = rng.uniform(0.05, 0.1), .interval_s = interval_s};
  const double room_s = duration_s - tail_s - rhythm.start_s;
  const auto fitting = 1 + static_cast<std::int64_t>(std::max(0.0, room_s) / interval_s);
  const auto most = static_cast<std::uint64_t>(std::min({fitting, max_count, kMaxCount}));
  rhythm.count = 1 + static_cast<std::int64_t>(rng.integer(most));
  return rhythm;
}

}  // namespace kilonat::data::procedural
