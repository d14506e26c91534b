#include "kilonat/generation/latent_batches.h"

#include <algorithm>
#include <set>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "generation/made_set.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"

namespace kilonat::generation {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LatentBatchesTest : public ::testing::Test {
 protected:
  LatentBatches open(const std::vector<MadeClip>& clips, const LatentBatchOptions& options) {
    write_made_set(folder_ / "set", clips);
    set_ = std::make_shared<LatentSet>(folder_ / "set");
    return {set_, "train", options, 11};
  }

  kilonat::testing::TemporaryFolder folder_;
  std::shared_ptr<LatentSet> set_;
};

TEST_F(LatentBatchesTest, FillUpShorterClipsAndMaskThem) {
  LatentBatches batches =
      open({{.clip = 0, .num_frames = 3, .value = 1}, {.clip = 1, .num_frames = 5, .value = 2}},
           {.batch_size = 2});
  const LatentBatch batch = batches.make(0);
  ASSERT_EQ(batch.x_BDF.sizes(), (std::vector<std::int64_t>{2, 2, 5}));
  const std::int64_t is_second = batch.ids[0] == "clip-0" ? 0 : 1;
  EXPECT_EQ(batch.frame_mask_BF[is_second].sum().item<std::int64_t>(), 3);
  EXPECT_EQ(batch.x_BDF[is_second].sum().item<float>(), 6);
  EXPECT_TRUE(batch.frame_mask_BF[1 - is_second].all().item<bool>());
  // 4 samples a frame at 40 Hz, the last frame lacks one sample: 11 of 12.
  EXPECT_FLOAT_EQ(batch.duration_s_B[is_second].item<float>(), 11.0F / 40);
  EXPECT_EQ(batch.captions[is_second], "caption 0");
}

TEST_F(LatentBatchesTest, GiveEveryClipOnceAnEpochInOneOfItsVariants) {
  std::vector<MadeClip> clips;
  for (int clip = 0; clip < 4; ++clip) {
    for (int variant = 0; variant < 3; ++variant) {
      clips.push_back({.clip = clip, .variant = variant, .value = 10.0 * clip + variant});
    }
  }
  LatentBatches batches = open(clips, {.batch_size = 4});
  EXPECT_EQ(batches.num_clips(), 4u);
  std::set<float> variants_seen;
  for (std::uint64_t epoch = 0; epoch < 30; ++epoch) {
    std::vector<std::string> ids;
    const LatentBatch batch = batches.make(epoch);
    for (int b = 0; b < 4; ++b) {
      ids.push_back(batch.ids[b]);
      variants_seen.insert(batch.x_BDF[b][0][0].item<float>());
    }
    std::sort(ids.begin(), ids.end());
    EXPECT_THAT(ids, ElementsAre("clip-0", "clip-1", "clip-2", "clip-3"));
  }
  // One of 12 stays unseen in 30 epochs with probability 12 (2/3)^30 < 1e-4; the seed is fixed.
  EXPECT_EQ(variants_seen.size(), 12u);
}

TEST_F(LatentBatchesTest, DependOnTheSeedAndTheNumberOnly) {
  const std::vector<MadeClip> clips{{.clip = 0, .stddev = 1}, {.clip = 1, .stddev = 1}};
  LatentBatches batches = open(clips, {.batch_size = 2});
  const LatentBatch third = batches.make(3);
  (void)batches.make(0);
  LatentBatches again(set_, "train", {.batch_size = 2}, 11);
  EXPECT_TRUE(torch::equal(third.x_BDF, again.make(3).x_BDF));
  LatentBatches other(set_, "train", {.batch_size = 2}, 12);
  EXPECT_FALSE(torch::equal(third.x_BDF, other.make(3).x_BDF));
}

TEST_F(LatentBatchesTest, DrawTheSamplesAnewEachTime) {
  LatentBatches batches =
      open({{.num_frames = 2000, .value = 3, .stddev = 0.5}}, {.batch_size = 1});
  const torch::Tensor first = batches.make(0).x_BDF;
  EXPECT_FALSE(torch::equal(first, batches.make(1).x_BDF));
  // 4000 draws: the mean's deviation is 0.008, the deviation's 0.0056; five of each.
  EXPECT_NEAR(first.mean().item<float>(), 3, 0.04);
  EXPECT_NEAR(first.std().item<float>(), 0.5, 0.028);
}

TEST_F(LatentBatchesTest, CutLongClipsAtPlacesOfTheirOwn) {
  LatentBatches batches = open({{.num_frames = 50}}, {.batch_size = 8, .max_frames = 10});
  const LatentBatch batch = batches.make(0);
  EXPECT_EQ(batch.x_BDF.size(2), 10);
  EXPECT_FLOAT_EQ(batch.duration_s_B.min().item<float>(), 1);
}

TEST_F(LatentBatchesTest, EndSomeClipsEarly) {
  LatentBatches batches = open({{.num_frames = 50, .value = 1}},
                               {.batch_size = 400, .prefix_share = 0.5, .shortest_frames = 10});
  const torch::Tensor frames_B = batches.make(0).frame_mask_BF.sum(1);
  EXPECT_GE(frames_B.min().item<std::int64_t>(), 10);
  // Half of them, of which one in 41 keeps its length: 205 +- 10 whole; five deviations.
  EXPECT_NEAR((frames_B == 50).sum().item<double>(), 205, 50);
}

TEST_F(LatentBatchesTest, OfOtherSplitsLeaveTheTrainingClipsAlone) {
  LatentBatches batches =
      open({{.clip = 0}, {.clip = 1, .split = "valid", .value = 4}, {.clip = 2, .variant = 1}}, {});
  EXPECT_EQ(batches.num_clips(), 2u);
  const auto picks = plain_picks(*set_, "valid", 3, 1);
  ASSERT_EQ(picks.size(), 1u);
  EXPECT_EQ(picks[0].num_frames, 3);
  EXPECT_EQ(make_batch(*set_, picks).x_BDF.sum().item<float>(), 24);
  EXPECT_THAT(
      kilonat::testing::message_of<DataError>([&] { LatentBatches none(set_, "test", {}, 1); }),
      HasSubstr("none of the 3 clips is in the split 'test'"));
}

}  // namespace
}  // namespace kilonat::generation
