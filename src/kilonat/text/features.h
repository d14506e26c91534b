#pragma once
/// From vectors of tokens to what the interface promises of them.

#include <vector>

#include "kilonat/text/text_encoder.h"

namespace kilonat::text {

/// Zeroes what is masked and takes the mean of the rest. REQUIRES: a token in every row.
[[nodiscard]] TextFeatures masked_features(const at::Tensor& tokens_BLD, const at::Tensor& mask_BL);

/// Captions of any lengths [L_i, D] as one batch on `device`. REQUIRES: at least one, none empty.
[[nodiscard]] TextFeatures padded_features(const std::vector<at::Tensor>& captions_LD,
                                           const at::Device& device);

}  // namespace kilonat::text
