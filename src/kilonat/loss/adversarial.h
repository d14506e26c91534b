#pragma once
/// Least-squares GAN losses and feature matching over a set of discriminators.
///
/// Source: descript-audio-codec dac/nn/loss.py GANLoss. Sums over discriminators, not means.

#include <vector>

#include <ATen/core/Tensor.h>

namespace kilonat::loss {

/// Per discriminator its feature maps in order; the last one is its logits.
using FeatureMaps = std::vector<std::vector<at::Tensor>>;

/// Sum over discriminators of mean(D(fake)^2) + mean((1 - D(real))^2), scalar.
/// `fake` comes from a detached estimate. @throws ShapeError if the sets differ in size.
[[nodiscard]] at::Tensor discriminator_loss(const FeatureMaps& fake, const FeatureMaps& real);

/// Sum over discriminators of mean((1 - D(fake))^2), scalar.
[[nodiscard]] at::Tensor generator_loss(const FeatureMaps& fake);

/// Sum over discriminators and all their maps but the last of mean|fake - real|, scalar; no
/// gradient through `real`. @throws ShapeError if the sets differ in size.
[[nodiscard]] at::Tensor feature_matching_loss(const FeatureMaps& fake, const FeatureMaps& real);

}  // namespace kilonat::loss
