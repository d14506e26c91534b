#pragma once
/// What a model file says of the sounds the model expects, and of its latents.

#include <optional>

#include "kilonat/codec/model_file.h"
#include "kilonat/data/clip_format.h"
#include "kilonat/metrics/latent_statistics.h"

namespace kilonat::train {

/// From the model's config and metadata (key "loudness_lufs"). @throws FormatError for a value that
/// is no number.
[[nodiscard]] data::ClipFormat clip_format(const codec::LoadedModel& loaded);

/// Says in the metadata of a model to be saved how loud its clips were.
void set_loudness(codec::ModelMetadata& metadata, const std::optional<double>& loudness_lufs);

/// The moments of the aggregate posterior that the model file holds; absent: it does not.
[[nodiscard]] std::optional<metrics::StaticGaussian> static_gaussian(
    const codec::LoadedModel& loaded);

}  // namespace kilonat::train
