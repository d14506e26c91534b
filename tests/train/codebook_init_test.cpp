#include "kilonat/train/codebook_init.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

using testing::noise_batch;

struct Size {
  std::int64_t num_codebooks = 2;
  std::int64_t dim = 4;
  std::int64_t rows = 32;
};

codec::Autoencoder drawn(const Size& size = {}) {
  codec::AutoencoderOptions options = testing::small_codec();
  options.bottleneck.kind = "rvq";
  options.bottleneck.num_codebooks = size.num_codebooks;
  options.bottleneck.codebook_size = size.rows;
  options.bottleneck.codebook_dim = size.dim;
  return codec::Autoencoder(options, 7);
}

/// With codebooks from noise.
codec::Autoencoder fitted(const Size& size = {}, std::uint64_t seed = 3) {
  codec::Autoencoder model = drawn(size);
  std::uint64_t batch = 1;
  initialise_codebooks_(model, seed, [&] { return noise_batch(batch++); });
  return model;
}

/// Share of the variance of the encoder's output that decoding its codes leaves over.
double left_over(codec::Autoencoder model, const torch::Tensor& x_BCT) {
  const torch::NoGradGuard no_grad;
  model->eval();
  const torch::Tensor z = model->encoder(model->pad_to_frames(x_BCT));
  const torch::Tensor found = model->rvq->forward(z, 0, {}).z_BCF;
  const std::vector<std::int64_t> over{0, 2};
  const torch::Tensor centred = z - z.mean(at::IntArrayRef(over), /*keepdim=*/true);
  return ((z - found).square().sum() / centred.square().sum()).item<double>();
}

/// Of the first codebook's codes, on sounds that it has not seen [bits].
double entropy_bits(codec::Autoencoder model) {
  const torch::NoGradGuard no_grad;
  model->eval();
  const torch::Tensor codes = model->encode(noise_batch(99)).codes_BQF.select(1, 0).flatten();
  const torch::Tensor shares = torch::bincount(codes).to(torch::kDouble) / codes.size(0);
  return -torch::xlogy(shares, shares).sum().item<double>() / std::log(2.0);
}

torch::Tensor rows_of(const codec::Autoencoder& model, int stage) {
  const std::string name = "quantizer.quantizers." + std::to_string(stage) + ".codebook.weight";
  return model->named_parameters()[name].detach();
}

TEST(InitialiseCodebooks, TakesMoreOfTheSoundWithEveryCodebook) {
  double before = 1;
  for (const std::int64_t count : {1, 2, 4}) {
    const Size size{.num_codebooks = count};
    EXPECT_GT(left_over(drawn(size), noise_batch(99)), 1.0);
    const double left = left_over(fitted(size), noise_batch(99));
    EXPECT_LT(left, 0.8 * before) << count;
    before = left;
  }
}

TEST(InitialiseCodebooks, LetsEveryStageAmplifyAlike) {
  const codec::Autoencoder model = fitted({.num_codebooks = 8});
  const auto gain = [&](int stage) {
    const std::string name = "quantizer.quantizers." + std::to_string(stage) + ".in_proj.weight_g";
    return model->named_parameters()[name].max().item<double>();
  };
  // Eight stages leave little: to bring that back to a length of 1 the last would need far more.
  EXPECT_LT(left_over(model, noise_batch(99)), 0.1);
  EXPECT_LT(gain(7), 1.5 * gain(0));
  EXPECT_GT(gain(7), gain(0) / 3);
  EXPECT_LT(rows_of(model, 7).norm().item<double>(), 0.5 * rows_of(model, 0).norm().item<double>());
}

TEST(InitialiseCodebooks, ReportsWhatIsLeftOver) {
  codec::Autoencoder model = drawn();
  // One batch, again and again: what it was fitted to can be looked at.
  const CodebookInitReport report = initialise_codebooks_(model, 3, [] { return noise_batch(1); });
  EXPECT_EQ(report.num_frames, 8 * 32);
  EXPECT_NEAR(report.left_over, left_over(model, noise_batch(1)), 1e-4);
}

TEST(InitialiseCodebooks, TellsMoreThanRandomRows) {
  EXPECT_GT(entropy_bits(fitted()), entropy_bits(drawn()) + 0.1);  // of 5
}

TEST(InitialiseCodebooks, IsRepeatable) {
  EXPECT_TRUE(torch::equal(rows_of(fitted({}, 3), 1), rows_of(fitted({}, 3), 1)));
  EXPECT_FALSE(torch::equal(rows_of(fitted({}, 3), 1), rows_of(fitted({}, 4), 1)));
}

TEST(InitialiseCodebooks, FitsAnyWidth) {
  const std::int64_t encoder_width = 16;
  for (const std::int64_t dim : {std::int64_t{1}, std::int64_t{2}, encoder_width + 4}) {
    EXPECT_LT(left_over(fitted({.dim = dim}), noise_batch(99)), 1.0) << dim;
  }
}

TEST(InitialiseCodebooks, FitsMoreRowsThanThereAreFrames) {
  codec::Autoencoder model = drawn({.num_codebooks = 1, .rows = 2000});
  std::uint64_t batch = 1;
  const CodebookInitReport report = initialise_codebooks_(
      model, 3, [&] { return noise_batch(batch++).narrow(0, 0, 1).narrow(2, 0, 8); });
  EXPECT_EQ(report.num_frames, 1000);
  EXPECT_LT(report.left_over, 0.5);
}

TEST(InitialiseCodebooks, KeepsWeightsSmallOnSilence) {
  codec::Autoencoder model = drawn();
  initialise_codebooks_(model, 3, [] { return torch::zeros({4, 1, 256}); });
  for (const torch::Tensor& parameter : model->parameters()) {
    EXPECT_LT(parameter.abs().max().item<double>(), 100);  // NaN is not less
  }
  EXPECT_LT((model->forward(torch::zeros({1, 1, 256})).latent.commitment_loss).item<double>(), 100);
}

TEST(InitialiseCodebooks, RefusesAnEncoderThatIsNotFinite) {
  codec::Autoencoder model = drawn();
  EXPECT_THROW(initialise_codebooks_(model,
                                     3,
                                     [] {
                                       return torch::full({4, 1, 256}, std::nanf(""));
                                     }),
               NumericError);
}

}  // namespace
}  // namespace kilonat::train
