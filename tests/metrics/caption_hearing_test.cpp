#include "kilonat/metrics/caption_hearing.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural_source.h"
#include "kilonat/metrics/caption_aspects.h"

namespace kilonat::metrics {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

std::unique_ptr<data::Source> open(const std::string& spec) {
  return data::make_procedural_source(data::parse_procedural(spec));
}

TEST(CaptionAspects, NamesWhatTheWordsTellOf) {
  EXPECT_THAT(caption_aspects("a low bell with a fast decay"),
              UnorderedElementsAre(Pair("pitch", "low"), Pair("decay", "fast decay")));
  EXPECT_THAT(caption_aspects("two fast footsteps on a hard floor far away"),
              UnorderedElementsAre(Pair("number", "two"),
                                   Pair("speed", "fast"),
                                   Pair("floor", "hard"),
                                   Pair("distance", "far away")));
  EXPECT_THAT(caption_aspects("a high voice singing ah without vibrato"),
              UnorderedElementsAre(
                  Pair("pitch", "high"), Pair("vowel", "ah"), Pair("vibrato", "without vibrato")));
  EXPECT_THAT(caption_aspects("a highland dog on a fastened roof"), IsEmpty());
}

TEST(CheckCaption, FindsEveryWordOfRealClipsRight) {
  const auto source = open("procedural:all,clips=2,seed=7");
  for (std::size_t i = 0; i < source->size(); ++i) {
    const data::ClipInfo& info = source->info(i);
    const auto words = check_caption(info.label, info.caption, source->read(i));
    EXPECT_THAT(words, Not(IsEmpty())) << info.id;
    for (const CheckedWord& word : words) EXPECT_TRUE(word.is_right) << info.id << word.aspect;
  }
}

TEST(CheckCaption, FindsTheOtherWordWrongAndTheRestRight) {
  const auto source = open("procedural:bell,clips=8");
  for (std::size_t i = 0; i < source->size(); ++i) {
    std::string caption = source->info(i).caption;
    const bool is_high = caption.find("high") != std::string::npos;
    caption.replace(
        caption.find(is_high ? "high" : "low"), is_high ? 4 : 3, is_high ? "low" : "high");
    for (const CheckedWord& word : check_caption("bell", caption, source->read(i))) {
      EXPECT_EQ(word.is_right, word.aspect == "decay") << caption;
    }
  }
}

TEST(CheckCaption, SaysNothingOfCaptionsThatAreNotProcedural) {
  const auto rain = open("procedural:rain,clips=1")->read(0);
  EXPECT_THAT(check_caption("rain", "rain falls on a roof", rain), IsEmpty());
  EXPECT_THAT(check_caption("rain", "heavy rain", rain), IsEmpty()) << "no word of its brightness";
  EXPECT_THAT(check_caption("dog bark", "a high bright dog", rain), IsEmpty());
  EXPECT_THAT(check_caption("rain", "heavy bright rain", rain), Not(IsEmpty()));
}

/// What a generator may come up with: silence, a click, NaN, a swell, noise, next to nothing.
std::vector<audio::AudioBuffer> odd_sounds() {
  std::vector<audio::AudioBuffer> sounds(6, audio::make_buffer(16000, 1, 32000));
  sounds[1].channels[0][0] = 1;
  sounds[2].channels[0][100] = std::numeric_limits<float>::quiet_NaN();
  Rng rng{SeedTree(1)};
  for (std::size_t i = 0; i < 32000; ++i) {
    const auto x = static_cast<float>(rng.normal());
    sounds[3].channels[0][i] = x * static_cast<float>(i) / 32000;
    sounds[4].channels[0][i] = x;
  }
  sounds[5] = audio::make_buffer(16000, 1, 1);
  sounds[5].channels[0][0] = 1;
  return sounds;
}

TEST(CheckCaption, TakesOddSoundsForWrongOnesAndDoesNotFail) {
  const auto sounds = odd_sounds();
  for (const auto& sound_class : data::procedural::sound_classes()) {
    const std::string caption =
        open("procedural:" + sound_class.name + ",clips=1")->info(0).caption;
    for (std::size_t i = 0; i < sounds.size(); ++i) {
      const auto words = check_caption(sound_class.name, caption, sounds[i]);
      EXPECT_THAT(words, Not(IsEmpty())) << caption << i;
      const bool is_sound = i == 1 || i == 3 || i == 4;
      if (is_sound) continue;
      EXPECT_TRUE(std::none_of(words.begin(), words.end(), [](auto& w) { return w.is_right; }))
          << caption << i;
    }
  }
}

}  // namespace
}  // namespace kilonat::metrics
