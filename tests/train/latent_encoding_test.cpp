#include "kilonat/train/latent_encoding.h"

#include <cmath>
#include <set>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "train/small_codec.h"
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/codec/gaussian.h"
#include "kilonat/generation/latent_batches.h"

namespace kilonat::train {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class EncodeLatents : public ::testing::Test {
 protected:
  EncodeLatents() {
    codec::Autoencoder model(kilonat::testing::small_codec(), 3);
    codec::save_model(folder_ / "codec.safetensors", *model, {.rate_kbps = 4.5});
    loaded_ = codec::load_model(folder_ / "codec.safetensors");
  }

  LatentSummary encode(const LatentOptions& options, const std::string& out = "set") const {
    return encode_latents(loaded_, folder_ / "codec.safetensors", options, folder_ / out);
  }

  static LatentOptions bells() {
    return {.sources = {"procedural:bell,clips=12,seconds=1.5"}, .variants = 3, .seed = 4};
  }

  kilonat::testing::TemporaryFolder folder_;
  codec::LoadedModel loaded_;
};

TEST_F(EncodeLatents, MakesVariantsOfTrainingClipsOnly) {
  const LatentSummary summary = encode(bells());
  const generation::LatentSet set(folder_ / "set");
  std::map<std::string, std::set<std::int64_t>> variants;
  for (const auto& clip : set.clips()) {
    EXPECT_FALSE(clip.caption.empty());
    variants[clip.split + clip.id].insert(clip.variant);
  }
  EXPECT_EQ(static_cast<std::int64_t>(variants.size()), summary.num_clips);
  for (const auto& [name, numbers] : variants) {
    EXPECT_EQ(numbers.size(), name.starts_with("train") ? 3u : 1u) << name;
  }
  EXPECT_EQ(set.info().codec_hash.size(), 16u);
  EXPECT_EQ(set.info().codec_kbps, 4.5);
  EXPECT_NO_THROW((void)codec::load_model(set.codec_file()));
}

TEST_F(EncodeLatents, StoresTheStatisticsOfTheSamples) {
  encode(bells());
  const generation::LatentSet set(folder_ / "set");
  torch::Tensor sum = torch::zeros({6}, torch::kDouble);
  torch::Tensor squares = sum.clone();
  torch::Tensor nats = sum.clone();
  double count = 0;
  for (std::size_t i = 0; i < set.clips().size(); ++i) {
    if (set.clips()[i].split != "train") continue;
    const generation::LatentItem item = set.read(i);
    const auto mean = item.mean_DF.to(torch::kDouble);
    const auto stddev = item.stddev_DF.to(torch::kDouble);
    sum += mean.sum(1);
    squares += (mean.square() + stddev.square()).sum(1);
    nats += codec::gaussian_kl_nats(mean, stddev).sum(1);
    count += static_cast<double>(mean.size(1));
  }
  for (int d = 0; d < 6; ++d) {
    const double mean = sum[d].item<double>() / count;
    EXPECT_NEAR(set.info().mean[d], mean, 1e-6);
    EXPECT_NEAR(
        set.info().stddev[d], std::sqrt(squares[d].item<double>() / count - mean * mean), 1e-6);
    EXPECT_NEAR(set.info().nats[d], nats[d].item<double>() / count, 1e-6);
  }
}

TEST_F(EncodeLatents, TellsTheNormaliserTheNatsAgainstTheChannelsOwnGaussian) {
  encode(bells());
  const generation::LatentSet set(folder_ / "set");
  const diffusion::LatentChannels channels = latent_channels(set.info());
  torch::Tensor nats_D = torch::zeros({6}, torch::kDouble);
  std::int64_t count = 0;
  for (std::size_t i = 0; i < set.clips().size(); ++i) {
    if (set.clips()[i].split != "train") continue;
    const generation::LatentItem item = set.read(i);
    nats_D += codec::gaussian_kl_nats(item.mean_DF.to(torch::kDouble).unsqueeze(0),
                                      item.stddev_DF.to(torch::kDouble).unsqueeze(0),
                                      channels.mean_D,
                                      channels.stddev_D.square())
                  .sum(at::IntArrayRef{0, 2});
    count += item.mean_DF.size(1);
  }
  // The moments are of float64 sums; only their way through text and back rounds.
  EXPECT_LT((channels.nats_D - nats_D / count).abs().max().item<double>(), 1e-9);
}

TEST(LatentChannelsOfASet, LeaveOutAConstantOffsetAndKeepAMeanThatVaries) {
  // By hand: a mean of 3 always, deviation 1: 4.5 nats against N(0, 1), none of them about the
  // sound. A mean of +- 0.8, deviation 0.6: variance 0.64 + 0.36 and -ln 0.6 nats.
  generation::LatentSetInfo info;
  info.mean = {3, 0};
  info.stddev = {1, 1};
  info.nats = {4.5, -std::log(0.6)};
  const diffusion::LatentNormaliser normaliser(latent_channels(info), {});
  EXPECT_TRUE(normaliser.kept().equal(torch::tensor({1})));
}

TEST_F(EncodeLatents, GivesTheSameLatentsForTheSameSeed) {
  encode(bells(), "a");
  encode(bells(), "b");
  LatentOptions other = bells();
  other.seed = 5;
  encode(other, "c");
  const generation::LatentSet a(folder_ / "a");
  const generation::LatentSet b(folder_ / "b");
  const generation::LatentSet c(folder_ / "c");
  EXPECT_TRUE(torch::equal(a.read(0).mean_DF, c.read(0).mean_DF));  // variant 0: as it is
  EXPECT_TRUE(torch::equal(a.read(1).mean_DF, b.read(1).mean_DF));
  EXPECT_FALSE(torch::equal(a.read(1).mean_DF, c.read(1).mean_DF));
}

TEST_F(EncodeLatents, CutsLongClips) {
  LatentOptions options = bells();
  options.max_s = 0.1;
  encode(options);
  const generation::LatentSet set(folder_ / "set");
  for (const auto& clip : set.clips()) {
    EXPECT_EQ(clip.num_samples, 800);
    EXPECT_EQ(clip.num_frames, 100);
  }
}

TEST_F(EncodeLatents, LeavesNothingOnCtrlC) {
  set_interrupt_requested(true);
  EXPECT_THROW(encode(bells()), Interrupted);
  set_interrupt_requested(false);
  EXPECT_FALSE(fs::exists(folder_ / "set"));
}

TEST_F(EncodeLatents, RefusesACodecWithoutPosteriors) {
  codec::AutoencoderOptions options = kilonat::testing::small_codec();
  options.bottleneck.kind = "rvq";
  loaded_.model = codec::Autoencoder(options, 3);
  EXPECT_THAT(kilonat::testing::message_of<ConfigError>([&] { encode(bells()); }),
              HasSubstr("a generator needs 'gaussian'"));
}

}  // namespace
}  // namespace kilonat::train
