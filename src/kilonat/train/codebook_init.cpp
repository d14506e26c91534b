#include "kilonat/train/codebook_init.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/tensor/random.h"
#include "kilonat/train/linear_fit.h"

namespace kilonat::train {
namespace {

constexpr std::int64_t kFramesPerRow = 8;
constexpr std::int64_t kMostFrames = 100'000;
constexpr std::int64_t kMostBatches = 1000;    // of excerpts that are very short
constexpr std::int64_t kQueriesAtOnce = 4096;  // bounds the memory of a lookup
constexpr int kIterations = 10;                // of k-means
constexpr double kRidge = 1e-3;                // of the way back
constexpr double kLeastVariance = 1e-10;       // of what is left, in units of the whole
constexpr const char* kWhat = "fitting the codebooks";

/// The encoder's output over enough batches, [frames, channels], float64 on the CPU.
torch::Tensor encoded_frames(codec::Autoencoder& model,
                             std::int64_t wanted,
                             const std::function<torch::Tensor()>& next_batch) {
  std::vector<torch::Tensor> parts;
  std::int64_t count = 0;
  for (std::int64_t i = 0; count < wanted && i < kMostBatches; ++i) {
    throw_if_interrupted(kWhat);
    const torch::Tensor features_BCF = model->encoder(model->pad_to_frames(next_batch()));
    parts.push_back(features_BCF.transpose(1, 2).reshape({-1, features_BCF.size(1)}).cpu());
    count += parts.back().size(0);
  }
  torch::Tensor frames_NC = torch::cat(parts).to(torch::kDouble);
  KILONAT_REQUIRE(torch::isfinite(frames_NC).all().item<bool>(),
                  NumericError,
                  "{}: the encoder's output is not finite",
                  kWhat);
  return frames_NC;
}

double variance(const torch::Tensor& x_NC) {
  return x_NC.var(0, /*unbiased=*/false).sum().item<double>();
}

/// To the directions of the largest variance, centred, so scaled that the first has a deviation of
/// `scale`. Where `dim` leaves room, the last coordinate is a constant of `scale`.
AffineMap principal_directions(const torch::Tensor& x_NC, std::int64_t dim, double scale) {
  const torch::Tensor mean_C = x_NC.mean(0);
  const torch::Tensor centred = x_NC - mean_C;
  const torch::Tensor covariance = torch::matmul(centred.t(), centred) / x_NC.size(0);
  const auto [variances, vectors] = at::linalg_eigh(covariance);  // ascending
  const std::int64_t used = std::min(std::max<std::int64_t>(dim - 1, 1), x_NC.size(1));
  const torch::Tensor rows =
      vectors.narrow(1, vectors.size(1) - used, used).t() * (scale / variances[-1].sqrt());
  AffineMap map{torch::zeros({dim, x_NC.size(1)}, torch::kDouble),
                torch::zeros({dim}, torch::kDouble)};
  map.weight_OI.narrow(0, 0, used).copy_(rows);
  map.bias_O.narrow(0, 0, used).copy_(-torch::mv(rows, mean_C));
  if (dim > 1) map.bias_O[dim - 1] = scale;
  return map;
}

/// The row that the codebook's lookup finds for each query.
torch::Tensor nearest(const torch::Tensor& queries_ND, const torch::Tensor& rows_KD) {
  const torch::Tensor entries_DK = codec::unit_rows(rows_KD).t();
  std::vector<torch::Tensor> codes;
  for (const torch::Tensor& some : codec::unit_rows(queries_ND).split(kQueriesAtOnce)) {
    codes.push_back(torch::matmul(some, entries_DK).argmax(1));
  }
  return torch::cat(codes);
}

/// Centroids [size, D] of `x_ND` under the codebook's lookup; a row without a query stays.
torch::Tensor fit_rows(const torch::Tensor& x_ND, std::int64_t size, at::Generator generator) {
  const torch::Tensor order = torch::randperm(x_ND.size(0), generator, torch::kInt64);
  torch::Tensor rows_KD = x_ND.index({order.index({torch::arange(size) % x_ND.size(0)})});
  const torch::Tensor ones_N = torch::ones({x_ND.size(0)}, torch::kDouble);
  for (int i = 0; i < kIterations; ++i) {
    throw_if_interrupted(kWhat);
    const torch::Tensor codes_N = nearest(x_ND, rows_KD);
    const torch::Tensor sums = torch::zeros_like(rows_KD).index_add_(0, codes_N, x_ND);
    const torch::Tensor counts_K1 =
        torch::zeros({size}, torch::kDouble).index_add_(0, codes_N, ones_N).unsqueeze(1);
    rows_KD = torch::where(counts_K1 > 0, sums / counts_K1.clamp_min(1), rows_KD);
  }
  return rows_KD;
}

/// A zero row keeps its direction and gets no length.
void set_layer_(codec::WeightNormConv1d& layer, const AffineMap& map) {
  const torch::Tensor lengths_O11 = map.weight_OI.norm(2, 1).view({-1, 1, 1});
  const torch::Tensor drawn = layer->weight_v.cpu().to(torch::kDouble);
  layer->weight_v.copy_(torch::where(lengths_O11 > 0, map.weight_OI.unsqueeze(2), drawn));
  layer->weight_g.copy_(lengths_O11);
  layer->bias.copy_(map.bias_O);
}

/// Fits one stage to `residual_NC`, its queries and rows of length `scale` or so; returns what it
/// leaves over.
torch::Tensor fit_stage_(codec::VectorQuantizerImpl& stage,
                         const torch::Tensor& residual_NC,
                         double scale,
                         const at::Generator& generator) {
  const AffineMap in = principal_directions(residual_NC, stage.codebook->weight.size(1), scale);
  const torch::Tensor projected_ND = in.of(residual_NC);
  const torch::Tensor rows_KD = fit_rows(projected_ND, stage.codebook->weight.size(0), generator);
  const torch::Tensor found_ND = rows_KD.index({nearest(projected_ND, rows_KD)});
  const AffineMap out = least_squares(found_ND, residual_NC, kRidge);
  set_layer_(stage.in_proj, in);
  set_layer_(stage.out_proj, out);
  stage.codebook->weight.copy_(rows_KD);
  return residual_NC - out.of(found_ND);
}

}  // namespace

CodebookInitReport initialise_codebooks_(codec::Autoencoder& model,
                                         std::uint64_t seed,
                                         const std::function<torch::Tensor()>& next_batch) {
  const torch::NoGradGuard no_grad;
  const at::Generator generator = tensor::make_generator(seed);
  const std::int64_t wanted =
      std::min(kFramesPerRow * model->options().bottleneck.codebook_size, kMostFrames);
  torch::Tensor residual_NC = encoded_frames(model, wanted, next_batch);
  const double whole = variance(residual_NC);
  for (codec::VectorQuantizer stage : model->rvq->stages()) {
    if (variance(residual_NC) > kLeastVariance * whole) {
      const double scale = std::sqrt(variance(residual_NC) / whole);
      residual_NC = fit_stage_(*stage, residual_NC, scale, generator);
    } else {
      const torch::Tensor mean_C = residual_NC.mean(0);
      const auto dim = stage->codebook->weight.size(1);
      set_layer_(stage->out_proj, {torch::zeros({mean_C.size(0), dim}, torch::kDouble), mean_C});
      residual_NC = residual_NC - mean_C;
    }
  }
  return {.num_frames = residual_NC.size(0),
          .left_over = whole > 0 ? variance(residual_NC) / whole : 0};
}

}  // namespace kilonat::train
