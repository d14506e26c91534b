#include "kilonat/diffusion/transformer.h"

#include <cmath>

#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/diffusion/attention.h"
#include "kilonat/diffusion/layers.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::diffusion {

namespace {

using tensor::expect_shape;
using tensor::kAny;

/// [2, 1, 1, F, P]: queries also get attention's scale, 1 / sqrt(head width).
at::Tensor query_and_key_rotations(std::int64_t num_frames,
                                   std::int64_t num_pairs,
                                   const at::TensorOptions& options) {
  const at::Tensor turns_FP = rotations(num_frames, num_pairs, options);
  const double scale = 1 / std::sqrt(2.0 * static_cast<double>(num_pairs));
  return at::stack({turns_FP * scale, turns_FP}).view({2, 1, 1, num_frames, num_pairs});
}

void check_inputs(const TransformerOptions& options,
                  const at::Tensor& x_BCF,
                  const at::Tensor& t_B,
                  const at::Tensor& duration_s_B,
                  const at::Tensor& frame_mask_BF,
                  const text::TextFeatures& text,
                  const at::Tensor& is_dropped_B) {
  expect_shape(x_BCF, "latent", {kAny, options.latent_channels, kAny});
  const std::int64_t batch = x_BCF.size(0);
  KILONAT_REQUIRE(x_BCF.size(2) > 0, ShapeError, "latent has no frames");
  expect_shape(t_B, "time", {batch});
  expect_shape(duration_s_B, "duration", {batch});
  expect_shape(text.tokens_BLD, "text tokens", {batch, kAny, options.text_width});
  expect_shape(text.mask_BL, "text mask", {batch, text.tokens_BLD.size(1)});
  expect_shape(text.pooled_BD, "pooled text", {batch, options.text_width});
  if (frame_mask_BF.defined()) expect_shape(frame_mask_BF, "frame mask", {batch, x_BCF.size(2)});
  if (is_dropped_B.defined()) expect_shape(is_dropped_B, "rows without text", {batch});
}

}  // namespace

DiffusionTransformerImpl::DiffusionTransformerImpl(const TransformerOptions& options)
    : options_(resolved(options)) {
  text_ = register_module("text", TextConditioning(options_));
  global_ = register_module("global", GlobalConditioning(options_));
  project_in_ =
      register_module("project_in", linear(options_.latent_channels, options_.width, true));
  for (std::int64_t i = 0; i < options_.depth; ++i) {
    blocks_.push_back(register_module("block" + std::to_string(i), TransformerBlock(options_)));
  }
  project_out_ =
      register_module("project_out", linear(options_.width, options_.latent_channels, true));
}

void DiffusionTransformerImpl::initialise(at::Generator generator) {
  text_->initialise(generator);
  global_->initialise(generator);
  set_uniform(*project_in_, generator);
  for (TransformerBlock& block : blocks_) block->initialise(generator);
  set_zero(*project_out_);
}

std::int64_t DiffusionTransformerImpl::num_parameters() const {
  std::int64_t count = 0;
  for (const at::Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

at::Tensor DiffusionTransformerImpl::forward(const at::Tensor& x_BCF,
                                             const at::Tensor& t_B,
                                             const at::Tensor& duration_s_B,
                                             const at::Tensor& frame_mask_BF,
                                             const text::TextFeatures& text,
                                             const at::Tensor& is_dropped_B) {
  check_inputs(options_, x_BCF, t_B, duration_s_B, frame_mask_BF, text, is_dropped_B);
  at::Tensor padding_B1F;
  if (frame_mask_BF.defined()) padding_B1F = frame_mask_BF.logical_not().unsqueeze(1);
  const at::Tensor clean_BCF = padding_B1F.defined() ? x_BCF.masked_fill(padding_B1F, 0) : x_BCF;
  const TextContext context = text_(text, is_dropped_B);

  at::Tensor velocity_BCF;
  if (options_.preconditioned) {
    const GaussianVelocity gaussian = gaussian_velocity(options_.objective, t_B);
    const at::Tensor correction_BCF =
        correction(clean_BCF * gaussian.scale_B11, t_B, duration_s_B, frame_mask_BF, context);
    velocity_BCF = at::addcmul(gaussian.skip_B11 * clean_BCF, gaussian.scale_B11, correction_BCF);
  } else {
    velocity_BCF = correction(clean_BCF, t_B, duration_s_B, frame_mask_BF, context);
  }
  return padding_B1F.defined() ? velocity_BCF.masked_fill(padding_B1F, 0) : velocity_BCF;
}

at::Tensor DiffusionTransformerImpl::correction(const at::Tensor& x_BCF,
                                                const at::Tensor& t_B,
                                                const at::Tensor& duration_s_B,
                                                const at::Tensor& frame_mask_BF,
                                                const TextContext& text) {
  const GlobalContext global = global_(t_B, duration_s_B, text.pooled_BN);
  const std::int64_t num_pairs = options_.width / options_.heads / 2;
  const BlockContext context{
      .modulation_B6N = global.modulation_B6N,
      .frame_bias_B11F = frame_mask_BF.defined() ? key_bias(frame_mask_BF) : at::Tensor(),
      .rotations_211FP = query_and_key_rotations(
          x_BCF.size(2), num_pairs, at::TensorOptions(x_BCF.device()).dtype(at::kFloat)),
      .token_bias_B11L = text.bias_B11L};
  at::Tensor h_BFN = project_in_(x_BCF.transpose(1, 2));
  const std::vector<at::Tensor> kv_BL2N = text.kv_BLK2N.unbind(2);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    h_BFN = blocks_[i](h_BFN, kv_BL2N[i], context);
  }
  const std::vector<at::Tensor> last_B1N = global.output_B2N.unsqueeze(2).unbind(1);
  return project_out_(modulated(h_BFN, last_B1N[0], last_B1N[1])).transpose(1, 2);
}

}  // namespace kilonat::diffusion
