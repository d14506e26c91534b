#include "kilonat/study/embedded_sound.h"

#include <cmath>
#include <string_view>

#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/audio/file.h"

namespace kilonat::study {
namespace {

std::string base64_of_text(std::string_view text) {
  return base64_of(std::as_bytes(std::span(text)));
}

std::vector<std::byte> bytes_of_base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::byte> bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = bits << 6 | static_cast<std::uint32_t>(kDigits.find(c));
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<std::byte>(bits >> count & 255));
  }
  return bytes;
}

TEST(EmbeddedSound, WritesBase64AsTheStandardsExamples) {  // RFC 4648, section 10
  EXPECT_EQ(base64_of_text(""), "");
  EXPECT_EQ(base64_of_text("f"), "Zg==");
  EXPECT_EQ(base64_of_text("fo"), "Zm8=");
  EXPECT_EQ(base64_of_text("foo"), "Zm9v");
  EXPECT_EQ(base64_of_text("foob"), "Zm9vYg==");
  EXPECT_EQ(base64_of_text("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64_of_text("\xff\xfe\xfd"), "//79");
}

TEST(EmbeddedSound, IsTheSoundTo16Bits) {
  const kilonat::testing::TemporaryFolder folder;
  audio::AudioBuffer sound = audio::make_buffer(16000, 2, 4000);
  for (std::size_t i = 0; i < 4000; ++i) {
    sound.channels[0][i] = 0.5F * std::sin(0.05F * static_cast<float>(i));
    sound.channels[1][i] = -0.25F;
  }
  audio::write_audio(folder / "a.wav", sound);
  const EmbeddedSound embedded = embed_sound(folder / "a.wav", folder.path());
  EXPECT_EQ(embedded.sample_rate_hz, 16000);
  EXPECT_DOUBLE_EQ(embedded.seconds, 0.25);

  audio::AudioReader reader(bytes_of_base64(embedded.base64), "embedded");
  const audio::AudioBuffer read = reader.read(5000);
  ASSERT_EQ(read.num_samples(), 4000);
  ASSERT_EQ(read.num_channels(), 2);
  for (std::size_t i = 0; i < 4000; ++i) {
    // One step of 16 bits.
    ASSERT_NEAR(read.channels[0][i], sound.channels[0][i], 1.0 / 32768) << i;
    ASSERT_NEAR(read.channels[1][i], sound.channels[1][i], 1.0 / 32768) << i;
  }
}

TEST(EmbeddedSound, LeavesNothingBehind) {
  const kilonat::testing::TemporaryFolder folder;
  audio::write_audio(folder / "a.wav", audio::make_buffer(16000, 1, 100));
  (void)embed_sound(folder / "a.wav", folder.path());
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    names.push_back(entry.path().filename().string());
  }
  EXPECT_THAT(names, ::testing::ElementsAre("a.wav"));
}

}  // namespace
}  // namespace kilonat::study
