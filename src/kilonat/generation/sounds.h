#pragma once
/// Sounds from captions, and sounds changed by captions.
///
/// C audio channels, T samples.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/diffusion/guidance.h"
#include "kilonat/diffusion/sampler.h"
#include "kilonat/generation/generator.h"

namespace kilonat::generation {

/// A sound to be made.
struct SoundRequest {
  std::string prompt;
  double duration_s = 3;   ///< > 0
  std::uint64_t seed = 0;  ///< of everything random in this sound
};

/// How sounds are made.
struct SoundOptions {
  diffusion::SamplerOptions sampler{};
  diffusion::GuidanceOptions guidance{};
  std::string negative{};  ///< a caption to move away from; empty: the learned null caption
  diffusion::StepHook after_step{};  ///< for progress; may throw to stop
  /// Called with the latents [D, F] of each sound before they are decoded; may be empty.
  std::function<void(const at::Tensor&)> before_decoding{};
};

/// One sound for each request, float32 [C, T] on the CPU at the codec's rate, as long as asked.
///
/// Note [One seed, one sound]: all that is random in a sound comes from its own seed, so it does
/// not matter which others are made with it, but for the rounding of floats. The noise is drawn
/// frame by frame: in the diffused channels a longer sound
/// begins with the noise of the shorter one.
/// @param model, codec  in evaluation mode, on one device.
/// @throws ConfigError for a duration that is not positive; as diffusion::sample.
[[nodiscard]] std::vector<at::Tensor> generate_sounds(Generator& model,
                                                      codec::Autoencoder& codec,
                                                      std::span<const SoundRequest> requests,
                                                      const SoundOptions& options);

/// A sound to be changed.
struct EditRequest {
  std::string prompt;
  at::Tensor audio_CT;  ///< at the codec's rate and level
  double noise = 0.6;   ///< time at which it starts, in (0, 1]: at 1 nothing of the sound is left
  std::uint64_t seed = 0;
  /// Absent: all of the sound is changed. Else: what lies between these times is made anew, from
  /// `noise` on, to go with the rest; the rest stays, sample by sample, but for 10 ms of cross-fade
  /// within the span.
  struct Span {
    double start_s = 0;
    double end_s = 0;
  };
  std::optional<Span> span{};
};

/// The changed sound [C, T], as long as the old one.
/// @throws ConfigError for noise or a span out of range; DataError for a sound without a frame.
[[nodiscard]] at::Tensor edit_sound(Generator& model,
                                    codec::Autoencoder& codec,
                                    const EditRequest& request,
                                    const SoundOptions& options);

}  // namespace kilonat::generation
