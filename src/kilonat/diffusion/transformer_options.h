#pragma once
/// How large the diffusion transformer is, and what goes in; plain values, no torch.

#include <cstdint>
#include <string>

#include "kilonat/config/schema.h"
#include "kilonat/diffusion/objective.h"

namespace kilonat::diffusion {

/// The section [transformer]; width, depth and heads of 0 are those of `size`.
///
/// | size  | width x depth (heads) | parameters |
/// |-------|-----------------------|------------|
/// | micro | 128 x 4 (4)           | 1.3 M      |
/// | tiny  | 192 x 6 (6)           | 4.0 M      |
/// | small | 256 x 6 (4)           | 7.2 M      |
/// | s     | 384 x 12 (6)          | 30 M       |
struct TransformerOptions {
  std::string size = "micro";
  std::int64_t width = 0;
  std::int64_t depth = 0;  ///< blocks
  std::int64_t heads = 0;  ///< the width is a multiple of 4 heads
  /// The network's output is added, scaled, to the velocity of N(0, 1) latents: see
  /// Note [Preconditioning] in transformer.h.
  bool preconditioned = true;

  // Not fields of a config: they follow from the codec, the text encoder and [flow].
  std::int64_t latent_channels = 32;
  std::int64_t text_width = 128;
  Objective objective = Objective::kRectifiedFlow;
  /// libtorch's scaled_dot_product_attention, where it has one (2.0 and later).
  bool uses_fused_attention = true;
};

void describe(config::Schema& schema, TransformerOptions& options);

/// The options with width, depth and heads filled in.
/// @throws ConfigError for a size that is not known, or options that cannot be built.
[[nodiscard]] TransformerOptions resolved(TransformerOptions options);

}  // namespace kilonat::diffusion
