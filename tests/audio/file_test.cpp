#include "kilonat/audio/file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sndfile.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::audio {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class AudioFiles : public ::testing::Test {
 protected:
  AudioFiles()
      : folder_(fs::temp_directory_path() / ("kilonat-audio-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~AudioFiles() override { fs::remove_all(folder_); }

  static AudioBuffer tone(std::int64_t num_channels, std::int64_t num_samples) {
    AudioBuffer buffer = make_buffer(8000, num_channels, num_samples);
    for (std::size_t c = 0; c < buffer.channels.size(); ++c) {
      for (std::size_t i = 0; i < buffer.channels[c].size(); ++i) {
        buffer.channels[c][i] = 0.5F * std::sin(0.01F * static_cast<float>((c + 1) * i));
      }
    }
    return buffer;
  }

  template <class Error>
  void expect_unreadable(const std::string& name, const std::string& part) const {
    try {
      (void)read_audio(folder_ / name);
      FAIL() << name;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(name));
      EXPECT_THAT(error.what(), HasSubstr(part));
    }
  }

  fs::path folder_;
};

TEST_F(AudioFiles, KeepFloatsExactlyInWav) {
  const AudioBuffer sound = tone(2, 10000);
  write_audio(folder_ / "a.wav", sound);
  const AudioBuffer read = read_audio(folder_ / "a.wav");
  EXPECT_EQ(read.channels, sound.channels);
  EXPECT_EQ(read.sample_rate_hz, 8000);
  EXPECT_EQ(probe_audio(folder_ / "a.wav").num_samples, 10000);
}

TEST_F(AudioFiles, KeepTwentyFourBitsInFlac) {
  const AudioBuffer sound = tone(1, 5000);
  write_audio(folder_ / "a.flac", sound);
  const AudioBuffer read = read_audio(folder_ / "a.flac");
  for (std::size_t i = 0; i < 5000; ++i) {
    ASSERT_NEAR(read.channels[0][i], sound.channels[0][i], 1.0 / (1 << 23));
  }
}

/// Writes a second of a tone as libsndfile's own formats do, lossily.
void write_lossy(const fs::path& path, int format, int sample_rate_hz) {
  SF_INFO info{};
  info.samplerate = sample_rate_hz;
  info.channels = 1;
  info.format = format;
  SNDFILE* file = sf_open(path.c_str(), SFM_WRITE, &info);
  ASSERT_NE(file, nullptr) << path << ": " << sf_strerror(nullptr);
  std::vector<float> samples(static_cast<std::size_t>(sample_rate_hz));
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i] =
        0.5F * static_cast<float>(std::sin(2764.6 * static_cast<double>(i) /
                                           static_cast<double>(sample_rate_hz)));  // 440 Hz
  }
  EXPECT_EQ(sf_write_float(file, samples.data(), sample_rate_hz), sample_rate_hz);
  EXPECT_EQ(sf_close(file), 0);
}

TEST_F(AudioFiles, OfLossyFormatsAreRead) {
  struct Lossy {
    const char* name;
    int format;
    int sample_rate_hz;
  };
  for (const Lossy& lossy : {Lossy{"a.ogg", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 44100},
                             Lossy{"a.opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000},
                             Lossy{"a.mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 44100}}) {
    write_lossy(folder_ / lossy.name, lossy.format, lossy.sample_rate_hz);
    const AudioBuffer read = read_audio(folder_ / lossy.name);
    EXPECT_EQ(read.sample_rate_hz, lossy.sample_rate_hz) << lossy.name;
    EXPECT_NEAR(read.duration_s(), 1, 0.06) << lossy.name;
    double power = 0;
    for (const float sample : read.channels[0]) power += sample * sample;
    EXPECT_NEAR(power / static_cast<double>(read.num_samples()), 0.125, 0.02) << lossy.name;
  }
}

TEST_F(AudioFiles, AreReadInPiecesFromAnyPositionAndFromMemory) {
  const AudioBuffer sound = tone(1, 5000);
  write_audio(folder_ / "a.wav", sound);
  AudioReader from_file(folder_ / "a.wav");
  AudioReader from_memory(read_file(folder_ / "a.wav"), "a.wav in a tar");
  for (AudioReader* reader : {&from_file, &from_memory}) {
    reader->seek(4000);
    EXPECT_EQ(reader->read(10).channels[0][3], sound.channels[0][4003]);
    EXPECT_EQ(reader->read(2000).num_samples(), 990);
    EXPECT_EQ(reader->read(2000).num_samples(), 0);
  }
}

TEST_F(AudioFiles, OfEqualSoundsAreEqualBytes) {
  write_audio(folder_ / "a.wav", tone(1, 500));
  write_audio(folder_ / "b.wav", tone(1, 500));
  EXPECT_EQ(read_file(folder_ / "a.wav"), read_file(folder_ / "b.wav"));
  EXPECT_EQ(read_text(folder_ / "a.wav").substr(0, 4), "RIFF");
}

TEST_F(AudioFiles, ThatAreBadAreNamed) {
  std::ofstream(folder_ / "empty.wav").flush();
  std::ofstream(folder_ / "text.wav") << "no sound";
  write_audio(folder_ / "none.wav", tone(1, 0));
  write_audio(folder_ / "nine.wav", tone(9, 10));
  AudioBuffer nan = tone(1, 10);
  nan.channels[0][5] = std::numeric_limits<float>::quiet_NaN();
  write_audio(folder_ / "nan.wav", nan);
  expect_unreadable<IoError>("missing.wav", "");
  expect_unreadable<DataError>("empty.wav", "empty");
  expect_unreadable<DataError>("text.wav", "no sound that can be read");
  expect_unreadable<DataError>("none.wav", "no samples");
  expect_unreadable<DataError>("nine.wav", "9 channels, at most 8");
  expect_unreadable<DataError>("nan.wav", "NaN");
}

TEST_F(AudioFiles, ThatAreCutOffAreNamed) {
  for (const std::string name : {"cut.wav", "cut.flac"}) {
    write_audio(folder_ / name, tone(1, 50000));
    fs::resize_file(folder_ / name, fs::file_size(folder_ / name) / 2);
    expect_unreadable<DataError>(name, "truncated");
  }
}

TEST_F(AudioFiles, WrittenToAPipeMayLeaveTheirSizeOpen) {
  const AudioBuffer sound = tone(1, 500);
  write_audio(folder_ / "pipe.wav", sound);
  std::string bytes = read_text(folder_ / "pipe.wav");
  const std::size_t data = bytes.find("data");
  ASSERT_NE(data, std::string::npos);
  bytes.replace(4, 4, "\xff\xff\xff\xff");
  bytes.replace(data + 4, 4, "\xff\xff\xff\xff");
  std::ofstream(folder_ / "pipe.wav", std::ios::binary) << bytes;
  EXPECT_EQ(read_audio(folder_ / "pipe.wav").channels, sound.channels);
}

TEST_F(AudioFiles, AppearOnCloseOnly) {
  {
    AudioWriter writer(folder_ / "a.wav", {.sample_rate_hz = 8000});
    writer.write(tone(1, 100));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_THROW(AudioWriter(folder_ / "a.mp9", {.sample_rate_hz = 8000}), ConfigError);
  EXPECT_THROW(AudioWriter(folder_ / "no" / "a.wav", {.sample_rate_hz = 8000}), IoError);
}

}  // namespace
}  // namespace kilonat::audio
