#pragma once
/// A trained or imported autoencoder as one self-sufficient safetensors file.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include <c10/core/Device.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {

/// The format version that this build writes; it reads this one and older.
inline constexpr int kModelFormat = 1;

/// What a model file says beside the weights and the codec's config. 0: not known.
struct ModelMetadata {
  double target_kbps = 0;       ///< rate that training aimed at
  double rate_kbps = 0;         ///< KL rate measured at its end, whole training clips
  double informative_kbps = 0;  ///< against the best static Gaussian
  double excerpt_kbps = 0;  ///< KL rate on fresh excerpts, not augmented: what the target is about
  double nats_per_frame = 0;  ///< KL against N(0, 1)
  std::int64_t training_steps = 0;
  std::string origin{};   ///< "trained", or the family it was imported from
  std::string version{};  ///< of Kilonat; set by save_model
  /// Moments of the aggregate posterior per latent channel [D]; undefined: not known.
  at::Tensor aggregate_mean_D{};
  at::Tensor aggregate_variance_D{};
  at::Tensor nats_per_channel_D{};
  /// Anything else; keys are written with the prefix "kilonat.".
  std::map<std::string, std::string> extra{};
};

struct LoadedModel {
  Autoencoder model{nullptr};  ///< in evaluation mode
  ModelMetadata metadata;
};

/// Writes weights (official names, weight_g and weight_v), config and statistics; atomic.
/// @throws IoError.
void save_model(const std::filesystem::path& path,
                const AutoencoderImpl& model,
                const ModelMetadata& metadata);
/// The same with other weights than the model's own, for example their moving average.
void save_model(const std::filesystem::path& path,
                const AutoencoderOptions& options,
                const tensor::TensorMap& weights,
                const ModelMetadata& metadata);

/// `path`, or `model.safetensors` in it if it is a (run) folder.
[[nodiscard]] std::filesystem::path model_file_path(const std::filesystem::path& path);

/// Reads a model file, or `model.safetensors` in a run folder.
/// @throws IoError if there is none; FormatError if it is corrupt, foreign or too new.
[[nodiscard]] LoadedModel load_model(const std::filesystem::path& path,
                                     const c10::Device& device = c10::Device(c10::kCPU));

/// Everything that a model file holds, as it is stored: what another file embeds a model by.
struct StoredModel {
  tensor::TensorMap tensors;
  tensor::Metadata metadata;
};
/// @throws IoError; FormatError if it is no safetensors file. What it holds is not checked.
[[nodiscard]] StoredModel read_stored_model(const std::filesystem::path& path);
/// @param name  stands for the file in errors. @throws FormatError as load_model.
[[nodiscard]] LoadedModel build_model(const StoredModel& stored,
                                      const std::string& name,
                                      const c10::Device& device = c10::Device(c10::kCPU));

/// The config and figures of a model file without its weights. @throws as load_model.
struct ModelDescription {
  AutoencoderOptions options;
  ModelMetadata metadata;
};
[[nodiscard]] ModelDescription describe_model(const std::filesystem::path& path);

}  // namespace kilonat::codec
