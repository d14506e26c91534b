#include "kilonat/train/precision_snr.h"

#include <cmath>

#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace kilonat::train {
namespace {

using testing::small_codec;

codec::Autoencoder make_model(kernels::Precision precision) {
  codec::Autoencoder model(small_codec(), 1);
  model->eval();
  model->set_precision(precision);
  return model;
}

torch::Tensor noise() {
  return 0.3 * torch::randn({1, 4000}, tensor::make_generator(5), torch::TensorOptions());
}

// A rounding to 8 bits is off by at most 2^-9 of the value, so at least 54 dB below it. Each of
// some twenty layers rounds its weights and its output: 16 dB more error, and no gain of a random
// network makes it 100 times more. Float32 against itself would be infinite, or beyond 100 dB.
void expect_that_of_bf16(const std::optional<PrecisionSnr>& snr, double duration_s) {
  ASSERT_TRUE(snr.has_value());
  EXPECT_GT(snr->snr_db, 20);
  EXPECT_LT(snr->snr_db, 60);
  EXPECT_DOUBLE_EQ(snr->duration_s, duration_s);
}

TEST(PrecisionSnr, IsThatOfAKnownDifference) {
  const torch::Tensor x = torch::randn({1000}, tensor::make_generator(1), torch::TensorOptions());
  EXPECT_NEAR(snr_db(x, 1.1 * x), 20, 1e-5);  // float32's own rounding of 1.1
  EXPECT_EQ(snr_db(x, x), INFINITY);
  EXPECT_TRUE(std::isnan(snr_db(torch::zeros({3}), torch::ones({3}))));
}

TEST(PrecisionSnr, OfASoundIsThatOfBfloat16) {
  codec::Autoencoder model = make_model(kernels::Precision::kBf16);
  expect_that_of_bf16(encoding_snr(model, noise()), 0.5);
  expect_that_of_bf16(reconstruction_snr(model, noise()), 0.5);
  const torch::Tensor latent_DF =
      torch::randn({6, 500}, tensor::make_generator(5), torch::TensorOptions());
  expect_that_of_bf16(decoding_snr(model, latent_DF), 0.5);
}

TEST(PrecisionSnr, LeavesTheModelInBfloat16) {
  codec::Autoencoder model = make_model(kernels::Precision::kBf16);
  const torch::NoGradGuard no_grad;
  const torch::Tensor before = model->encode(noise().unsqueeze(0)).latent_BDF;
  (void)encoding_snr(model, noise());
  EXPECT_TRUE(torch::equal(model->encode(noise().unsqueeze(0)).latent_BDF, before));
}

TEST(PrecisionSnr, IsNotThereWithoutAFrame) {
  codec::AutoencoderOptions options = small_codec();
  options.input_padding = "none";
  options.match_official = true;
  codec::Autoencoder model(options, 1);
  model->eval();
  model->set_precision(kernels::Precision::kBf16);
  EXPECT_FALSE(encoding_snr(model, torch::ones({1, 3})).has_value());
}

}  // namespace
}  // namespace kilonat::train
