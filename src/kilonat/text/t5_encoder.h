#pragma once
/// The encoder half of T5 as a text encoder with fixed weights.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kilonat/text/sentence_pieces.h"
#include "kilonat/text/t5_options.h"
#include "kilonat/text/t5_stack.h"
#include "kilonat/text/text_encoder.h"

namespace kilonat::text {

/// The table of tokens and the stack. Parameters: shared.weight [vocabulary, D], encoder.*.
class T5ModelImpl : public torch::nn::Module {
 public:
  explicit T5ModelImpl(const T5Options& options);

  /// @param ids_BL   int64. @throws DataError if one is not in 0 .. vocabulary_size - 1.
  /// @param mask_BL  bool, true: a token; undefined: all are.
  /// @returns last_hidden_state, [B, L, D].
  at::Tensor forward(const at::Tensor& ids_BL, const at::Tensor& mask_BL);
  [[nodiscard]] const T5Options& options() const { return options_; }

  T5Matrix shared{nullptr};
  T5Stack encoder{nullptr};

 private:
  T5Options options_;
};
TORCH_MODULE(T5Model);

/// T5's vectors for captions. The weights never change, so a caption is encoded once and
/// remembered.
///
/// Note [One caption at a time]: captions run through the model one by one, without padding. So the
/// vectors of a caption do not depend, not even by rounding, on those beside it, and a resumed run
/// sees the same ones.
class T5Encoder : public TextEncoder {
 public:
  /// Longer captions are cut, the end-of-text token kept (Stable Audio Open's length).
  static constexpr std::int64_t kMaxTokens = 128;

  /// @throws FormatError if the tokenizer has ids that the table lacks.
  T5Encoder(T5Model model, SentencePieces pieces);

  TextFeatures encode(const std::vector<std::string>& captions) override;
  std::int64_t width() const override { return model_->options().stack.width; }
  bool is_trained_jointly() const override { return false; }
  /// Kind and sizes, and a hash of the weights, by which the same T5 is known again.
  std::string description() const override;

  /// The ids that the model sees, the end-of-text token last.
  [[nodiscard]] std::vector<std::int64_t> token_ids(const std::string& caption) const;

 private:
  at::Tensor encode_one(const std::string& caption);

  T5Model model_;
  SentencePieces pieces_;
  std::string weights_hash_;
  std::map<std::string, at::Tensor> known_LD_;
};

}  // namespace kilonat::text
