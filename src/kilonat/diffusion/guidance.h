#pragma once
/// Classifier-free guidance: away from no caption, or from a negative prompt, towards the caption.

#include <optional>

#include <ATen/core/Tensor.h>

#include "kilonat/config/schema.h"
#include "kilonat/diffusion/sampler.h"
#include "kilonat/diffusion/transformer.h"
#include "kilonat/text/text_encoder.h"

namespace kilonat::diffusion {

/// The section [guidance].
struct GuidanceOptions {
  /// velocity = other + scale (caption - other); 1: none, which halves the work (Ho & Salimans
  /// 2207.12598).
  double scale = 3;
  /// Share by which each frame's spread over channels is brought back to that without guidance
  /// (Lin et al. 2305.08891, section 3.4), in [0, 1].
  double rescale = 0;
  /// Guidance acts at times within these only (Kynkaanniemi et al. 2404.07724).
  double lowest_time = 0;
  double highest_time = 1;
};

void describe(config::Schema& schema, GuidanceOptions& options);

/// What a batch of sounds is generated from. B rows each.
struct Request {
  text::TextFeatures text;
  at::Tensor duration_s_B;
  at::Tensor frame_mask_BF{};  ///< bool; undefined: all frames
  /// Text to move away from; absent: the learned null caption.
  std::optional<text::TextFeatures> negative{};
};

/// The guided velocity of `request`, for sample(): caption and other in one batch of 2 B rows.
///
/// The model is used as it is: call eval() first. It holds the request's tensors.
[[nodiscard]] Velocity guided_velocity(DiffusionTransformer model,
                                       Request request,
                                       const GuidanceOptions& options);

/// other + scale (caption - other), then rescaled. [B, C, F] each.
[[nodiscard]] at::Tensor guide(const at::Tensor& caption_BCF,
                               const at::Tensor& other_BCF,
                               const GuidanceOptions& options);

/// Rows of both, padded to the longer captions. @throws ShapeError if widths differ.
[[nodiscard]] text::TextFeatures concatenated(const text::TextFeatures& first,
                                              const text::TextFeatures& second);

}  // namespace kilonat::diffusion
