#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/data/excerpt_loader.h"

namespace kilonat::data {
namespace {

/// Clips of 1 s at 8 kHz whose samples are all the clip's number / 100; the clip of number `bad`
/// cannot be read. Clip 5 is loud in its second half only.
class FakeSource : public Source {
 public:
  FakeSource(std::size_t size, std::set<std::size_t> bad) : bad_(std::move(bad)) {
    for (std::size_t i = 0; i < size; ++i) infos_.push_back({.id = "clip-" + std::to_string(i)});
  }
  [[nodiscard]] std::size_t size() const override { return infos_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override { return infos_[index]; }
  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    ++num_reads;
    if (bad_.contains(index)) throw DataError("reading 'clip-" + std::to_string(index) + "': bad");
    audio::AudioBuffer buffer = audio::make_buffer(8000, 1, 8000);
    for (std::size_t i = 0; i < 8000; ++i) {
      const float tone = std::sin(0.5F * static_cast<float>(i));
      const float level = static_cast<float>(index + 1) / 100;
      buffer.channels[0][i] = level + (index == 5 && i >= 4000 ? 0.5F * tone : 0.0F);
    }
    return buffer;
  }
  mutable std::atomic<int> num_reads = 0;

 private:
  std::vector<ClipInfo> infos_;
  std::set<std::size_t> bad_;
};

ExcerptOptions plain_options() {
  ExcerptOptions options;
  options.batch_size = 4;
  options.gate = false;
  options.loudness_scope = "none";
  options.flip_polarity = false;
  return options;
}

std::unique_ptr<ExcerptMaker> make_maker(const std::shared_ptr<const Source>& source,
                                         const ExcerptOptions& options,
                                         std::int64_t num_samples = 1000,
                                         std::uint64_t seed = 1) {
  return std::make_unique<ExcerptMaker>(
      source, options, clip_format(options, 8000, 1), num_samples, seed);
}

std::string clip_of(const std::string& id) {
  return id.substr(0, id.find('@'));
}

TEST(ExcerptMaker, DependsOnSeedAndNumberOnly) {
  const auto source = std::make_shared<FakeSource>(7, std::set<std::size_t>{});
  ExcerptOptions options = plain_options();
  options.flip_polarity = true;
  options.gain_jitter_db = 6;
  options.shift_phase = true;
  const auto a = make_maker(source, options);
  const auto b = make_maker(source, options);
  (void)a->make(0);
  const Batch later = a->make(9);
  EXPECT_TRUE(torch::equal(later.audio_BCT, b->make(9).audio_BCT));
  EXPECT_EQ(later.ids, b->make(9).ids);
  EXPECT_FALSE(
      torch::equal(later.audio_BCT, make_maker(source, options, 1000, 2)->make(9).audio_BCT));
}

TEST(ExcerptMaker, ShowsEveryClipOnceInAnEpoch) {
  const auto source = std::make_shared<FakeSource>(8, std::set<std::size_t>{});
  const auto maker = make_maker(source, plain_options());
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::string> seen;
    for (std::uint64_t half = 0; half < 2; ++half) {
      for (const std::string& id : maker->make(2 * epoch + half).ids) seen.insert(clip_of(id));
    }
    EXPECT_EQ(seen.size(), 8u);
  }
}

TEST(ExcerptMaker, SpreadsTheExcerptsOfAClipEvenlyOverTheEpochs) {
  const auto source = std::make_shared<FakeSource>(1, std::set<std::size_t>{});
  ExcerptOptions options = plain_options();
  options.batch_size = 20;
  const std::vector<std::string> ids = make_maker(source, options, 80)->make(0).ids;
  std::vector<double> starts{0.0, 0.99};  // the first and the last possible, 1 s less 80 samples
  for (const std::string& id : ids) starts.push_back(std::stod(id.substr(id.find('@') + 1)));
  std::sort(starts.begin(), starts.end());
  for (std::size_t i = 1; i < starts.size(); ++i) {
    // 13 to 21 multiples of the golden ratio leave no gap of more than its fifth power, 0.0902
    // (three distance theorem); independent draws leave one of more than 0.1 nine times in ten.
    EXPECT_LT(starts[i] - starts[i - 1], 0.0902 + 0.0101);  // the ids have two decimals
  }
}

TEST(ExcerptMaker, PassesOverClipsThatCannotBeRead) {
  const auto source = std::make_shared<FakeSource>(8, std::set<std::size_t>{2, 3});
  const auto maker = make_maker(source, plain_options());
  for (std::uint64_t number = 0; number < 6; ++number) {
    for (const std::string& id : maker->make(number).ids) {
      EXPECT_NE(clip_of(id), "clip-2");
      EXPECT_NE(clip_of(id), "clip-3");
    }
  }
}

TEST(ExcerptMaker, GivesUpWhenNoClipCanBeRead) {
  const auto source = std::make_shared<FakeSource>(3, std::set<std::size_t>{0, 1, 2});
  const auto maker = make_maker(source, plain_options());
  EXPECT_THROW((void)maker->make(0), DataError);
  EXPECT_THROW((void)maker->make(0), DataError);  // and again: no endless search
  EXPECT_THROW(
      (void)make_maker(std::make_shared<FakeSource>(0, std::set<std::size_t>{}), plain_options()),
      DataError);
}

TEST(ExcerptMaker, ReadsEachClipOnceWhileItFitsTheCache) {
  const auto source = std::make_shared<FakeSource>(8, std::set<std::size_t>{});
  const auto maker = make_maker(source, plain_options());
  for (std::uint64_t number = 0; number < 10; ++number) (void)maker->make(number);
  EXPECT_EQ(source->num_reads, 8);

  ExcerptOptions small = plain_options();
  small.cache_mib = 0;  // only the clip asked for last
  const auto without = make_maker(source, small);
  for (std::uint64_t number = 0; number < 4; ++number) (void)without->make(number);
  EXPECT_GT(source->num_reads, 8 + 8);
}

TEST(ExcerptMaker, FillsShortClipsWithSilence) {
  const auto source = std::make_shared<FakeSource>(1, std::set<std::size_t>{});
  const torch::Tensor audio = make_maker(source, plain_options(), 10000)->make(0).audio_BCT;
  EXPECT_NEAR(audio[0][0][7999].item<float>(), 0.01, 1e-6);
  EXPECT_EQ(audio[0][0].slice(0, 8000).abs().max().item<float>(), 0);
}

TEST(ExcerptMaker, DrawsAgainWhenAnExcerptIsQuiet) {
  ExcerptOptions options = plain_options();
  options.batch_size = 1;
  options.gate = true;
  options.gate_tries = 30;
  const auto source = std::make_shared<FakeSource>(6, std::set<std::size_t>{0, 1, 2, 3, 4});
  const auto maker = make_maker(source, options, 500);
  for (std::uint64_t number = 0; number < 20; ++number) {
    // The first half is a constant, which the meter's high-pass takes for silence.
    EXPECT_GT(maker->make(number).audio_BCT.std().item<float>(), 0.05) << number;
  }
}

TEST(ExcerptMaker, FlipsHalfOfTheExcerptsAndJittersTheirGain) {
  const auto source = std::make_shared<FakeSource>(1, std::set<std::size_t>{});
  ExcerptOptions options = plain_options();
  options.batch_size = 400;
  options.flip_polarity = true;
  options.gain_jitter_db = 6;
  const torch::Tensor levels = make_maker(source, options, 10)->make(0).audio_BCT.select(2, 0);
  const double negative = (levels < 0).sum().item<double>();
  EXPECT_NEAR(negative, 200, 50);  // five standard deviations
  EXPECT_LT(levels.abs().max().item<float>(), 0.01 * 2);
  EXPECT_GT(levels.abs().min().item<float>(), 0.01 / 2);
  EXPECT_GT(levels.abs().std().item<float>(), 0.002);
}

/// One clip of 1 s at 8 kHz: cos(0.5 i).
class ToneSource : public FakeSource {
 public:
  ToneSource() : FakeSource(1, {}) {}
  [[nodiscard]] audio::AudioBuffer read(std::size_t) const override {
    audio::AudioBuffer buffer = audio::make_buffer(8000, 1, 8000);
    for (std::size_t i = 0; i < 8000; ++i) {
      buffer.channels[0][i] = std::cos(0.5F * static_cast<float>(i));
    }
    return buffer;
  }
};

/// The phase that a tone of 0.5 rad a sample begins with.
double phase_of(const float* x) {
  return std::atan2((std::cos(0.5) * x[0] - x[1]) / std::sin(0.5), x[0]);
}

TEST(ExcerptMaker, TurnsEachExcerptByAnAngleOfItsOwn) {
  const auto source = std::make_shared<ToneSource>();
  ExcerptOptions options = plain_options();
  const Batch plain = make_maker(source, options, 64)->make(0);
  options.shift_phase = true;
  const Batch turned = make_maker(source, options, 64)->make(0);
  std::set<int> angles;
  for (std::int64_t b = 0; b < 4; ++b) {
    const auto* x = turned.audio_BCT[b][0].data_ptr<float>();
    const double phase = phase_of(x);
    // A tone to its edges: what is around the excerpt was turned with it.
    for (int i = 0; i < 64; ++i)
      EXPECT_NEAR(x[i], std::cos(phase + 0.5 * i), 0.02) << b << ' ' << i;
    const double angle = phase - phase_of(plain.audio_BCT[b][0].data_ptr<float>());
    angles.insert(static_cast<int>(std::lround(10 * std::remainder(angle, 2 * std::numbers::pi))));
  }
  EXPECT_GT(angles.size(), 2U);
}

TEST(ExcerptMaker, TurnsThePhasesOfExcerptsWithinTheirClip) {
  const auto source = std::make_shared<FakeSource>(6, std::set<std::size_t>{});
  ExcerptOptions options = plain_options();
  const Batch plain = make_maker(source, options)->make(0);
  options.shift_phase = true;
  const Batch turned = make_maker(source, options)->make(0);
  EXPECT_EQ(turned.ids, plain.ids);
  EXPECT_GT((turned.audio_BCT - plain.audio_BCT).abs().max().item<double>(), 1e-3);
  EXPECT_LT(turned.audio_BCT.abs().max().item<double>(),
            2 * plain.audio_BCT.abs().max().item<double>());
  EXPECT_TRUE(torch::equal(make_maker(source, without_augmentation(options))->make(0).audio_BCT,
                           plain.audio_BCT));
}

TEST(ExcerptLoader, GivesTheMakersBatchesInOrderWhateverTheWorkers) {
  const auto source = std::make_shared<FakeSource>(7, std::set<std::size_t>{});
  ExcerptOptions options = plain_options();
  const auto maker = make_maker(source, options);
  options.num_workers = 3;
  ExcerptLoader loader(make_maker(source, options), options);
  for (std::uint64_t number = 0; number < 20; ++number) {
    EXPECT_EQ(loader.position(), number);
    EXPECT_TRUE(torch::equal(loader.next().audio_BCT, maker->make(number).audio_BCT)) << number;
  }
}

TEST(ExcerptLoader, BeginsAtThePositionOfACheckpoint) {
  const auto source = std::make_shared<FakeSource>(7, std::set<std::size_t>{});
  const ExcerptOptions options = plain_options();
  ExcerptLoader whole(make_maker(source, options), options);
  for (int i = 0; i < 5; ++i) (void)whole.next();
  ExcerptLoader resumed(make_maker(source, options), options, whole.position());
  EXPECT_EQ(resumed.next().ids, whole.next().ids);
}

TEST(ExcerptLoader, PassesOnWhatWentWrongInAWorker) {
  const auto source = std::make_shared<FakeSource>(2, std::set<std::size_t>{0, 1});
  const ExcerptOptions options = plain_options();
  ExcerptLoader loader(make_maker(source, options), options);
  EXPECT_THROW((void)loader.next(), DataError);
}

TEST(PrepareClip, MixesResamplesAndNormalises) {
  audio::AudioBuffer raw = audio::make_buffer(16000, 2, 32000);
  for (std::size_t i = 0; i < 32000; ++i) {
    raw.channels[0][i] = 0.02F * std::sin(0.2F * static_cast<float>(i));
    raw.channels[1][i] = raw.channels[0][i];
  }
  const PreparedClip clip =
      prepare_clip(raw, {.sample_rate_hz = 8000, .num_channels = 1, .loudness_lufs = -16});
  EXPECT_EQ(clip.audio.num_channels(), 1);
  EXPECT_NEAR(static_cast<double>(clip.audio.num_samples()), 16000, 1);
  const float peak =
      *std::max_element(clip.audio.channels[0].begin(), clip.audio.channels[0].end());
  EXPECT_NEAR(peak / 0.02, clip.gain, 0.05 * clip.gain);
  EXPECT_GT(clip.gain, 2);
}

}  // namespace
}  // namespace kilonat::data
