#pragma once
/// A generator: captions and noise in, sounds out; and the file that holds it.

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include <c10/core/Device.h>
#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include "kilonat/codec/model_file.h"
#include "kilonat/diffusion/latent_normaliser.h"
#include "kilonat/diffusion/transformer.h"
#include "kilonat/generation/generator_options.h"
#include "kilonat/generation/latent_set.h"
#include "kilonat/text/text_encoder.h"

namespace kilonat::generation {

/// What is trained together: the transformer, and the text encoder if it is trained jointly.
///
/// Parameter names: transformer.*, text.*.
class GeneratorImpl : public torch::nn::Module {
 public:
  /// Random weights of the transformer from `seed`; the text encoder comes with its own.
  /// @throws ConfigError for options that cannot be built.
  GeneratorImpl(const GeneratorOptions& options,
                std::shared_ptr<text::TextEncoder> text,
                diffusion::LatentNormaliser normaliser,
                std::uint64_t seed);

  [[nodiscard]] const GeneratorOptions& options() const { return options_; }
  [[nodiscard]] text::TextEncoder& text() { return *text_; }
  [[nodiscard]] const text::TextEncoder& text() const { return *text_; }
  [[nodiscard]] const diffusion::LatentNormaliser& normaliser() const { return normaliser_; }

  diffusion::DiffusionTransformer transformer{nullptr};

 private:
  GeneratorOptions options_;
  std::shared_ptr<text::TextEncoder> text_;
  diffusion::LatentNormaliser normaliser_;
};
TORCH_MODULE(Generator);

/// What a generator's file says beside the weights.
struct GeneratorMetadata {
  std::int64_t training_steps = 0;
  double score = 0;  ///< normalised, on held-out clips (diffusion/flow.h); 0: not known
  double typical_duration_s = 0;  ///< of the training clips: their median
  LatentSetInfo latents{};        ///< what it was trained on; without the statistics
  std::string version{};          ///< of Kilonat; set by save_generator
};

struct LoadedGenerator {
  Generator model{nullptr};  ///< in evaluation mode
  codec::LoadedModel codec;  ///< in evaluation mode
  GeneratorMetadata metadata;
};

/// Writes one file that holds all that `load_generator` needs, a T5's weights apart; atomic.
///
/// Tensors: those of `weights` (names as the generator's), normaliser.*, and those of the codec's
/// file with "codec." in front; metadata likewise. @throws IoError.
void save_generator(const std::filesystem::path& path,
                    const GeneratorImpl& model,
                    const tensor::TensorMap& weights,
                    const codec::StoredModel& codec,
                    const GeneratorMetadata& metadata);

/// Reads a generator's file, or `model.safetensors` in a run folder.
/// @param t5_folder  of a generator that was trained with a T5; else ignored.
/// @throws IoError if there is none; FormatError if it is corrupt, too new, or no generator;
///         ConfigError if it needs a T5 folder.
[[nodiscard]] LoadedGenerator load_generator(const std::filesystem::path& path,
                                             const std::filesystem::path& t5_folder = {},
                                             const c10::Device& device = c10::kCPU);

/// The options and figures of a generator's file without its weights. @throws as load_generator.
struct GeneratorDescription {
  GeneratorOptions options;
  GeneratorMetadata metadata;
  std::int64_t num_parameters = 0;  ///< of what is trained, the codec's not counted
};
[[nodiscard]] GeneratorDescription describe_generator(const std::filesystem::path& path);

/// True if the safetensors file (or run folder) says that it is a generator. @throws IoError,
/// FormatError for another kind of file.
[[nodiscard]] bool is_generator(const std::filesystem::path& path);

}  // namespace kilonat::generation
