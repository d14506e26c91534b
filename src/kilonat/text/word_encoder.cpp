#include "kilonat/text/word_encoder.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/config/schema.h"
#include "kilonat/tensor/random.h"
#include "kilonat/text/features.h"
#include "kilonat/text/words.h"

namespace kilonat::text {

namespace {

using nlohmann::json;

T5StackOptions stack_options(const WordEncoderOptions& options) {
  return {.width = options.width,
          .num_layers = options.layers,
          .num_heads = options.heads,
          .head_width = options.width / options.heads,
          .ff_width = 2 * options.width};
}

/// True where row b has a token: the first lengths[b] places. On the CPU.
at::Tensor mask_of(const std::vector<std::int64_t>& lengths, std::int64_t length) {
  const at::Tensor lengths_B1 = at::tensor(lengths, at::kLong).unsqueeze(1);
  return at::arange(length, at::kLong).unsqueeze(0) < lengths_B1;
}

}  // namespace

WordEncoder::WordEncoder(const WordEncoderOptions& options,
                         Vocabulary vocabulary,
                         std::uint64_t seed)
    : options_(options), vocabulary_(std::move(vocabulary)) {
  check(options);
  words_ = register_module("words", T5Matrix(vocabulary_.num_ids(), options.width));
  trigrams_ = register_module("trigrams", T5Matrix(options.trigram_buckets, options.width));
  encoder_ = register_module("encoder", T5Stack(stack_options(options)));
  const torch::NoGradGuard no_grad;
  const at::Generator generator = tensor::make_generator(seed);
  words_->weight.normal_(0, 1, generator);
  trigrams_->weight.normal_(0, 1, generator);
  initialise(*encoder_, generator);
}

WordEncoder::Caption WordEncoder::read(const std::string& caption) const {
  Caption words{{.id = Vocabulary::kStart, .trigrams = {}}};
  for (const std::string& word : split_words(caption)) {
    if (std::ssize(words) > options_.max_words) break;
    words.push_back({.id = vocabulary_.id(word),
                     .trigrams = text::trigram_buckets(word, options_.trigram_buckets)});
  }
  return words;
}

void WordEncoder::drop_words(Caption& caption, Rng& rng) const {
  Caption kept;
  for (Word& word : caption) {
    // Both are drawn for every word, so that one word's fate does not shift the next one's.
    const bool is_dropped = rng.uniform() < options_.word_drop;
    const bool is_unknown = rng.uniform() < options_.unknown_words;
    if (word.id == Vocabulary::kStart) {
      kept.push_back(std::move(word));
    } else if (!is_dropped) {
      if (is_unknown) word.id = Vocabulary::kUnknown;
      kept.push_back(std::move(word));
    }
  }
  caption = std::move(kept);
}

at::Tensor WordEncoder::embed(const std::vector<Caption>& captions, std::int64_t length) {
  std::int64_t num_trigrams = 1;
  for (const Caption& caption : captions) {
    for (const Word& word : caption) {
      num_trigrams = std::max(num_trigrams, std::ssize(word.trigrams));
    }
  }
  const auto batch = static_cast<std::int64_t>(captions.size());
  at::Tensor ids_BL = at::full({batch, length}, Vocabulary::kPadding, at::kLong);
  at::Tensor trigrams_BLG = at::zeros({batch, length, num_trigrams}, at::kLong);
  at::Tensor shares_BLG = at::zeros({batch, length, num_trigrams}, at::kFloat);
  auto ids = ids_BL.accessor<std::int64_t, 2>();
  auto trigrams = trigrams_BLG.accessor<std::int64_t, 3>();
  auto shares = shares_BLG.accessor<float, 3>();
  for (std::int64_t b = 0; b < batch; ++b) {
    const Caption& caption = captions[static_cast<std::size_t>(b)];
    for (std::int64_t l = 0; l < std::ssize(caption); ++l) {
      const Word& word = caption[static_cast<std::size_t>(l)];
      ids[b][l] = word.id;
      // The sum of n independent vectors, scaled to the length of one.
      const auto share = 1 / std::sqrt(static_cast<float>(word.trigrams.size()));
      for (std::int64_t g = 0; g < std::ssize(word.trigrams); ++g) {
        trigrams[b][l][g] = word.trigrams[static_cast<std::size_t>(g)];
        shares[b][l][g] = share;
      }
    }
  }
  const at::Device device = words_->weight.device();
  const at::Tensor own_BLD = at::embedding(words_->weight, ids_BL.to(device));
  const at::Tensor pieces_BLGD = at::embedding(trigrams_->weight, trigrams_BLG.to(device));
  return own_BLD + at::matmul(shares_BLG.to(device).unsqueeze(2), pieces_BLGD).squeeze(2);
}

TextFeatures WordEncoder::encode(const std::vector<std::string>& captions) {
  KILONAT_REQUIRE(!captions.empty(), ShapeError, "encoding captions: there are none");
  std::vector<Caption> read_captions;
  std::vector<std::int64_t> lengths;
  for (std::size_t b = 0; b < captions.size(); ++b) {
    Caption caption = read(captions[b]);
    if (is_training() && seed_) {
      Rng rng(seed_->child(b));
      drop_words(caption, rng);
    }
    lengths.push_back(std::ssize(caption));
    read_captions.push_back(std::move(caption));
  }
  const std::int64_t length = *std::max_element(lengths.begin(), lengths.end());
  const at::Tensor mask_BL = mask_of(lengths, length).to(words_->weight.device());
  const at::Tensor tokens_BLD = encoder_->forward(embed(read_captions, length), mask_BL);
  return masked_features(tokens_BLD, mask_BL);
}

std::string WordEncoder::description() const {
  return json{{"kind", "words"},
              {"options", config::to_toml(options_)},
              {"vocabulary", vocabulary_.words()}}
      .dump(-1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace);
}

std::shared_ptr<WordEncoder> word_encoder_of(const std::string& description) {
  const json values = json::parse(description, nullptr, /*allow_exceptions=*/false);
  try {
    WordEncoderOptions options;
    config::load_text(values.at("options").get<std::string>(), "its options", options);
    check(options);
    Vocabulary vocabulary(values.at("vocabulary").get<std::vector<std::string>>());
    return std::make_shared<WordEncoder>(options, std::move(vocabulary), /*seed=*/0);
  } catch (const json::exception&) {
    throw FormatError("reading a word encoder's description: it is damaged");
  } catch (const ConfigError& error) {
    throw FormatError(fmt::format("reading a word encoder's description: {}", error.what()));
  } catch (const c10::Error&) {
    throw FormatError("reading a word encoder's description: it asks for too large an encoder");
  }
}

}  // namespace kilonat::text
