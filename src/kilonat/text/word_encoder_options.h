#pragma once
/// What a word encoder is made of; plain values, no torch.

#include <cstdint>

#include "kilonat/config/schema.h"

namespace kilonat::text {

struct WordEncoderOptions {
  std::int64_t width = 128;
  std::int64_t layers = 2;
  std::int64_t heads = 4;
  std::int64_t trigram_buckets = 2048;
  std::int64_t max_words = 64;

  double word_drop = 0.1;
  double unknown_words = 0.1;
};

void describe(config::Schema& schema, WordEncoderOptions& options);

/// @throws ConfigError for options that cannot be built, saying which and why.
void check(const WordEncoderOptions& options);

}  // namespace kilonat::text
