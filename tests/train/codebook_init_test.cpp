#include "kilonat/train/codebook_init.h"

#include <vector>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kilonat::train {
namespace {

using testing::noise_batch;

codec::AutoencoderOptions small_rvq(std::int64_t num_codebooks) {
  codec::AutoencoderOptions options = testing::small_codec();
  options.bottleneck.kind = "rvq";
  options.bottleneck.num_codebooks = num_codebooks;
  options.bottleneck.codebook_size = 32;
  options.bottleneck.codebook_dim = 4;
  return options;
}

/// Share of the variance of the encoder's output that decoding its codes leaves over.
double left_over(codec::Autoencoder& model, const torch::Tensor& x_BCT) {
  const torch::NoGradGuard no_grad;
  model->eval();
  const torch::Tensor z = model->encoder(model->pad_to_frames(x_BCT));
  const torch::Tensor found = model->rvq->forward(z, 0, {}).z_BCF;
  const std::vector<std::int64_t> over{0, 2};
  return ((z - found).square().sum() / (z - z.mean(at::IntArrayRef(over), true)).square().sum()).item<double>();
}

TEST(InitialiseCodebooks, TakesMoreOfTheSoundWithEveryCodebook) {
  double before = 1;
  for (const std::int64_t count : {1, 2, 4}) {
    codec::Autoencoder model(small_rvq(count), 7);
    EXPECT_GT(left_over(model, noise_batch(99)), 1.0) << "at random";
    std::uint64_t seed = 1;
    const auto report = initialise_codebooks_(model, 3, [&] { return noise_batch(seed++); });
    EXPECT_GE(report.num_frames, 8 * 32);
    EXPECT_LT(report.left_over, 0.8 * before);
    // On sounds that it has not seen.
    EXPECT_NEAR(left_over(model, noise_batch(99)), report.left_over, 0.15);
    before = report.left_over;
  }
}

TEST(InitialiseCodebooks, UsesMostRows) {
  codec::Autoencoder model(small_rvq(1), 7);
  std::uint64_t seed = 1;
  initialise_codebooks_(model, 3, [&] { return noise_batch(seed++); });
  const torch::NoGradGuard no_grad;
  model->eval();
  const torch::Tensor codes = std::get<0>(at::_unique(model->encode(noise_batch(99)).codes_BQF));
  EXPECT_GE(codes.numel(), 24);
}

TEST(InitialiseCodebooks, IsRepeatable) {
  const auto weight = [](std::uint64_t seed) {
    codec::Autoencoder model(small_rvq(2), 7);
    std::uint64_t batch = 1;
    initialise_codebooks_(model, seed, [&] { return noise_batch(batch++); });
    return model->named_parameters()["quantizer.quantizers.1.codebook.weight"].detach().clone();
  };
  EXPECT_TRUE(torch::equal(weight(3), weight(3)));
  EXPECT_FALSE(torch::equal(weight(3), weight(4)));
}

TEST(InitialiseCodebooks, StaysFiniteOnSilence) {
  codec::Autoencoder model(small_rvq(2), 7);
  initialise_codebooks_(model, 3, [] { return torch::zeros({4, 1, 256}); });
  for (const torch::Tensor& parameter : model->parameters()) {
    EXPECT_TRUE(torch::isfinite(parameter).all().item<bool>());
  }
}

}  // namespace
}  // namespace kilonat::train
