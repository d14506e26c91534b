#include "kilonat/codec/rvq.h"

#include <torch/nn/functional/normalization.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/shape.h"

namespace kilonat::codec {

at::Tensor unit_rows(const at::Tensor& x_ND) {
  return x_ND / x_ND.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

namespace {

/// Mean squared difference per item.
at::Tensor distance_B(const at::Tensor& a_BDF, const at::Tensor& b_BDF) {
  return (a_BDF - b_BDF).square().mean({1, 2});
}

}  // namespace

CodebookImpl::CodebookImpl(std::int64_t size, std::int64_t dim) {
  weight = register_parameter("weight", torch::empty({size, dim}));
}

VectorQuantizerImpl::VectorQuantizerImpl(const VectorQuantizerOptions& options) {
  in_proj = register_module("in_proj",
                            WeightNormConv1d(ConvOptions{.in_channels = options.in_channels,
                                                         .out_channels = options.codebook_dim}));
  out_proj = register_module("out_proj",
                             WeightNormConv1d(ConvOptions{.in_channels = options.codebook_dim,
                                                          .out_channels = options.in_channels}));
  codebook = register_module("codebook", Codebook(options.codebook_size, options.codebook_dim));
}

at::Tensor VectorQuantizerImpl::nearest_codes(const at::Tensor& projected_BdF) {
  const torch::NoGradGuard no_grad;
  const std::int64_t dim = projected_BdF.size(1);
  const at::Tensor entries = unit_rows(codebook->weight);
  const at::Tensor queries = unit_rows(projected_BdF.transpose(1, 2).reshape({-1, dim}));
  // |q - e|^2, in the order of the official code: ties and near-ties must fall the same way.
  const at::Tensor distances = queries.square().sum(1, true) - 2 * queries.matmul(entries.t()) +
                               entries.square().sum(1, true).t();
  return (-distances).argmax(1).view({projected_BdF.size(0), projected_BdF.size(2)});
}

at::Tensor VectorQuantizerImpl::rows(const at::Tensor& codes_BF) {
  return at::embedding(codebook->weight, codes_BF).transpose(1, 2);
}

VectorQuantizerImpl::Output VectorQuantizerImpl::forward(const at::Tensor& z_BCF) {
  Output out;
  out.projected_BdF = in_proj(z_BCF);
  out.codes_BF = nearest_codes(out.projected_BdF);
  const at::Tensor found = rows(out.codes_BF);
  out.commitment_loss_B = distance_B(out.projected_BdF, found.detach());
  out.codebook_loss_B = distance_B(found, out.projected_BdF.detach());
  out.quantised_BdF = out.projected_BdF + (found - out.projected_BdF).detach();
  out.z_BCF = out_proj(out.quantised_BdF);
  return out;
}

RvqImpl::RvqImpl(const RvqOptions& options) : options_(options) {
  list_ = register_module("quantizers", torch::nn::ModuleList());
  for (std::int64_t i = 0; i < options.num_codebooks; ++i) {
    quantizers_.emplace_back(VectorQuantizerOptions{.in_channels = options.in_channels,
                                                    .codebook_size = options.codebook_size,
                                                    .codebook_dim = options.codebook_dim});
    list_->push_back(quantizers_.back());
  }
}

at::Tensor RvqImpl::active_codebooks(std::int64_t batch_size,
                                     const at::Generator& generator) const {
  at::Tensor active = torch::full({batch_size}, options_.num_codebooks, torch::kInt64);
  const auto dropped =
      static_cast<std::int64_t>(static_cast<double>(batch_size) * options_.quantizer_dropout);
  if (dropped == 0) return active;
  KILONAT_REQUIRE(generator.defined(), InternalError, "quantizer dropout needs a generator");
  active.narrow(0, 0, dropped)
      .copy_(torch::randint(1, options_.num_codebooks + 1, {dropped}, generator, torch::kInt64));
  return active;
}

RvqImpl::Output RvqImpl::forward(const at::Tensor& z_BCF,
                                 std::int64_t num_codebooks,
                                 const at::Generator& generator) {
  KILONAT_REQUIRE(num_codebooks >= 0 && num_codebooks <= options_.num_codebooks,
                  ConfigError,
                  "coding with {} codebooks: the model has {}",
                  num_codebooks,
                  options_.num_codebooks);
  const bool all = num_codebooks == 0 || is_training();
  const std::int64_t used = all ? options_.num_codebooks : num_codebooks;
  at::Tensor active_B;
  if (is_training()) {
    active_B = active_codebooks(z_BCF.size(0), generator).to(z_BCF.device());
  }
  Output out;
  std::vector<at::Tensor> quantised;
  std::vector<at::Tensor> projected;
  std::vector<at::Tensor> codes;
  at::Tensor residual = z_BCF;
  out.z_BCF = torch::zeros_like(z_BCF);
  out.commitment_loss = torch::zeros({}, z_BCF.options());
  out.codebook_loss = torch::zeros({}, z_BCF.options());
  for (std::int64_t i = 0; i < used; ++i) {
    const VectorQuantizerImpl::Output stage =
        quantizers_[static_cast<size_t>(i)]->forward(residual);
    residual = residual - stage.z_BCF;
    if (active_B.defined()) {
      const at::Tensor mask_B = (active_B > i).to(z_BCF.scalar_type());
      out.z_BCF = out.z_BCF + stage.z_BCF * mask_B.view({-1, 1, 1});
      out.commitment_loss = out.commitment_loss + (stage.commitment_loss_B * mask_B).mean();
      out.codebook_loss = out.codebook_loss + (stage.codebook_loss_B * mask_B).mean();
    } else {
      out.z_BCF = out.z_BCF + stage.z_BCF;
      out.commitment_loss = out.commitment_loss + stage.commitment_loss_B.mean();
      out.codebook_loss = out.codebook_loss + stage.codebook_loss_B.mean();
    }
    quantised.push_back(stage.quantised_BdF);
    projected.push_back(stage.projected_BdF);
    codes.push_back(stage.codes_BF);
  }
  out.quantised_BDF = torch::cat(quantised, 1);
  out.projected_BDF = torch::cat(projected, 1);
  out.codes_BQF = torch::stack(codes, 1);
  return out;
}

at::Tensor RvqImpl::rows_from_codes(const at::Tensor& codes_BQF) {
  tensor::expect_shape(codes_BQF, "codes", {tensor::kAny, tensor::kAny, tensor::kAny});
  const std::int64_t used = codes_BQF.size(1);
  KILONAT_REQUIRE(used >= 1 && used <= options_.num_codebooks,
                  DataError,
                  "decoding codes of {} codebooks: the model has {}",
                  used,
                  options_.num_codebooks);
  const bool valid =
      codes_BQF.numel() == 0 || (codes_BQF.min().item<std::int64_t>() >= 0 &&
                                 codes_BQF.max().item<std::int64_t>() < options_.codebook_size);
  KILONAT_REQUIRE(
      valid, DataError, "decoding codes: found values outside 0 to {}", options_.codebook_size - 1);
  std::vector<at::Tensor> parts;
  for (std::int64_t i = 0; i < used; ++i) {
    parts.push_back(quantizers_[static_cast<size_t>(i)]->rows(codes_BQF.select(1, i)));
  }
  return torch::cat(parts, 1);
}

at::Tensor RvqImpl::project_out(const at::Tensor& quantised_BDF) {
  const std::int64_t dim = options_.codebook_dim;
  const std::int64_t used = quantised_BDF.size(1) / dim;
  KILONAT_REQUIRE(used >= 1 && used <= options_.num_codebooks && quantised_BDF.size(1) % dim == 0,
                  ShapeError,
                  "latent has {} channels, expected a multiple of {} up to {}",
                  quantised_BDF.size(1),
                  dim,
                  dim * options_.num_codebooks);
  at::Tensor z;
  for (std::int64_t i = 0; i < used; ++i) {
    const at::Tensor part =
        quantizers_[static_cast<size_t>(i)]->out_proj(quantised_BDF.narrow(1, i * dim, dim));
    z = z.defined() ? z + part : part;
  }
  return z;
}

at::Tensor RvqImpl::from_codes(const at::Tensor& codes_BQF) {
  return project_out(rows_from_codes(codes_BQF));
}

}  // namespace kilonat::codec
