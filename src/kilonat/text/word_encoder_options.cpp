#include "kilonat/text/word_encoder_options.h"

#include "kilonat/base/errors.h"

namespace kilonat::text {

void describe(config::Schema& schema, WordEncoderOptions& options) {
  schema
      .field("width",
             options.width,
             {.doc = "of the vectors that captions become; a multiple of heads",
              .min = 1,
              .max = 4096})
      .field("layers", options.layers, {.doc = "of self-attention", .min = 1, .max = 64})
      .field("heads", options.heads, {.doc = "of each layer", .min = 1, .max = 64})
      .field("trigram_buckets",
             options.trigram_buckets,
             {.doc = "vectors that the three-letter pieces of words share: they give a word that "
                     "no training caption has a vector near those it resembles",
              .min = 1,
              .max = 1 << 20})
      .field("max_words",
             options.max_words,
             {.doc = "of a caption; the rest is cut", .unit = "words", .min = 1, .max = 4096})
      .field("word_drop",
             options.word_drop,
             {.doc = "share of the words that a training step leaves out", .min = 0, .max = 1})
      .field("unknown_words",
             options.unknown_words,
             {.doc = "share of the words left that a training step shows by their pieces alone, as "
                     "a word never seen would be",
              .min = 0,
              .max = 1});
}

void check(const WordEncoderOptions& options) {
  KILONAT_REQUIRE(options.heads >= 1 && options.width >= 1 && options.width % options.heads == 0,
                  ConfigError,
                  "word encoder: {} heads do not divide its width of {}",
                  options.heads,
                  options.width);
}

}  // namespace kilonat::text
