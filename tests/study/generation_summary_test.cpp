#include "kilonat/study/generation_summary.h"

#include <cmath>

#include <gtest/gtest.h>

namespace kilonat::study {
namespace {

GenerationPoint point(double kbps, std::uint64_t seed, double kad, double rank) {
  GenerationPoint point;
  point.codec_point = "gaussian-" + std::to_string(kbps);
  point.id = point.codec_point + ".gen" + std::to_string(seed);
  point.status = PointStatus::kDone;
  point.target_kbps = kbps;
  point.rates["kl_kbps"] = kbps;
  point.metrics["kad"] = {kad, kad - 0.1, kad + 0.1};
  point.predictability["effective_rank"] = rank;
  return point;
}

GenerationResults results() {
  GenerationResults results;
  results.metrics.emplace_back();
  results.metrics[0].id = "kad";
  results.points = {point(0.5, 0, 9, 3),
                    point(0.5, 1, 9.1, 3),
                    point(1, 0, 4, 2),
                    point(1, 1, 4.1, 2),
                    point(2, 0, 6, 1),
                    point(2, 1, 6.1, 1)};
  return results;
}

const Correlation* find(const GenerationResults& results, const std::string& measure) {
  for (const Correlation& correlation : results.correlations)
    if (correlation.measure == measure) return &correlation;
  return nullptr;
}

TEST(GenerationSummary, FindsTheBestRateByTheMetric) {
  GenerationResults found = results();
  summarise("kad", found);
  ASSERT_TRUE(found.best);
  EXPECT_EQ(found.best->metric, "kad");
  EXPECT_EQ(found.best->target_kbps, 1);
  ASSERT_EQ(found.best->share.size(), 3U);
  EXPECT_DOUBLE_EQ(found.best->share[1].share, 1);
}

TEST(GenerationSummary, CorrelatesEachMeasureWithEachMetric) {
  GenerationResults found = results();
  summarise("kad", found);
  const Correlation* rank = find(found, "effective_rank");
  ASSERT_NE(rank, nullptr);
  EXPECT_EQ(rank->points, 6);
  // Ranks of the measure (ties shared) 5.5 5.5 3.5 3.5 1.5 1.5, of the metric 5 6 1 2 3 4: sums of
  // products about the means 8, of squares 16 and 17.5.
  EXPECT_NEAR(*rank->spearman, 8 / std::sqrt(16 * 17.5), 1e-12);
  EXPECT_NEAR(*find(found, "kl_kbps")->spearman, -8 / std::sqrt(16 * 17.5), 1e-12);
  EXPECT_EQ(find(found, "eta"), nullptr) << "was not measured";
}

TEST(GenerationSummary, SaysNothingOfTwoRatesOrOfWhatIsMissing) {
  GenerationResults found = results();
  found.points[4].status = PointStatus::kMissing;
  found.points[5].status = PointStatus::kMissing;
  summarise("kad", found);
  EXPECT_FALSE(found.best);
  EXPECT_TRUE(found.correlations.empty());
}

TEST(GenerationSummary, TakesThePredictabilityThatTheCodecHas) {
  Point codec;
  codec.rates["predictive_kbps"] = 1.5;
  codec.latent = LatentFigures{};
  codec.latent->effective_rank = 20;
  const Figures figures = predictability_of(codec);
  EXPECT_EQ(figures, (Figures{{"predictive_kbps", 1.5}, {"effective_rank", 20}}));
}

}  // namespace
}  // namespace kilonat::study
