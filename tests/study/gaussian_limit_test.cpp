#include "kilonat/study/gaussian_limit.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/config/schema.h"
#include "kilonat/train/codec_eval.h"

namespace kilonat::study {
namespace {

using kilonat::testing::message_of;
using kilonat::testing::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

GaussianLimitOptions shipped() {
  GaussianLimitOptions options;
  const std::filesystem::path conf = KILONAT_SOURCE_DIR "/conf/study/gaussian_limit.toml";
  config::load(conf, {}, options);
  return options;
}

/// Two points, trained for two steps on hardly anything.
GaussianLimitOptions tiny() {
  GaussianLimitOptions options = shipped();
  options.limit.sources = {"gaussian-white"};
  options.limit.snr_db = {6, 12};
  options.limit.clips = 16;
  options.limit.clip_s = 1.5;
  options.codec.run.steps = 2;
  options.codec.run.statistics_clips = 1;
  options.codec.rate.calibration_excerpts = 16;
  return options;
}

GaussianLimitRequest request_in(const TemporaryFolder& folder, std::vector<std::size_t>& trained) {
  GaussianLimitRequest request{
      .options = tiny(), .folder = folder / "study", .commands = {"kilonat study gaussian-limit"}};
  request.watch = [&trained](std::size_t index, const LimitPlan&) {
    trained.push_back(index);
    return nullptr;
  };
  return request;
}

codec::Autoencoder with_silent_decoder(const codec::AutoencoderOptions& options) {
  const torch::NoGradGuard no_grad;
  codec::Autoencoder model(options, /*seed=*/3);
  for (const auto& item : model->named_parameters()) {
    const std::string& name = item.key();
    if (name.starts_with("decoder.") && !name.ends_with("weight_v")) item.value().zero_();
  }
  model->eval();
  return model;
}

TEST(PlanPoints, AsksForTheRatesOfTheCurve) {
  const std::vector<LimitPlan> plans = plan_points(shipped());
  ASSERT_EQ(plans.size(), 9u);
  EXPECT_EQ(plans[1].id, "gaussian-white-9dB");
  // White noise: 9 dB are 9 / 6.0206 bits, and with b bits the slope of ln D over ln R is 2 b ln 2.
  const double bits = 9 / (20 * std::log10(2.0));
  EXPECT_NEAR(plans[1].target_bits, bits, 1e-9);
  EXPECT_NEAR(plans[1].options.rate.law.target_kbps, 16 * bits, 1e-6);
  EXPECT_NEAR(plans[1].options.rate.law.initial_beta, 2 * bits * std::log(2.0), 1e-6);
  EXPECT_NEAR(plans[1].options.loss.squared_error_weight, std::pow(10.0, 0.9) / 0.01, 1e-6);
  EXPECT_THAT(plans[1].options.data.sources,
              ElementsAre("procedural:gaussian-white,clips=256,seconds=2.5,seed=0,rate=16000"));
  // Coloured sources need fewer bits for the same ratio.
  for (std::size_t i = 3; i < plans.size(); ++i) {
    EXPECT_LT(plans[i].target_bits, plans[i % 3].target_bits) << plans[i].id;
  }
}

TEST(PlanPoints, LeavesTheSourceAsItIs) {
  for (const LimitPlan& plan : plan_points(shipped())) {
    EXPECT_EQ(plan.options.data.excerpts.loudness_scope, "none");
    EXPECT_EQ(plan.options.data.excerpts.gain_jitter_db, 0);
    EXPECT_FALSE(plan.options.data.excerpts.gate);
    EXPECT_EQ(plan.options.loss.mel_weight, 0);
  }
}

TEST(PlanPoints, NamesTheSourcesForOneThatIsNotThere) {
  GaussianLimitOptions options = shipped();
  options.limit.sources = {"bell"};
  EXPECT_THAT(message_of<ConfigError>([&] { (void)plan_points(options); }),
              HasSubstr("'bell'; there are gaussian-white gaussian-ar2 gaussian-band"));
}

TEST(MeasureLimitClips, CountsTheRateAsEvalDoesAndTheErrorOfSilence) {
  const LimitPlan plan = plan_points(tiny()).front();
  codec::Autoencoder model = with_silent_decoder(plan.options.codec);
  const train::ClipSet clips =
      train::open_clips(plan.options.data.sources, "valid", {.sample_rate_hz = 16000});
  const std::vector<LimitClip> measured = measure_limit_clips(model, clips, 1);
  ASSERT_EQ(measured.size(), 2u);
  const std::vector<std::size_t> all{0, 1};
  const metrics::LatentReport report = train::measure_latents(model, clips, all);
  for (std::size_t i = 0; i < 2; ++i) {
    // The same sums in float64, of the same posterior in float32.
    EXPECT_NEAR(16 * measured[i].bits_per_sample, report.clips[i].rate_kbps, 1e-6);
    // Silence: the error is the power of the clip, but for its ends, 3 % of its 24000 samples,
    // whose power differs from the mean by 10 % or so.
    const double power = clips.clip(i).audio_CT.square().mean().item<double>();
    EXPECT_NEAR(measured[i].squared_error / power, 1, 0.005);
  }
  EXPECT_NE(measured[0].squared_error, measured[1].squared_error);
}

TEST(RunGaussianLimit, WritesItsResultsAndTrainsNothingTwice) {
  const TemporaryFolder folder;
  std::vector<std::size_t> trained;
  const GaussianLimitRequest request = request_in(folder, trained);
  const LimitResults first = run_gaussian_limit(request);
  EXPECT_THAT(trained, ElementsAre(0, 1));
  ASSERT_EQ(first.points.size(), 2u);
  EXPECT_GT(first.points[0].gap.gap_db, 0);  // two steps do not reach the limit
  EXPECT_TRUE(first.missing.empty());
  const std::string written = read_text(folder / "study/gaussian_limit.csv");

  std::filesystem::remove(folder / "study/runs/gaussian-white-12dB/limit.json");
  const LimitResults second = run_gaussian_limit(request);
  EXPECT_THAT(trained, ElementsAre(0, 1, 1));  // gone on with, from its last step
  EXPECT_EQ(read_text(folder / "study/gaussian_limit.csv"), written);
  EXPECT_THAT(written, HasSubstr("\r\ngaussian-white-12dB,"));
  const LimitResults read = load_limit_results(folder / "study/gaussian_limit.json");
  EXPECT_EQ(read.points.size(), 2u);
  EXPECT_EQ(read.curves.size(), 1u);
  EXPECT_EQ(read.commands, request.commands);
}

TEST(RunGaussianLimit, KeepsARunOfAnotherConfigUntilToldTo) {
  const TemporaryFolder folder;
  std::vector<std::size_t> trained;
  GaussianLimitRequest request = request_in(folder, trained);
  request.options.limit.snr_db = {6};
  run_gaussian_limit(request);
  request.options.codec.run.seed = 1;
  EXPECT_THAT(message_of<ConfigError>([&] { run_gaussian_limit(request); }),
              HasSubstr("run.seed = 0 -> 1; --force"));
  request.replace = true;
  EXPECT_EQ(run_gaussian_limit(request).points[0].seed, 1);
}

}  // namespace
}  // namespace kilonat::study
