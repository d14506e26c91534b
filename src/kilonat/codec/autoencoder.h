#pragma once
/// Encoder, bottleneck and decoder as one module.

#include <cstdint>
#include <optional>

#include <torch/nn/module.h>

#include "kilonat/codec/autoencoder_options.h"
#include "kilonat/codec/decoder.h"
#include "kilonat/codec/encoder.h"
#include "kilonat/codec/gaussian.h"
#include "kilonat/codec/rvq.h"

namespace kilonat::codec {

/// What the encoder and the bottleneck make of a signal. B batch, D latent width, F frames, Q
/// codebooks.
struct Latent {
  at::Tensor z_BCF;       ///< decoder input
  at::Tensor latent_BDF;  ///< before the output projection: a sample, the mean, or codebook rows
  std::optional<Posterior> posterior;  ///< gaussian only
  at::Tensor codes_BQF;                ///< rvq only, int64
  at::Tensor commitment_loss;          ///< rvq only, scalar
  at::Tensor codebook_loss;            ///< rvq only, scalar
};

struct EncodeOptions {
  bool sample = false;             ///< gaussian: draw from the posterior; false: its mean
  at::Generator generator{};       ///< for sampling and, in training mode, quantizer dropout
  at::Tensor noise_BDF{};          ///< gaussian: standard normal values to use, not the generator's
  std::int64_t num_codebooks = 0;  ///< rvq in evaluation mode; 0: all
};

/// Asks for a model whose parameters have no values yet: they are about to be loaded. Its memory is
/// reserved, but not touched, so that a wrong config costs nothing.
struct Uninitialised {};

/// An audio and the latent it was decoded from.
struct Reconstruction {
  at::Tensor audio_BCT;
  Latent latent;
};

/// The autoencoder. Parameter names are those of the official DAC checkpoint: encoder.block.N...,
/// quantizer.*, decoder.model.N...
///
/// Not thread-safe while training; concurrent evaluation without gradients is safe.
class AutoencoderImpl : public torch::nn::Module {
 public:
  /// Builds it with random weights (see initialise.h). @throws ConfigError (see check()).
  explicit AutoencoderImpl(const AutoencoderOptions& options, std::uint64_t seed = 0);
  AutoencoderImpl(const AutoencoderOptions& options, Uninitialised);

  /// @param x_BCT audio [batch, num_channels, samples >= 1], padded here to whole frames.
  /// @throws ShapeError; DataError if there is no frame in it.
  Latent encode(const at::Tensor& x_BCT, const EncodeOptions& how = {});
  /// Decoder input to audio [batch, num_channels, frames x hop] (match_official: less, with odd
  /// strides).
  at::Tensor decode(const at::Tensor& z_BCF);
  /// The same from the latent before the output projection.
  at::Tensor decode_latent(const at::Tensor& latent_BDF);
  /// Of the activations in encoder and decoder (kernels/precision.h); fp32 at first. Not saved.
  void set_precision(kernels::Precision precision);
  [[nodiscard]] kernels::Precision precision() const { return precision_; }
  /// Encodes, decodes and cuts to the input's length.
  Reconstruction forward(const at::Tensor& x_BCT, const EncodeOptions& how = {});

  /// The input padded to whole frames as the options say.
  [[nodiscard]] at::Tensor pad_to_frames(const at::Tensor& x_BCT) const;
  /// The bottleneck alone, on the encoder's output.
  Latent bottleneck(const at::Tensor& features_BCF, const EncodeOptions& how = {});
  /// Decoder input from a latent: the bottleneck's output projection.
  at::Tensor project_out(const at::Tensor& latent_BDF);

  [[nodiscard]] const AutoencoderOptions& options() const { return options_; }
  [[nodiscard]] std::int64_t hop_length() const { return codec::hop_length(options_); }
  [[nodiscard]] double frame_rate_hz() const { return codec::frame_rate_hz(options_); }
  /// Frames that encode() gives for so many samples.
  [[nodiscard]] std::int64_t num_frames(std::int64_t num_samples) const;
  /// Samples that decode() gives for so many frames.
  [[nodiscard]] std::int64_t num_samples(std::int64_t num_frames) const;
  /// Trainable values, weight_g counted.
  [[nodiscard]] std::int64_t num_parameters() const;

  Encoder encoder{nullptr};
  Decoder decoder{nullptr};
  GaussianBottleneck gaussian{nullptr};  ///< null unless the bottleneck is gaussian
  Rvq rvq{nullptr};                      ///< null unless it is rvq

 private:
  AutoencoderOptions options_;
  kernels::Precision precision_ = kernels::Precision::kFp32;
};
TORCH_MODULE(Autoencoder);

}  // namespace kilonat::codec
