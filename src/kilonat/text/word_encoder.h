#pragma once
/// A small text encoder that learns its words together with the generator.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kilonat/text/t5_stack.h"
#include "kilonat/text/text_encoder.h"
#include "kilonat/text/vocabulary.h"
#include "kilonat/text/word_encoder_options.h"

namespace kilonat::text {

/// Every word becomes the sum of a vector of its own and of those of its three-letter pieces; then
/// a small T5 stack lets the words of a caption look at each other. The first token of every
/// caption stands for its start, so that an empty caption has one too.
///
/// A few hundred captions have at most a few hundred words: whole words are learnt, not pieces. A
/// word that is not in the vocabulary has the vector of "unknown" and its pieces; training shows
/// known words so now and then (unknown_words), or the pieces would never learn to stand alone.
///
/// Parameters: words.weight [ids, D], trigrams.weight [buckets, D], encoder.*.
class WordEncoder : public TextEncoder {
 public:
  /// With its start values for training. @throws ConfigError as check().
  WordEncoder(const WordEncoderOptions& options, Vocabulary vocabulary, std::uint64_t seed);

  /// In training mode and with a seed set, words are left out or made unknown.
  TextFeatures encode(const std::vector<std::string>& captions) override;
  std::int64_t width() const override { return options_.width; }
  bool is_trained_jointly() const override { return true; }
  void set_seed(const SeedTree& seed) override { seed_ = seed; }
  /// Options and vocabulary.
  std::string description() const override;

  [[nodiscard]] const WordEncoderOptions& options() const { return options_; }
  [[nodiscard]] const Vocabulary& vocabulary() const { return vocabulary_; }

 private:
  struct Word {
    std::int64_t id = 0;
    std::vector<std::int64_t> trigrams;
  };
  using Caption = std::vector<Word>;

  [[nodiscard]] Caption read(const std::string& caption) const;
  void drop_words(Caption& caption, Rng& rng) const;
  [[nodiscard]] at::Tensor embed(const std::vector<Caption>& captions, std::int64_t length);

  WordEncoderOptions options_;
  Vocabulary vocabulary_;
  std::optional<SeedTree> seed_;
  T5Matrix words_{nullptr};
  T5Matrix trigrams_{nullptr};
  T5Stack encoder_{nullptr};
};

/// The encoder that `description` tells of, without its weights (they are start values).
/// @throws FormatError if the text is no description of a word encoder.
[[nodiscard]] std::shared_ptr<WordEncoder> word_encoder_of(const std::string& description);

}  // namespace kilonat::text
