#include <cmath>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/autoencoder.h"
#include "kilonat/tensor/random.h"

namespace kilonat::codec {
namespace {

TEST(GaussianKl, IsZeroForThePriorItself) {
  const at::Tensor zero = torch::zeros({1, 2, 3}, torch::kFloat64);
  EXPECT_EQ(gaussian_kl_nats(zero, zero + 1).abs().max().item<double>(), 0);
}

TEST(GaussianKl, AgainstAStaticGaussianMatchesTheFormula) {
  const at::Tensor mean = torch::tensor({{{0.3}, {-1.0}}}, torch::kFloat64);
  const at::Tensor stddev = torch::tensor({{{0.5}, {2.0}}}, torch::kFloat64);
  const at::Tensor prior_mean = torch::tensor({0.1, 0.7}, torch::kFloat64);
  const at::Tensor prior_variance = torch::tensor({0.25, 3.0}, torch::kFloat64);
  const at::Tensor kl = gaussian_kl_nats(mean, stddev, prior_mean, prior_variance);
  const auto formula = [](double m, double s, double pm, double pv) {
    return 0.5 * (std::log(pv / (s * s)) + (s * s + (m - pm) * (m - pm)) / pv - 1);
  };
  EXPECT_NEAR(kl[0][0][0].item<double>(), formula(0.3, 0.5, 0.1, 0.25), 1e-12);
  EXPECT_NEAR(kl[0][1][0].item<double>(), formula(-1.0, 2.0, 0.7, 3.0), 1e-12);
}

TEST(GaussianKl, IsLeastAgainstTheAggregatesOwnMoments) {
  const at::Generator generator = tensor::make_generator(1);
  const at::Tensor mean = torch::randn({4, 3, 50}, generator, torch::kFloat64) + 0.5;
  const at::Tensor stddev = 0.1 + torch::rand({4, 3, 50}, generator, torch::kFloat64);
  const at::Tensor centre = mean.mean(2).mean(0);
  const at::Tensor variance =
      (stddev.square() + (mean - centre.view({1, -1, 1})).square()).mean(2).mean(0);
  const double least = gaussian_kl_nats(mean, stddev, centre, variance).mean().item<double>();
  for (const double shift : {-0.1, 0.1}) {
    EXPECT_LT(least,
              gaussian_kl_nats(mean, stddev, centre + shift, variance).mean().item<double>());
    EXPECT_LT(least,
              gaussian_kl_nats(mean, stddev, centre, variance * (1 + shift)).mean().item<double>());
  }
}

TEST(Gaussian, RawSpreadInvertsTheStddev) {
  for (const double stddev : {1e-3, 0.1, 1.0, 3.0}) {
    const at::Tensor raw = torch::tensor(raw_from_stddev(stddev), torch::kFloat64);
    EXPECT_NEAR(stddev_from_raw(raw).item<double>(), stddev, 1e-12);
  }
}

TEST(Gaussian, SamplesOnlyWithAGenerator) {
  const Posterior posterior{.mean_BDF = torch::full({2, 3, 500}, 5.0),
                            .stddev_BDF = torch::full({2, 3, 500}, 2.0)};
  EXPECT_THROW((void)sample(posterior, {}), InternalError);
  const at::Tensor drawn = sample(posterior, tensor::make_generator(2));
  // 3000 draws: five standard errors.
  EXPECT_NEAR(drawn.mean().item<double>(), 5, 5 * 2 / std::sqrt(3000.0));
  EXPECT_NEAR(drawn.std().item<double>(), 2, 5 * 2 / std::sqrt(6000.0));
}

RvqOptions small_rvq() {
  return {.in_channels = 6, .num_codebooks = 3, .codebook_size = 8, .codebook_dim = 4};
}

Autoencoder rvq_model() {
  AutoencoderOptions options;
  options.encoder_channels = 3;
  options.encoder_strides = {2};
  options.decoder_channels = 4;
  options.decoder_strides = {2};
  options.bottleneck = {.kind = "rvq", .num_codebooks = 3, .codebook_size = 8, .codebook_dim = 4};
  Autoencoder model(options, 3);
  model->eval();
  return model;
}

TEST(Rvq, PicksTheEntryOfLeastAngleAndPassesItOnUnnormalised) {
  const torch::NoGradGuard no_grad;
  Autoencoder model = rvq_model();
  const at::Tensor z = torch::randn({2, small_rvq().in_channels, 9});
  const auto out = model->rvq->forward(z, 1, {});
  const at::Tensor table = model->named_parameters()["quantizer.quantizers.0.codebook.weight"];
  const at::Tensor cosine =
      at::cosine_similarity(out.projected_BDF.unsqueeze(1), table.view({1, 8, 4, 1}), /*dim=*/2);
  EXPECT_TRUE(at::equal(cosine.argmax(1), out.codes_BQF.select(1, 0)));
  // projected + (row - projected): rounded once.
  EXPECT_TRUE(torch::allclose(out.quantised_BDF, model->rvq->rows_from_codes(out.codes_BQF)));
}

TEST(Rvq, PassesGradientsStraightThroughAndSplitsTheLosses) {
  Autoencoder model = rvq_model();
  const at::Tensor z = torch::randn({2, 6, 9}).requires_grad_();
  auto out = model->rvq->forward(z, 0, {});
  out.codebook_loss.backward();
  const at::Tensor table = model->named_parameters()["quantizer.quantizers.0.codebook.weight"];
  EXPECT_GT(table.grad().abs().max().item<double>(), 0);
  // The first codebook's distance does not move the encoder; later ones see the residual.
  table.mutable_grad() = at::Tensor();
  out = model->rvq->forward(z, 1, {});
  out.commitment_loss.backward();
  EXPECT_FALSE(table.grad().defined());
  EXPECT_GT(z.grad().abs().max().item<double>(), 0);
  EXPECT_NEAR(out.commitment_loss.item<double>(), out.codebook_loss.item<double>(), 1e-6);
}

TEST(Rvq, RefusesCodesThatItDoesNotHave) {
  Autoencoder model = rvq_model();
  EXPECT_THROW((void)model->rvq->from_codes(torch::full({1, 3, 2}, 8, torch::kInt64)), DataError);
  EXPECT_THROW((void)model->rvq->from_codes(torch::full({1, 3, 2}, -1, torch::kInt64)), DataError);
  EXPECT_THROW((void)model->rvq->from_codes(torch::zeros({1, 4, 2}, torch::kInt64)), DataError);
  EXPECT_THROW((void)model->rvq->project_out(torch::zeros({1, 5, 2})), ShapeError);
  EXPECT_THROW((void)model->rvq->forward(torch::zeros({1, 6, 2}), 4, {}), ConfigError);
}

TEST(Rvq, HasTheNominalRateOfTheOfficialModel) {
  AutoencoderOptions options;
  options.bottleneck.kind = "rvq";
  // 9 codebooks x 10 bits x 44100 / 512 frames.
  EXPECT_NEAR(nominal_rate_kbps(options), 7.752, 1e-3);
  options.bottleneck.kind = "gaussian";
  EXPECT_EQ(nominal_rate_kbps(options), 0);
}

}  // namespace
}  // namespace kilonat::codec
