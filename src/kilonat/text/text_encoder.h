#pragma once
/// What every text encoder gives to the generator.

#include <cstdint>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

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
};

}  // namespace kilonat::text
