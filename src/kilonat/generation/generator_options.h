#pragma once
/// What a generator is made of, beside its weights.

#include <string>

#include "kilonat/diffusion/flow.h"
#include "kilonat/diffusion/latent_normaliser.h"
#include "kilonat/diffusion/transformer_options.h"
#include "kilonat/text/word_encoder_options.h"

namespace kilonat::generation {

/// The sections [transformer], [flow], [latent] and [words].
struct GeneratorOptions {
  diffusion::TransformerOptions transformer;
  diffusion::FlowOptions flow;
  diffusion::LatentNormaliserOptions latent;
  text::WordEncoderOptions words;  ///< of no effect with another text encoder
};

void describe(config::Schema& schema, GeneratorOptions& options);

}  // namespace kilonat::generation
