#include "kilonat/generation/latent_set.h"

#include <fstream>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "generation/made_set.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::generation {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LatentSetTest : public ::testing::Test {
 protected:
  std::string error_of_changed_index(const std::string& from, const std::string& to) const {
    const fs::path index = folder_ / "set" / "latents.json";
    std::string text = read_text(index);
    const std::size_t place = text.find(from);
    EXPECT_NE(place, std::string::npos);
    write_text_atomic(index, text.replace(place, from.size(), to));
    return kilonat::testing::message_of<FormatError>([&] { LatentSet set(folder_ / "set"); });
  }

  kilonat::testing::TemporaryFolder folder_;
};

TEST_F(LatentSetTest, GivesBackWhatWasWritten) {
  write_made_set(folder_ / "set",
                 {{.clip = 3, .value = 0.25, .stddev = 0.5},
                  {.clip = 4, .num_frames = 9, .split = "valid", .value = 2}});
  const LatentSet set(folder_ / "set");
  ASSERT_EQ(set.clips().size(), 2u);
  EXPECT_EQ(set.clips()[1].caption, "caption 4");
  EXPECT_EQ(set.clips()[1].split, "valid");
  EXPECT_EQ(set.clips()[1].num_samples, 35);
  EXPECT_TRUE(torch::equal(set.read(0).mean_DF, torch::full({2, 5}, 0.25F)));
  EXPECT_TRUE(torch::equal(set.read(0).stddev_DF, torch::full({2, 5}, 0.5F)));
  EXPECT_TRUE(torch::equal(set.read(1).mean_DF, torch::full({2, 9}, 2.0F)));
  EXPECT_DOUBLE_EQ(set.info().frame_rate_hz(), 10);
  EXPECT_EQ(set.info().loudness_lufs, -16);
  EXPECT_EQ(set.info().nats, (std::vector<double>{3, 0.001}));
  EXPECT_EQ(read_text(set.codec_file()), "codec");
}

TEST_F(LatentSetTest, SpreadsClipsOverShards) {
  // A clip has 2 x 2 x 5 floats: 80 bytes; a shard is full at 100.
  write_made_set(folder_ / "set",
                 {{.clip = 0, .value = 1}, {.clip = 1, .value = 2}, {.clip = 2, .value = 3}},
                 100);
  const LatentSet set(folder_ / "set");
  EXPECT_TRUE(fs::exists(folder_ / "set" / "shard-00001.safetensors"));
  EXPECT_EQ(set.clips()[2].shard, 1);
  EXPECT_FLOAT_EQ(set.read(2).mean_DF[0][0].item<float>(), 3);
}

TEST_F(LatentSetTest, LeavesNothingWithoutFinish) {
  {
    LatentSetWriter writer(folder_ / "set", 1);
    writer.add({.id = "a"}, {torch::zeros({2, 3}), torch::zeros({2, 3})});
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

TEST_F(LatentSetTest, SaysHowToMakeOneThatIsNotThere) {
  const std::string message =
      kilonat::testing::message_of<IoError>([&] { LatentSet set(folder_ / "none"); });
  EXPECT_THAT(message, HasSubstr("kilonat latents MODEL --data SOURCE --out"));
}

TEST_F(LatentSetTest, RefusesAnIndexThatIsWrong) {
  write_made_set(folder_ / "set", {{}});
  EXPECT_THAT(error_of_changed_index("\"format\": 1", "\"format\": 2"), HasSubstr("format 2"));
  EXPECT_THAT(error_of_changed_index("\"format\": 2", "\"format\": 1, \"x\":"),
              HasSubstr("latents.json"));
}

TEST_F(LatentSetTest, RefusesStatisticsOfAnotherWidth) {
  write_made_set(folder_ / "set", {{}});
  EXPECT_THAT(error_of_changed_index("\"latent_channels\": 2", "\"latent_channels\": 3"),
              HasSubstr("contradicts itself"));
}

TEST_F(LatentSetTest, RefusesAShardThatDoesNotFitTheIndex) {
  write_made_set(folder_ / "set", {{}});
  const fs::path index = folder_ / "set" / "latents.json";
  std::string text = read_text(index);
  const std::string from = "\"num_frames\": 5";
  write_text_atomic(index, text.replace(text.find(from), from.size(), "\"num_frames\": 6"));
  const LatentSet set(folder_ / "set");
  EXPECT_THAT(kilonat::testing::message_of<FormatError>([&] { (void)set.read(0); }),
              HasSubstr("clip-0"));
}

}  // namespace
}  // namespace kilonat::generation
