#include "kilonat/metrics/latent_statistics.h"

#include <limits>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

/// [1, D=2, F]: channel 0 holds `mean` +- spread alternately, channel 1 nothing.
codec::Posterior posterior(double mean, double spread, double stddev, std::int64_t num_frames) {
  torch::Tensor means = torch::zeros({1, 2, num_frames});
  for (std::int64_t f = 0; f < num_frames; ++f) {
    means[0][0][f] = mean + (f % 2 == 0 ? spread : -spread);
  }
  torch::Tensor stddevs = torch::ones({1, 2, num_frames});
  stddevs.select(1, 0).fill_(stddev);
  return {means, stddevs};
}

TEST(LatentStatistics, GiveNatsAgainstThePriorAndAgainstTheirOwnGaussian) {
  LatentStatistics statistics(2, 50);
  statistics.add("a", posterior(3, 0.8, 0.6, 100));
  const LatentReport report = statistics.report();
  // KL(N(m, s^2) || N(0, 1)) with E m^2 = 9 + 0.64, s^2 = 0.36.
  const double nats = 0.5 * (9 + 0.64 + 0.36 - 1) - std::log(0.6);
  EXPECT_NEAR(report.nats_per_frame, nats, 1e-6);
  EXPECT_NEAR(report.rate_kbps, nats * 50 / std::log(2.0) / 1000, 1e-6);
  // Its own Gaussian is N(3, 0.64 + 0.36 = 1): the offset of 3 is no information.
  EXPECT_NEAR(report.aggregate.mean_D[0].item<double>(), 3, 1e-6);
  EXPECT_NEAR(report.aggregate.variance_D[0].item<double>(), 1, 1e-6);
  EXPECT_NEAR(report.informative_nats_per_frame, -std::log(0.6), 1e-6);
  EXPECT_EQ(report.active_channels, 1);
  EXPECT_NEAR(report.nats_per_channel[1], 0, 1e-12);
}

TEST(LatentStatistics, CountAnOffsetAloneAsNoInformation) {
  LatentStatistics statistics(2, 50);
  statistics.add("a", posterior(5, 0, 1, 40));
  const LatentReport report = statistics.report();
  EXPECT_NEAR(report.nats_per_frame, 12.5, 1e-6);
  EXPECT_NEAR(report.informative_nats_per_frame, 0, 1e-9);
  EXPECT_EQ(report.active_channels, 0);
}

TEST(LatentStatistics, HaveTheSameInformativeNatsWithoutThePosteriors) {
  LatentStatistics statistics(2, 50);
  statistics.add("a", posterior(3, 0.8, 0.6, 100));
  statistics.add("b", posterior(-1, 0.1, 0.01, 30));
  const LatentReport report = statistics.report();
  const torch::Tensor found_D =
      informative_nats(torch::tensor(report.nats_per_channel, torch::kDouble), report.aggregate);
  for (std::int64_t d = 0; d < 2; ++d) {
    EXPECT_NEAR(found_D[d].item<double>(), report.informative_nats_per_channel[d], 1e-12);
  }
  EXPECT_THROW((void)informative_nats(torch::zeros({3}), report.aggregate), ShapeError);
}

TEST(LatentStatistics, WeighClipsByTheirFramesAndReportTheirSpread) {
  LatentStatistics statistics(2, 50);
  statistics.add("short", posterior(1, 0, 1, 10));  // 0.5 nats
  statistics.add("long", posterior(0, 0, 1, 30));   // none
  const LatentReport report = statistics.report();
  EXPECT_NEAR(report.nats_per_frame, 0.125, 1e-9);
  EXPECT_EQ(report.clips[0].clip, "short");
  EXPECT_NEAR(report.clips[0].nats_per_frame, 0.5, 1e-9);
  EXPECT_NEAR(report.clips[1].seconds, 0.6, 1e-12);
  // Deviations 0.375 (weight 1/4) and 0.125 (weight 3/4) nats.
  const double spread_nats = std::sqrt(0.25 * 0.375 * 0.375 + 0.75 * 0.125 * 0.125);
  EXPECT_NEAR(report.rate_spread_kbps, spread_nats * 50 / std::log(2.0) / 1000, 1e-9);
}

TEST(LatentStatistics, MeasureAgainstTheModelsOwnGaussianWhereGiven) {
  LatentStatistics statistics(2, 50);
  statistics.add("a", posterior(0, 0, 1, 10));
  const StaticGaussian prior{torch::tensor({1.0, 0.0}, torch::kDouble),
                             torch::ones({2}, torch::kDouble)};
  EXPECT_NEAR(statistics.report(prior).informative_nats_per_frame, 0.5, 1e-9);
}

TEST(LatentStatistics, LeaveEdgesOutUnlessNothingElseIsThere) {
  codec::Posterior edges = posterior(0, 0, 1, 10);
  edges.mean_BDF.narrow(2, 0, 2).fill_(100);
  edges.mean_BDF.narrow(2, 8, 2).fill_(100);
  LatentStatistics statistics(2, 50, 2);
  statistics.add("a", edges);
  EXPECT_NEAR(statistics.report().nats_per_frame, 0, 1e-9);
  LatentStatistics wide(2, 50, 5);
  wide.add("a", edges);
  EXPECT_EQ(wide.report().num_frames, 10);
}

TEST(LatentStatistics, NameTheClipWhoseLatentIsNotFinite) {
  LatentStatistics statistics(2, 50);
  codec::Posterior bad = posterior(0, 0, 1, 10);
  bad.mean_BDF[0][1][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(statistics.add("a", bad), NumericError);
  EXPECT_THROW(statistics.add("a", posterior(0, 0, 0, 10)), NumericError);  // ln 0
  EXPECT_THROW((void)statistics.report(), DataError);
}

}  // namespace
}  // namespace kilonat::metrics
