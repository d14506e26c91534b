#pragma once
/// Residual vector quantisation as DAC does it.

#include <cstdint>
#include <vector>

#include <torch/nn/module.h>
#include <torch/nn/modules/container/modulelist.h>

#include "kilonat/codec/layers.h"

namespace kilonat::codec {

struct VectorQuantizerOptions {
  std::int64_t in_channels = 1024;
  std::int64_t codebook_size = 1024;
  std::int64_t codebook_dim = 8;
};

/// Rows of unit length, as codebooks are looked up with; epsilon as torch.nn.functional.normalize.
[[nodiscard]] at::Tensor unit_rows(const at::Tensor& x_ND);

/// A codebook's table, under the name that torch.nn.Embedding gives it. Parameter: weight [K, d].
class CodebookImpl : public torch::nn::Module {
 public:
  CodebookImpl(std::int64_t size, std::int64_t dim);

  at::Tensor weight;
};
TORCH_MODULE(Codebook);

/// One codebook looked up in a narrow space, on vectors of unit length.
///
/// Source: descript-audio-codec, dac/nn/quantize.py, VectorQuantize.
/// Parameters: in_proj.*, out_proj.*, codebook.weight.
class VectorQuantizerImpl : public torch::nn::Module {
 public:
  explicit VectorQuantizerImpl(const VectorQuantizerOptions& options);

  struct Output {
    at::Tensor z_BCF;              ///< projected back to the wide space; straight-through gradient
    at::Tensor quantised_BdF;      ///< the codebook rows (not of unit length); straight-through
    at::Tensor projected_BdF;      ///< what was looked up
    at::Tensor codes_BF;           ///< int64, 0 .. codebook_size - 1
    at::Tensor commitment_loss_B;  ///< mean squared distance, gradient to the encoder only
    at::Tensor codebook_loss_B;    ///< the same value, gradient to the codebook only
  };
  Output forward(const at::Tensor& z_BCF);
  /// Codebook rows, [batch, d, frames].
  at::Tensor rows(const at::Tensor& codes_BF);

  WeightNormConv1d in_proj{nullptr};
  WeightNormConv1d out_proj{nullptr};
  Codebook codebook{nullptr};

 private:
  at::Tensor nearest_codes(const at::Tensor& projected_BdF);
};
TORCH_MODULE(VectorQuantizer);

struct RvqOptions {
  std::int64_t in_channels = 1024;
  std::int64_t num_codebooks = 9;
  std::int64_t codebook_size = 1024;
  std::int64_t codebook_dim = 8;
  double quantizer_dropout = 0.5;
};

/// Codebooks in sequence, each on what the ones before left over.
///
/// Source: descript-audio-codec, dac/nn/quantize.py, ResidualVectorQuantize.
class RvqImpl : public torch::nn::Module {
 public:
  explicit RvqImpl(const RvqOptions& options);

  struct Output {
    at::Tensor z_BCF;            ///< decoder input: the sum over codebooks
    at::Tensor quantised_BDF;    ///< codebook rows, concatenated: D = codebooks x codebook_dim
    at::Tensor projected_BDF;    ///< before quantisation, likewise
    at::Tensor codes_BQF;        ///< int64
    at::Tensor commitment_loss;  ///< scalar: sum over codebooks, mean over the batch
    at::Tensor codebook_loss;    ///< scalar
  };
  /// In training mode every codebook is evaluated and, for a share `quantizer_dropout` of the
  /// items (the first ones), those past a number drawn from `generator` are masked.
  ///
  /// @param num_codebooks  evaluation mode: how many to use; 0: all.
  Output forward(const at::Tensor& z_BCF,
                 std::int64_t num_codebooks,
                 const at::Generator& generator);

  /// Decoder input from codes [batch, Q, frames], Q <= num_codebooks.
  /// @throws DataError if a code is not below codebook_size.
  at::Tensor from_codes(const at::Tensor& codes_BQF);
  /// The codebook rows of codes, concatenated [batch, Q x codebook_dim, frames].
  at::Tensor rows_from_codes(const at::Tensor& codes_BQF);
  /// Decoder input from concatenated codebook rows.
  at::Tensor project_out(const at::Tensor& quantised_BDF);

  /// The codebooks with their projections, first to last.
  [[nodiscard]] const std::vector<VectorQuantizer>& stages() const { return quantizers_; }

 private:
  at::Tensor active_codebooks(std::int64_t batch_size, const at::Generator& generator) const;

  RvqOptions options_;
  torch::nn::ModuleList list_;
  std::vector<VectorQuantizer> quantizers_;
};
TORCH_MODULE(Rvq);

}  // namespace kilonat::codec
