#pragma once
/// Where a class puts its sounds, and what every clip goes through at its end.

#include <cstdint>
#include <span>

#include "kilonat/audio/buffer.h"
#include "kilonat/base/seed_tree.h"
#include "kilonat/data/procedural/blocks.h"

namespace kilonat::data::procedural {

/// The format of the clips of a source.
struct Format {
  std::int64_t sample_rate_hz = 16000;
  std::int64_t num_channels = 1;  ///< 1 or 2
  double duration_s = 2.5;
};

/// One clip in the making.
class Scene {
 public:
  explicit Scene(const Format& format);

  [[nodiscard]] double rate_hz() const { return static_cast<double>(audio_.sample_rate_hz); }
  [[nodiscard]] std::size_t num_samples() const { return audio_.channels.front().size(); }
  [[nodiscard]] std::size_t num_channels() const { return audio_.channels.size(); }
  [[nodiscard]] double duration_s() const { return audio_.duration_s(); }

  /// Adds a sound that begins at `start_s`; what runs past the end is cut off.
  /// @param pan  -1 left .. 1 right, constant power; one channel takes all at gain 1.
  void add(std::span<const float> sound, double start_s, double pan, double gain = 1);
  /// Adds a sound to one channel alone.
  void add_to_channel(std::span<const float> sound, std::size_t channel, double gain = 1);

  /// Distance: the highs are lost on the way, and the room answers.
  void move_far_away(Rng& rng);
  /// Adds a room tone 60 dB below the peak, takes out what is below hearing, fades the ends, and
  /// sets the peak to a level drawn from -12 .. -1 dB of full scale. The scene is empty then.
  [[nodiscard]] audio::AudioBuffer finish(Rng& rng);

 private:
  audio::AudioBuffer audio_;
};

}  // namespace kilonat::data::procedural
