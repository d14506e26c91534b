#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <thread>

#include "base/expect_error.h"
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/audio/mix.h"
#include "kilonat/base/errors.h"
#include "kilonat/data/procedural/classes.h"
#include "kilonat/data/procedural_source.h"
#include "kilonat/metrics/caption_hearing.h"
#include "kilonat/metrics/signal_measures.h"

namespace kilonat::data {
namespace {

using ::kilonat::testing::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::unique_ptr<Source> open(const std::string& spec) {
  return make_procedural_source(parse_procedural(spec));
}

std::vector<std::string> class_names() {
  std::vector<std::string> names;
  for (const auto& sound_class : procedural::sound_classes()) names.push_back(sound_class.name);
  return names;
}

void expect_sane(const audio::AudioBuffer& clip, const std::string& id) {
  for (const auto& channel : clip.channels) {
    ASSERT_TRUE(std::all_of(channel.begin(), channel.end(), [](float x) {
      return std::isfinite(x);
    })) << id;
    // The ends are faded: 4 ms up from and 30 ms down to nothing.
    EXPECT_LT(std::abs(channel.front()), 1e-6F) << id;
    EXPECT_LT(std::abs(channel.back()), 1e-6F) << id;
  }
  // Peaks are drawn from -12 .. -1 dB; float rounding is far below 1e-4.
  EXPECT_GT(audio::peak(clip), std::pow(10.0, -12.0 / 20) - 1e-4) << id;
  EXPECT_LT(audio::peak(clip), std::pow(10.0, -1.0 / 20) + 1e-4) << id;
}

/// Shares of the energy in octaves from 62 Hz [dB], above -40 dB of all.
std::vector<double> octaves_db(const audio::AudioBuffer& clip) {
  const auto all = metrics::spectrum(metrics::mono(clip));
  std::vector<double> bands;
  for (double low_hz = 62.5; low_hz < 8000; low_hz *= 2) {
    const double share = all.energy(low_hz, 2 * low_hz) / all.energy(0, 8000);
    bands.push_back(10 * std::log10(share + 1e-4));
  }
  return bands;
}

class ProceduralClass : public ::testing::TestWithParam<std::string> {};

TEST_P(ProceduralClass, SoundsAsItsCaptionsSay) {
  for (const char* format : {"clips=40", "clips=16,seed=1,rate=48000,channels=2,seconds=3.5"}) {
    const auto source = open(fmt::format("procedural:{},{}", GetParam(), format));
    std::set<std::string> captions;
    for (std::size_t i = 0; i < source->size(); ++i) {
      EXPECT_EQ(metrics::caption_heard(GetParam(), source->read(i)), source->info(i).caption)
          << source->info(i).id;
      captions.insert(source->info(i).caption);
    }
    // The plainest classes draw two fair coins: that 16 clips show fewer than three of the four
    // outcomes has a probability below 6 x 2^-16 (and the seed is fixed).
    EXPECT_GE(captions.size(), 3u) << format;
  }
}

TEST_P(ProceduralClass, IsFiniteAndNotSilentAndHasNoClicksAtItsEnds) {
  for (const char* format :
       {"", ",rate=22050,channels=2", ",rate=48000,seconds=1.5", ",seconds=7"}) {
    const auto source = open(fmt::format("procedural:{},clips=6{}", GetParam(), format));
    for (std::size_t i = 0; i < source->size(); ++i) {
      expect_sane(source->read(i), source->info(i).id + format);
    }
  }
}

TEST_P(ProceduralClass, HasOtherSoundsUnderEveryNumberAndSeed) {
  const auto source = open("procedural:" + GetParam() + ",clips=8");
  const auto other = open("procedural:" + GetParam() + ",clips=8,seed=1");
  std::set<std::vector<float>> sounds;
  for (std::size_t i = 0; i < 8; ++i) {
    sounds.insert(source->read(i).channels[0]);
    sounds.insert(other->read(i).channels[0]);
  }
  EXPECT_EQ(sounds.size(), 16u);
}

TEST_P(ProceduralClass, FillsBothChannelsOfAStereoClip) {
  const auto source = open("procedural:" + GetParam() + ",clips=4,channels=2");
  for (std::size_t i = 0; i < source->size(); ++i) {
    const audio::AudioBuffer clip = source->read(i);
    ASSERT_EQ(clip.num_channels(), 2);
    double energy[2] = {0, 0};
    for (std::size_t c = 0; c < 2; ++c) {
      for (const float x : clip.channels[c]) energy[c] += x * x;
    }
    // Pans reach +-0.8 for single events: cos^2 against sin^2 of 81 degrees is 16 dB.
    EXPECT_LT(std::abs(10 * std::log10(energy[0] / energy[1])), 20) << source->info(i).id;
    EXPECT_NE(clip.channels[0], clip.channels[1]) << "the room tone at least differs";
  }
}

INSTANTIATE_TEST_SUITE_P(Sounds,
                         ProceduralClass,
                         ::testing::ValuesIn(class_names()),
                         [](const auto& test) { return test.param; });

TEST(ProceduralSource, RepeatsFromTheSeed) {
  const auto one = open("procedural:all,clips=2,seed=5");
  const auto two = open("procedural:all,clips=2,seed=5");
  for (std::size_t i = 0; i < one->size(); ++i) {
    EXPECT_EQ(one->read(i).channels, two->read(i).channels) << one->info(i).id;
  }
}

TEST(ProceduralSource, GivesAClipWhateverElseIsListed) {
  const auto few = open("procedural:bell,clips=3");
  const auto many = open("procedural:wind,bell,clips=9");
  EXPECT_EQ(few->info(2).id, "procedural/bell/0002");
  EXPECT_EQ(many->info(9 + 2).id, "procedural/bell/0002");
  EXPECT_EQ(few->info(2).caption, many->info(9 + 2).caption);
  EXPECT_EQ(few->read(2).channels, many->read(9 + 2).channels);
}

TEST(ProceduralSource, KeepsTheCaptionAtEveryRateAndNumberOfChannels) {
  const auto low = open("procedural:all,clips=4");
  const auto high = open("procedural:all,clips=4,rate=44100,channels=2");
  for (std::size_t i = 0; i < low->size(); ++i) {
    EXPECT_EQ(low->info(i).caption, high->info(i).caption);
  }
}

TEST(ProceduralSource, ReadsTheSameFromSeveralThreads) {
  const auto source = open("procedural:all,clips=1");
  std::vector<audio::AudioBuffer> here;
  std::vector<audio::AudioBuffer> there(source->size());
  std::thread thread([&] {
    for (std::size_t i = 0; i < source->size(); ++i) there[i] = source->read(i);
  });
  for (std::size_t i = 0; i < source->size(); ++i) here.push_back(source->read(i));
  thread.join();
  for (std::size_t i = 0; i < source->size(); ++i) EXPECT_EQ(here[i].channels, there[i].channels);
}

TEST(ProceduralSource, HasEveryClassInBothSplits) {
  const std::shared_ptr<const Source> source = open("procedural:all");
  std::map<std::string, std::set<std::string>> classes;
  for (std::size_t i = 0; i < source->size(); ++i) {
    classes[source->info(i).split].insert(source->info(i).label);
  }
  EXPECT_EQ(classes.size(), 2u);
  EXPECT_EQ(classes["train"].size(), class_names().size());
  EXPECT_EQ(classes["valid"].size(), class_names().size());
  EXPECT_EQ(select_split(source, "valid")->size(), source->size() / 8);
}

TEST(ProceduralSource, HasTheFormatAskedFor) {
  const audio::AudioBuffer plain = open("procedural:kick,clips=1")->read(0);
  EXPECT_EQ(plain.sample_rate_hz, 16000);
  EXPECT_EQ(plain.num_channels(), 1);
  EXPECT_EQ(plain.num_samples(), 40000);
  const audio::AudioBuffer other =
      open("procedural:kick,clips=1,rate=44100,channels=2,seconds=1.75")->read(0);
  EXPECT_EQ(other.sample_rate_hz, 44100);
  EXPECT_EQ(other.num_channels(), 2);
  EXPECT_EQ(other.num_samples(), 77175);
}

TEST(ProceduralSource, ReachesAboveEightKilohertzAtAHigherRate) {
  const auto source = open("procedural:hihat,clips=4,rate=48000");
  for (std::size_t i = 0; i < source->size(); ++i) {
    const auto all = metrics::spectrum(metrics::mono(source->read(i)));
    EXPECT_GT(all.energy(8000, 24000), 0.1 * all.energy(0, 24000));
  }
}

TEST(ProceduralSource, HasClassesThatDiffer) {
  // Nearest neighbour by octave spectrum alone, against 16 other clips of each class. Chance is one
  // in 14; temporal classes (footsteps, kick) share spectra, so half is asked for and well above.
  const auto known = open("procedural:all,clips=16");
  const auto asked = open("procedural:all,clips=4,seed=1");
  std::vector<std::vector<double>> memory;
  for (std::size_t i = 0; i < known->size(); ++i) memory.push_back(octaves_db(known->read(i)));
  std::size_t num_right = 0;
  for (std::size_t i = 0; i < asked->size(); ++i) {
    const std::vector<double> here = octaves_db(asked->read(i));
    const auto distance = [&here](const std::vector<double>& there) {
      double sum = 0;
      for (std::size_t b = 0; b < here.size(); ++b) sum += std::abs(here[b] - there[b]);
      return sum;
    };
    const auto nearest = std::min_element(
        memory.begin(), memory.end(), [&](auto& a, auto& b) { return distance(a) < distance(b); });
    const auto index = static_cast<std::size_t>(nearest - memory.begin());
    num_right += known->info(index).label == asked->info(i).label;
  }
  EXPECT_GT(num_right, asked->size() / 2);
}

TEST(ParseProcedural, TakesNamesAndOptionsInAnyOrder) {
  const ProceduralSpec spec =
      parse_procedural("procedural:bell,clips=5,seed=3,kick,rate=24000,seconds=2,channels=2,bell");
  EXPECT_THAT(spec.classes, ElementsAre("bell", "kick"));
  EXPECT_EQ(spec.clips, 5);
  EXPECT_EQ(spec.seed, 3u);
  EXPECT_EQ(spec.format.sample_rate_hz, 24000);
  EXPECT_EQ(spec.format.num_channels, 2);
  EXPECT_EQ(spec.format.duration_s, 2);
  EXPECT_EQ(parse_procedural("procedural:all").classes, class_names());
}

TEST(ParseProcedural, SaysInOneLineWhatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"procedural:bel", "unknown class 'bel'; did you mean 'bell'? there are all, bell, bird"},
      {"procedural:xylophone", "unknown class 'xylophone'; there are all, bell"},
      {"procedural:all,sed=1", "unknown option 'sed'; did you mean 'seed'? there are channels"},
      {"procedural:all,clips=0", "clips='0', expected 1 to 100000"},
      {"procedural:all,clips=9x", "clips='9x', expected 1 to 100000"},
      {"procedural:all,clips=", "clips='', expected 1 to"},
      {"procedural:all,seconds=1", "seconds='1', expected 1.5 to 30"},
      {"procedural:all,seconds=nan", "seconds='nan', expected 1.5 to 30"},
      {"procedural:all,rate=8000", "rate='8000', expected 16000 to 48000"},
      {"procedural:all,channels=3", "channels='3', expected 1 to 2"},
      {"procedural:all,seed=-1", "seed='-1', expected 0 to"},
      {"procedural:", "unknown class ''; there are all"},
      {"procedural:clips=3", "no class is named; 'procedural:all' has every one"}};
  for (const auto& [spec, part] : cases) {
    const std::string message =
        message_of<ConfigError>([text = std::string(spec)] { (void)parse_procedural(text); });
    EXPECT_THAT(message, AllOf(HasSubstr(part), HasSubstr(spec), Not(HasSubstr("\n"))));
  }
}

TEST(OpenSource, ListsProceduralSoundsBesideOthers) {
  const auto source =
      open_source(std::vector<std::string>{"procedural:bell,clips=2", "procedural:rain,clips=3"});
  EXPECT_EQ(source->size(), 5u);
  EXPECT_EQ(source->info(4).id, "procedural/rain/0002");
  EXPECT_EQ(source->read(4).num_samples(), 40000);
}

}  // namespace
}  // namespace kilonat::data
