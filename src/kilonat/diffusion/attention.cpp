#include "kilonat/diffusion/attention.h"

#include <cmath>

#include <torch/types.h>
#include <torch/version.h>

namespace kilonat::diffusion {

namespace {

constexpr double kRotaryBase = 10000;

#if TORCH_VERSION_MAJOR >= 2
constexpr bool kHasFused = true;

at::Tensor fused(const at::Tensor& q_BHFE,
                 const at::Tensor& k_BHLE,
                 const at::Tensor& v_BHLE,
                 const at::Tensor& bias_B11L) {
  // The operator divides by sqrt(E); only 2.1 and later can be told not to.
  const double undo = std::sqrt(static_cast<double>(q_BHFE.size(3)));
  c10::optional<at::Tensor> bias;
  if (bias_B11L.defined()) {
    bias = bias_B11L.to(q_BHFE.scalar_type())
               .expand({q_BHFE.size(0), q_BHFE.size(1), q_BHFE.size(2), k_BHLE.size(2)});
  }
  return at::scaled_dot_product_attention(q_BHFE * undo, k_BHLE, v_BHLE, bias);
}
#else
constexpr bool kHasFused = false;

at::Tensor fused(const at::Tensor&, const at::Tensor&, const at::Tensor&, const at::Tensor&) {
  return {};
}
#endif

at::Tensor plain(const at::Tensor& q_BHFE,
                 const at::Tensor& k_BHLE,
                 const at::Tensor& v_BHLE,
                 const at::Tensor& bias_B11L) {
  // Batch and heads are one axis before keys are transposed, which is then no copy.
  const at::Tensor logits_GFL = at::bmm(q_BHFE.flatten(0, 1), k_BHLE.flatten(0, 1).transpose(1, 2));
  if (bias_B11L.defined()) {
    logits_GFL.add_(bias_B11L.expand({-1, q_BHFE.size(1), -1, -1}).flatten(0, 1));
  }
  return at::bmm(at::softmax(logits_GFL, -1), v_BHLE.flatten(0, 1)).view(q_BHFE.sizes());
}

}  // namespace

at::Tensor attend(const at::Tensor& q_BHFE,
                  const at::Tensor& k_BHLE,
                  const at::Tensor& v_BHLE,
                  const at::Tensor& bias_B11L,
                  bool is_fused) {
  const at::Tensor y_BHFE = is_fused && kHasFused ? fused(q_BHFE, k_BHLE, v_BHLE, bias_B11L)
                                                  : plain(q_BHFE, k_BHLE, v_BHLE, bias_B11L);
  return y_BHFE.transpose(1, 2).flatten(2);
}

at::Tensor key_bias(const at::Tensor& mask_BL) {
  return at::zeros(mask_BL.sizes(), mask_BL.options().dtype(at::kFloat))
      .masked_fill_(mask_BL.logical_not(), kMasked)
      .view({mask_BL.size(0), 1, 1, mask_BL.size(1)});
}

at::Tensor rotations(std::int64_t num_frames,
                     std::int64_t num_pairs,
                     const at::TensorOptions& options) {
  const at::Tensor exponent_P = at::arange(num_pairs, options) / static_cast<double>(num_pairs);
  const at::Tensor speed_P = at::exp(exponent_P * -std::log(kRotaryBase));
  const at::Tensor angle_FP = at::outer(at::arange(num_frames, options), speed_P);
  return at::polar(at::ones_like(angle_FP), angle_FP);
}

at::Tensor rotate_pairs(const at::Tensor& x, const at::Tensor& rotations) {
  const at::Tensor pairs = at::view_as_complex(x.unflatten(-1, {x.size(-1) / 2, 2}));
  return at::view_as_real(pairs * rotations).flatten(-2);
}

}  // namespace kilonat::diffusion
