#pragma once
/// What the latents of a gaussian model are like, for a study's point.

#include <optional>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/metrics/latent_predictability.h"
#include "kilonat/metrics/latent_statistics.h"
#include "kilonat/study/results.h"
#include "kilonat/train/codec_data.h"

namespace kilonat::study {

/// Frames of context of the linear priors.
inline constexpr std::int64_t kContextFrames = 8;

/// Of the held-out clips, the linear prior being fitted on the training clips; every fifth of them
/// chooses its order. Empty if the clips are too short for a window.
[[nodiscard]] std::optional<metrics::Predictability> predictability_of(
    codec::Autoencoder& model, const train::ClipSet& training, const train::ClipSet& held_out);

/// How far the latents move along with the sound between frames: the clips delayed by half a frame
/// are encoded too, and linear interpolation between the frames of the clips as they are should
/// give the same means. Share of their variance that it explains; 1: equivariant. Empty if no clip
/// is long enough.
[[nodiscard]] std::optional<double> shift_equivariance(codec::Autoencoder& model,
                                                       const train::ClipSet& clips);

/// Fills point.latent and the predictive rate; what the clips are too short for stays absent.
void add_latent_figures(codec::Autoencoder& model,
                        const metrics::LatentReport& report,
                        const train::ClipSet& training,
                        const train::ClipSet& held_out,
                        Point& point);

}  // namespace kilonat::study
