#include "kilonat/codec/discriminator.h"

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kilonat/tensor/random.h"

namespace kilonat::codec {
namespace {

/// What one precision makes of a sound.
struct Judged {
  FeatureMaps maps;
  at::Tensor input_gradient;
  std::vector<at::Tensor> weight_gradients;
};

Judged judge(kernels::Precision precision) {
  Discriminator model(DiscriminatorOptions{.periods = {2, 5},
                                           .period_widths = {4, 16, 32},
                                           .fft_sizes = {64},
                                           .resolution_widths = {4, 4, 4}});
  initialise(*model, tensor::make_generator(1));
  model->set_precision(precision);
  at::Tensor x = torch::randn({3, 1, 501}, tensor::make_generator(2), torch::TensorOptions());
  x.requires_grad_();
  Judged result;
  result.maps = model->forward(x);
  at::Tensor loss = torch::zeros({});
  for (const auto& maps : result.maps) {
    for (const at::Tensor& map : maps) loss = loss + map.to(at::kFloat).square().mean();
  }
  std::vector<at::Tensor> inputs = model->parameters();
  inputs.insert(inputs.begin(), x);
  std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, inputs);
  result.input_gradient = gradients.front();
  result.weight_gradients.assign(gradients.begin() + 1, gradients.end());
  return result;
}

double relative(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).norm() / expected.norm()).item<double>();
}

// Float32 folds the signal into two dimensions, bfloat16 puts the period into the batch: two ways
// to the same maps. A rounding is up to 2^-8 of a value, some ten of them follow each other.
TEST(Discriminator, GivesTheSameMapsAndGradientsInBothPrecisions) {
  const Judged exact = judge(kernels::Precision::kFp32);
  const Judged rounded = judge(kernels::Precision::kBf16);
  ASSERT_EQ(exact.maps.size(), 3U);
  for (std::size_t i = 0; i < exact.maps.size(); ++i) {
    ASSERT_EQ(exact.maps[i].size(), rounded.maps[i].size());
    for (std::size_t layer = 0; layer < exact.maps[i].size(); ++layer) {
      const at::Tensor& map = rounded.maps[i][layer];
      EXPECT_EQ(map.scalar_type(), at::kBFloat16);
      ASSERT_EQ(map.sizes(), exact.maps[i][layer].sizes()) << i << " " << layer;
      EXPECT_LT(relative(map.to(at::kFloat), exact.maps[i][layer]), 0.02) << i << " " << layer;
    }
  }
  EXPECT_LT(relative(rounded.input_gradient, exact.input_gradient), 0.05);
  for (std::size_t i = 0; i < exact.weight_gradients.size(); ++i) {
    EXPECT_LT(relative(rounded.weight_gradients[i], exact.weight_gradients[i]), 0.05) << i;
  }
}

}  // namespace
}  // namespace kilonat::codec
