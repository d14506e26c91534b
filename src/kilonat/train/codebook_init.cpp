#include "kilonat/train/codebook_init.h"

#include <algorithm>
#include <tuple>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

constexpr std::int64_t kFramesPerRow = 8;
constexpr std::int64_t kMostBatches = 1000;  // of excerpts that are very short
constexpr int kIterations = 10;              // of k-means
constexpr double kRidge = 1e-3;              // of the way back, in units of the mean variance
constexpr double kLeastVariance = 1e-12;     // of a direction, in units of the largest one's

/// The encoder's output over enough batches, [frames, channels], on the CPU.
torch::Tensor encoded_frames(codec::Autoencoder& model,
                             std::int64_t wanted,
                             const std::function<torch::Tensor()>& next_batch) {
  std::vector<torch::Tensor> parts;
  std::int64_t count = 0;
  for (std::int64_t i = 0; count < wanted && i < kMostBatches; ++i) {
    const torch::Tensor features_BCF = model->encoder(model->pad_to_frames(next_batch()));
    parts.push_back(features_BCF.transpose(1, 2).reshape({-1, features_BCF.size(1)}).cpu());
    count += parts.back().size(0);
  }
  return torch::cat(parts).to(torch::kDouble);
}

/// y = x weight^T + bias.
struct Affine {
  torch::Tensor weight_OI;
  torch::Tensor bias_O;

  [[nodiscard]] torch::Tensor of(const torch::Tensor& x_NI) const {
    return torch::matmul(x_NI, weight_OI.t()) + bias_O;
  }
};

/// The `count` directions of the largest variance, centred, so scaled that the first has a
/// variance of 1, and behind them a constant of 1.
Affine principal_directions(const torch::Tensor& x_NC, std::int64_t count) {
  const torch::Tensor mean_C = x_NC.mean(0);
  const torch::Tensor centred = x_NC - mean_C;
  const torch::Tensor covariance = torch::matmul(centred.t(), centred) / x_NC.size(0);
  const auto [variances, vectors] = at::linalg_eigh(covariance);  // ascending
  const std::int64_t used = std::min(count, x_NC.size(1));
  const torch::Tensor largest = variances.narrow(0, variances.size(0) - 1, 1);
  const double scale = largest.clamp_min(kLeastVariance).rsqrt().item<double>();
  Affine result{torch::zeros({count + 1, x_NC.size(1)}, torch::kDouble),
                torch::zeros({count + 1}, torch::kDouble)};
  const torch::Tensor rows = vectors.narrow(1, vectors.size(1) - used, used).t() * scale;
  result.weight_OI.narrow(0, 0, used).copy_(rows);
  result.bias_O.narrow(0, 0, used).copy_(-torch::mv(rows, mean_C));
  result.bias_O[count] = 1;
  return result;
}

torch::Tensor unit_rows(const torch::Tensor& x_ND) {
  return x_ND / x_ND.norm(2, 1, /*keepdim=*/true).clamp_min(1e-12);
}

torch::Tensor nearest(const torch::Tensor& queries_ND, const torch::Tensor& rows_KD) {
  return torch::matmul(unit_rows(queries_ND), unit_rows(rows_KD).t()).argmax(1);
}

/// Centroids [size, D] of `x_ND` under the codebook's lookup; a row without a query stays.
torch::Tensor fit_rows(const torch::Tensor& x_ND, std::int64_t size, at::Generator generator) {
  const torch::Tensor order = torch::randperm(x_ND.size(0), generator, torch::kInt64);
  const torch::Tensor chosen = order.index({torch::arange(size) % x_ND.size(0)});
  torch::Tensor rows_KD = x_ND.index({chosen});
  for (int i = 0; i < kIterations; ++i) {
    const torch::Tensor codes_N = nearest(x_ND, rows_KD);
    const torch::Tensor sums = torch::zeros_like(rows_KD).index_add_(0, codes_N, x_ND);
    const torch::Tensor counts = torch::zeros({size}, torch::kDouble)
                                     .index_add_(0, codes_N, torch::ones_like(x_ND).select(1, 0));
    rows_KD =
        torch::where((counts > 0).unsqueeze(1), sums / counts.clamp_min(1).unsqueeze(1), rows_KD);
  }
  return rows_KD;
}

/// The affine map that gives `y_NC` from `x_ND` best, in squares.
Affine least_squares(const torch::Tensor& x_ND, const torch::Tensor& y_NC) {
  const torch::Tensor x_mean = x_ND.mean(0);
  const torch::Tensor y_mean = y_NC.mean(0);
  const torch::Tensor x = x_ND - x_mean;
  const torch::Tensor moments = torch::matmul(x.t(), x) / x_ND.size(0);
  const double ridge = kRidge * moments.diagonal().mean().item<double>() + kLeastVariance;
  const torch::Tensor weight =
      at::linalg_solve(moments + ridge * torch::eye(moments.size(0), torch::kDouble),
                       torch::matmul(x.t(), y_NC - y_mean) / x_ND.size(0))
          .t();
  return {weight, y_mean - torch::mv(weight, x_mean)};
}

/// A zero row keeps its direction and gets no length.
void set_layer_(codec::WeightNormConv1d& layer, const Affine& map) {
  const torch::Tensor norms = map.weight_OI.norm(2, 1);
  const torch::Tensor is_set = (norms > 0).view({-1, 1, 1});
  const torch::Tensor weight = map.weight_OI.unsqueeze(2).to(layer->weight_v.options());
  layer->weight_v.copy_(torch::where(is_set.to(weight.device()), weight, layer->weight_v));
  layer->weight_g.copy_(norms.view({-1, 1, 1}));
  layer->bias.copy_(map.bias_O);
}

}  // namespace

CodebookInitReport initialise_codebooks_(codec::Autoencoder& model,
                                         std::uint64_t seed,
                                         const std::function<torch::Tensor()>& next_batch) {
  const torch::NoGradGuard no_grad;
  const at::Generator generator = tensor::make_generator(seed);
  const std::int64_t size = model->options().bottleneck.codebook_size;
  const torch::Tensor frames_NC = encoded_frames(model, kFramesPerRow * size, next_batch);
  torch::Tensor residual = frames_NC;
  for (const auto& module : model->rvq->modules(/*include_self=*/false)) {
    auto* quantizer = module->as<codec::VectorQuantizerImpl>();
    if (quantizer == nullptr) continue;
    const std::int64_t dim = quantizer->codebook->weight.size(1);
    const Affine in = principal_directions(residual, dim - 1);
    const torch::Tensor projected_ND = in.of(residual);
    const torch::Tensor rows_KD = fit_rows(projected_ND, size, generator);
    const torch::Tensor found_ND = rows_KD.index({nearest(projected_ND, rows_KD)});
    const Affine out = least_squares(found_ND, residual);
    set_layer_(quantizer->in_proj, in);
    set_layer_(quantizer->out_proj, out);
    quantizer->codebook->weight.copy_(rows_KD);
    residual = residual - out.of(found_ND);
  }
  const auto variance = [](const torch::Tensor& x) { return x.var(0, false).sum().item<double>(); };
  const double total = variance(frames_NC);
  return {.num_frames = frames_NC.size(0), .left_over = total > 0 ? variance(residual) / total : 0};
}

}  // namespace kilonat::train
