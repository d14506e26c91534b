#include "kilonat/loss/adversarial.h"

#include <ATen/ATen.h>

#include "kilonat/base/errors.h"

namespace kilonat::loss {

namespace {

void expect_same_count(const FeatureMaps& fake, const FeatureMaps& real) {
  KILONAT_REQUIRE(!fake.empty() && fake.size() == real.size(),
                  ShapeError,
                  "adversarial loss: {} discriminators on the estimate, {} on the reference",
                  fake.size(),
                  real.size());
}

/// In float32 where x is bfloat16: sums of 8-bit numbers are no sums.
at::Tensor float_mean(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 ? x.mean(at::kFloat) : x.mean();
}

}  // namespace

at::Tensor discriminator_loss(const FeatureMaps& fake, const FeatureMaps& real) {
  expect_same_count(fake, real);
  at::Tensor loss;
  for (std::size_t k = 0; k < fake.size(); ++k) {
    const at::Tensor term =
        float_mean(fake[k].back().square()) + float_mean((1 - real[k].back()).square());
    loss = loss.defined() ? loss + term : term;
  }
  return loss;
}

at::Tensor generator_loss(const FeatureMaps& fake) {
  expect_same_count(fake, fake);
  at::Tensor loss;
  for (const auto& maps : fake) {
    const at::Tensor term = float_mean((1 - maps.back()).square());
    loss = loss.defined() ? loss + term : term;
  }
  return loss;
}

at::Tensor feature_matching_loss(const FeatureMaps& fake, const FeatureMaps& real) {
  expect_same_count(fake, real);
  at::Tensor loss;
  for (std::size_t k = 0; k < fake.size(); ++k) {
    for (std::size_t layer = 0; layer + 1 < fake[k].size(); ++layer) {
      const at::Tensor term = float_mean((fake[k][layer] - real[k][layer].detach()).abs());
      loss = loss.defined() ? loss + term : term;
    }
  }
  return loss;
}

}  // namespace kilonat::loss
