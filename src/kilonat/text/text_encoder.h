#pragma once
/// What every text encoder gives to the generator.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "kilonat/base/seed_tree.h"

namespace kilonat::text {

/// Captions as vectors. L: the longest caption of the batch, at least 1.
struct TextFeatures {
  at::Tensor tokens_BLD;  ///< float32; zeros where masked
  at::Tensor mask_BL;     ///< bool, true: a token; every row has at least one
  at::Tensor pooled_BD;   ///< mean of the tokens that are not masked
};

/// Captions in, vectors out.
class TextEncoder : public torch::nn::Module {
 public:
  /// UTF-8 captions, one a row, on the encoder's device; any may be empty. Gradients flow if
  /// is_trained_jointly().
  /// REQUIRES: at least one caption. @throws ShapeError otherwise.
  [[nodiscard]] virtual TextFeatures encode(const std::vector<std::string>& captions) = 0;

  /// D, the width of the vectors.
  [[nodiscard]] virtual std::int64_t width() const = 0;

  /// True: its weights belong to the generator that is trained with it. False: they come from
  /// elsewhere and stay as they are.
  [[nodiscard]] virtual bool is_trained_jointly() const = 0;

  /// Whatever encode() draws in training mode (words to leave out) follows from `seed` and the
  /// captions alone: set a child seed of the step before each step. Encoders that draw nothing
  /// ignore it.
  virtual void set_seed(const SeedTree& /*seed*/) {}

  /// A line of JSON for the metadata of a model file: all that is needed, beside the weights, to
  /// make the encoder again (open_text_encoder.h).
  [[nodiscard]] virtual std::string description() const = 0;
};

}  // namespace kilonat::text
