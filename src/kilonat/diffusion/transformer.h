#pragma once
/// The network that tells, from a noised latent, a time, a duration and a caption, the velocity.
///
/// B batch, C latent channels, F frames, D width of the text, L text tokens; N the network's width.

#include <memory>
#include <vector>

#include <ATen/core/Generator.h>
#include <torch/nn/module.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "kilonat/diffusion/conditioning.h"
#include "kilonat/diffusion/transformer_block.h"
#include "kilonat/diffusion/transformer_options.h"
#include "kilonat/text/text_encoder.h"

namespace kilonat::diffusion {

/// A transformer over latent frames, one token a frame.
///
/// Note [Transformer]: after stable-audio-tools' adaLN form (models/dit.py, models/transformer.py):
/// time, duration and pooled text make one global vector, from which one MLP makes scale, shift and
/// gate of all blocks; a block adds a learned vector of its own. Self-attention with rotary
/// positions and normalised queries and keys, cross-attention to the text's tokens, SwiGLU; the
/// last layer of each branch and of the network starts at zero.
///
/// Note [Preconditioning]: with r_t = 1 / sqrt(alpha^2 + sigma^2), the network reads r_t x_t, of
/// unit variance at every t, and its output F is used as
///   velocity = skip(t) x_t + r_t F,
/// the velocity of N(0, 1) latents plus a correction of the size of what is left over
/// (objective.h; the idea: Karras et al. 2206.00364, table 1). So a network that starts at F = 0
/// starts at a normalised score of 0 (flow.h), and need not carry the noise through its width.
class DiffusionTransformerImpl : public torch::nn::Module {
 public:
  /// Parameters are random from torch's global generator; see initialise().
  /// @throws ConfigError for options that cannot be built.
  explicit DiffusionTransformerImpl(const TransformerOptions& options);

  /// @param x_BCF         noised latents x_t; what padding holds does not matter.
  /// @param t_B           times in [0, 1], 1 is noise.
  /// @param duration_s_B  durations of the sounds, > 0 [s].
  /// @param frame_mask_BF bool, true: a frame of the sound; undefined: all are.
  /// @param text          captions; a row without any token counts as dropped.
  /// @param is_dropped_B  bool: rows that go by the learned null token instead of their text;
  ///                      undefined: none.
  /// @returns [B, C, F] velocities, zero in padding; a row's depend on nothing but the row's own
  ///          frames, time, duration and text.
  /// @throws ShapeError.
  at::Tensor forward(const at::Tensor& x_BCF,
                     const at::Tensor& t_B,
                     const at::Tensor& duration_s_B,
                     const at::Tensor& frame_mask_BF,
                     const text::TextFeatures& text,
                     const at::Tensor& is_dropped_B = {});

  /// Sets every parameter from `generator`, in the order of registration.
  void initialise(at::Generator generator);

  /// As resolved().
  [[nodiscard]] const TransformerOptions& options() const { return options_; }
  [[nodiscard]] std::int64_t num_parameters() const;

 private:
  /// The network proper. @param x_BCF of unit variance -> [B, C, F].
  at::Tensor correction(const at::Tensor& x_BCF,
                        const at::Tensor& t_B,
                        const at::Tensor& duration_s_B,
                        const at::Tensor& frame_mask_BF,
                        const TextContext& text);

  TransformerOptions options_;
  TextConditioning text_{nullptr};
  GlobalConditioning global_{nullptr};
  torch::nn::Linear project_in_{nullptr};
  std::vector<TransformerBlock> blocks_;
  torch::nn::Linear project_out_{nullptr};
};
TORCH_MODULE(DiffusionTransformer);

}  // namespace kilonat::diffusion
