#include "kilonat/generation/generator_options.h"

#include "kilonat/config/schema.h"

namespace kilonat::generation {

void describe(config::Schema& schema, GeneratorOptions& options) {
  schema.section("transformer", options.transformer, "The diffusion transformer.")
      .section("flow", options.flow, "What it is trained to say.")
      .section("latent", options.latent, "How latents are normalised for it.")
      .section("words", options.words, "The text encoder, unless --text-encoder gives another.");
}

}  // namespace kilonat::generation
