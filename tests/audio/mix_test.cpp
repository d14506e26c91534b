#include "kilonat/audio/mix.h"

#include <gtest/gtest.h>

namespace kilonat::audio {
namespace {

AudioBuffer constants(const std::vector<float>& values) {
  AudioBuffer buffer = make_buffer(8000, static_cast<std::int64_t>(values.size()), 4);
  for (std::size_t c = 0; c < values.size(); ++c) buffer.channels[c].assign(4, values[c]);
  return buffer;
}

std::vector<float> first_samples(const AudioBuffer& buffer) {
  std::vector<float> values;
  for (const auto& channel : buffer.channels) values.push_back(channel[0]);
  return values;
}

TEST(MixChannels, AveragesToMonoAndCopiesFromMono) {
  EXPECT_EQ(first_samples(mix_channels(constants({1, 3}), 1)), std::vector<float>{2});
  EXPECT_EQ(first_samples(mix_channels(constants({5}), 2)), (std::vector<float>{5, 5}));
}

TEST(MixChannels, KeepsSidesApartGoingToStereo) {
  EXPECT_EQ(first_samples(mix_channels(constants({1, 2, 3, 6}), 2)), (std::vector<float>{2, 4}));
}

TEST(MixChannels, LeavesTheRightNumberAlone) {
  EXPECT_EQ(first_samples(mix_channels(constants({1, 2}), 2)), (std::vector<float>{1, 2}));
}

TEST(Peak, IsTheLargestMagnitude) {
  EXPECT_EQ(peak(constants({0.5F, -0.75F})), 0.75);
  EXPECT_EQ(peak(AudioBuffer{}), 0);
}

}  // namespace
}  // namespace kilonat::audio
