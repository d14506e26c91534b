#include "kilonat/generation/generator.h"

#include <utility>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"

namespace kilonat::generation {
namespace {

diffusion::TransformerOptions transformer_options(const GeneratorOptions& options,
                                                  const text::TextEncoder& text,
                                                  const diffusion::LatentNormaliser& normaliser) {
  diffusion::TransformerOptions result = options.transformer;
  result.latent_channels = normaliser.num_diffused();
  result.text_width = text.width();
  result.objective = options.flow.objective;
  return result;
}

}  // namespace

GeneratorImpl::GeneratorImpl(const GeneratorOptions& options,
                             std::shared_ptr<text::TextEncoder> text,
                             diffusion::LatentNormaliser normaliser,
                             std::uint64_t seed)
    : options_(options), text_(std::move(text)), normaliser_(std::move(normaliser)) {
  transformer = register_module(
      "transformer",
      diffusion::DiffusionTransformer(transformer_options(options, *text_, normaliser_)));
  transformer->initialise(tensor::make_generator(seed));
  if (text_->is_trained_jointly()) register_module("text", text_);
}

}  // namespace kilonat::generation
