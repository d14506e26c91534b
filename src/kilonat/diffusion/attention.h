#pragma once
/// Softmax attention with a mask over keys.

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::diffusion {

/// softmax(q k' + bias) v for each head; queries carry their scale, no other is applied.
///
/// @param q_BHFE   [batch, heads, queries, head width].
/// @param k_BHLE   [batch, heads, keys, head width]; v_BHLE likewise.
/// @param bias_B11L  added to the logits, 0 or kMasked; undefined: every key counts.
/// @param is_fused  libtorch's fused operator if it has one (2.0 and later); same values to
/// rounding.
/// @returns        [B, F, H E], dense.
[[nodiscard]] at::Tensor attend(const at::Tensor& q_BHFE,
                                const at::Tensor& k_BHLE,
                                const at::Tensor& v_BHLE,
                                const at::Tensor& bias_B11L,
                                bool is_fused);

/// Bias of a key that does not count. Finite: a row of such keys gives finite values, not NaN.
inline constexpr double kMasked = -1e30;

/// [B, L] bool (true: counts) as attend()'s bias in float32.
[[nodiscard]] at::Tensor key_bias(const at::Tensor& mask_BL);

/// Rotations of rotary position embedding (Su et al. 2104.09864), base 10000, as complex numbers
/// [frames, pairs]: position times 10000^(-pair / pairs) is the angle.
[[nodiscard]] at::Tensor rotations(std::int64_t num_frames,
                                   std::int64_t num_pairs,
                                   const at::TensorOptions& options);

/// Rotates neighbouring elements (2i, 2i + 1) of the last axis by angle i.
/// @param x          [..., 2 pairs] float32, dense in the last axis.
/// @param rotations  complex, broadcast to [..., pairs].
[[nodiscard]] at::Tensor rotate_pairs(const at::Tensor& x, const at::Tensor& rotations);

}  // namespace kilonat::diffusion
