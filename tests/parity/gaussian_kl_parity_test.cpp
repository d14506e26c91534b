/// KL of the gaussian bottleneck against N(0, 1), in nats and bits.

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/codec/gaussian.h"
#include "kilonat/rate/units.h"

namespace kilonat::parity {
namespace {

// The README's relative tolerance in float64; the small absolute part covers values near zero.
constexpr double kRelative = 1e-10;

void expect_relative(const at::Tensor& actual,
                     const at::Tensor& expected,
                     const std::string& name) {
  ASSERT_EQ(actual.sizes(), expected.sizes()) << name;
  EXPECT_TRUE(torch::allclose(actual, expected, kRelative, 1e-13)) << name;
}

TEST(GaussianKlParity, GivesTheReferenceNats) {
  KILONAT_FOR_EACH_FIXTURE(set, "gaussian_kl", ".safetensors") {
    SCOPED_TRACE(set);
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    const at::Tensor mean = file.tensor("mean").to(torch::kFloat64);
    const at::Tensor stddev = (0.5 * file.tensor("logvar").to(torch::kFloat64)).exp();
    const at::Tensor kl = codec::gaussian_kl_nats(mean, stddev);
    expect_relative(kl, file.tensor("kl_nats"), "kl_nats");
    expect_relative(kl.sum(1), file.tensor("kl_nats_per_frame"), "kl_nats_per_frame");
    expect_relative(kl.mean(2).mean(0), file.tensor("kl_nats_per_channel_mean"), "per channel");
    expect_relative(kl.sum(1).mean(), file.tensor("kl_sum_channels_mean"), "kl_sum_channels_mean");
    expect_relative(kl.sum(), file.tensor("kl_total"), "kl_total");
    expect_relative(2 * kl.sum(1).mean(), file.tensor("kl_as_coded"), "kl_as_coded");
  }
}

TEST(GaussianKlParity, GivesTheReferenceNatsFromRawSpread) {
  KILONAT_FOR_EACH_FIXTURE(set, "gaussian_kl", ".safetensors") {
    SCOPED_TRACE(set);
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    const at::Tensor mean = file.tensor("mean").to(torch::kFloat64);
    const at::Tensor stddev = codec::stddev_from_raw(file.tensor("scale_raw").to(torch::kFloat64));
    expect_relative(stddev, file.tensor("std_from_scale"), "std_from_scale");
    expect_relative(
        codec::gaussian_kl_nats(mean, stddev), file.tensor("kl_nats_from_scale"), "kl_nats");
  }
}

TEST(GaussianKlParity, GivesTheReferenceBitrates) {
  KILONAT_FOR_EACH_FIXTURE(set, "gaussian_kl", ".safetensors") {
    SCOPED_TRACE(set);
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    const double nats = file.tensor("kl_sum_channels_mean").item<double>();
    const at::Tensor rates = file.tensor("frame_rates_hz");
    const at::Tensor bits = file.tensor("bits_per_second");
    for (std::int64_t i = 0; i < rates.numel(); ++i) {
      const double expected = bits[i].item<double>();
      const double actual = 1000 * rate::kbps_from_nats(nats, rates[i].item<double>());
      EXPECT_NEAR(actual, expected, kRelative * expected);
    }
  }
}

}  // namespace
}  // namespace kilonat::parity
