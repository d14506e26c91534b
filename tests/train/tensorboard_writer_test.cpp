#include "kilonat/train/tensorboard_writer.h"

#include <cmath>
#include <limits>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "tensorboard.pb.h"

#include "kilonat/base/byte_reader.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/png.h"
#include "kilonat/train/tfrecord.h"
#include "kilonat/train/wav_bytes.h"

namespace kilonat::train {
namespace {

using testing::TemporaryFolder;

// Every event of a file, its checksums verified.
std::vector<tensorboard::Event> read_events(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  ByteReader reader(bytes, path.string());
  std::vector<tensorboard::Event> events;
  while (reader.remaining() > 0) {
    const std::string_view length_bytes = reader.text(8);
    EXPECT_EQ(reader.u32le(), masked_crc32c(length_bytes));
    std::uint64_t length = 0;
    for (int i = 7; i >= 0; --i) {
      length = length << 8 | static_cast<unsigned char>(length_bytes[static_cast<std::size_t>(i)]);
    }
    const std::string_view data = reader.text(length);
    EXPECT_EQ(reader.u32le(), masked_crc32c(data));
    EXPECT_TRUE(events.emplace_back().ParseFromArray(data.data(), static_cast<int>(data.size())));
  }
  return events;
}

// RFC 3720, appendix B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedVectors) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62a8ab43U);
}

TEST(TfRecord, FramesTheDataWithLengthAndChecksums) {
  const std::string record = tfrecord("abc");
  ASSERT_EQ(record.size(), 8U + 4U + 3U + 4U);
  EXPECT_EQ(record[0], 3);
  EXPECT_EQ(record.substr(12, 3), "abc");
}

TEST(TensorBoardWriter, BeginsWithTheFileVersion) {
  const TemporaryFolder folder;
  const TensorBoardWriter writer(folder.path(), std::nullopt);
  const auto events = read_events(writer.path());
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].file_version(), "brain.Event:2");
  EXPECT_NE(writer.path().string().find("tfevents"), std::string::npos);
}

TEST(TensorBoardWriter, WritesAllScalarsOfAStep) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder.path(), std::nullopt);
  const std::vector<Scalar> row = {{"rec/mel", 1.5}, {"rate/kbps", 2.25}};
  writer.scalars(7, row);
  writer.flush();
  const auto events = read_events(writer.path());
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].step(), 7);
  EXPECT_GT(events[1].wall_time(), 1.7e9);
  ASSERT_EQ(events[1].summary().value_size(), 2);
  EXPECT_EQ(events[1].summary().value(1).tag(), "rate/kbps");
  EXPECT_EQ(events[1].summary().value(1).simple_value(), 2.25F);
}

TEST(TensorBoardWriter, PurgesLaterStepsWhenResumed) {
  const TemporaryFolder folder;
  const TensorBoardWriter writer(folder.path(), 40);
  const auto events = read_events(writer.path());
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[1].step(), 41);
  EXPECT_EQ(events[1].session_log().status(), tensorboard::SessionLog::START);
}

TEST(TensorBoardWriter, WritesAnImageAsPng) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder.path(), std::nullopt);
  Image image = make_image(5, 3);
  image.rgb[4] = 200;
  writer.image(1, "spec/0", image);
  writer.flush();
  const auto value = read_events(writer.path()).at(1).summary().value(0);
  EXPECT_EQ(value.image().width(), 5);
  EXPECT_EQ(value.image().height(), 3);
  const std::string& png = value.image().encoded_image_string();
  EXPECT_EQ(decode_png(std::as_bytes(std::span(png))).rgb, image.rgb);
}

TEST(TensorBoardWriter, WritesAudioAsWav) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder.path(), std::nullopt);
  const std::vector<std::vector<float>> channels = {{0.0F, 0.5F, -1.0F}, {2.0F, -2.0F, NAN}};
  writer.audio(1, "audio/0", 16000, channels);
  writer.flush();
  const auto value = read_events(writer.path()).at(1).summary().value(0);
  EXPECT_EQ(value.audio().sample_rate(), 16000);
  EXPECT_EQ(value.audio().num_channels(), 2);
  EXPECT_EQ(value.audio().length_frames(), 3);
  EXPECT_EQ(value.audio().content_type(), "audio/wav");
  EXPECT_EQ(value.audio().encoded_audio_string(), wav_bytes(16000, channels));
}

TEST(WavBytes, HoldInterleavedClippedSamplesAfterTheHeader) {
  const std::vector<std::vector<float>> channels = {{0.0F, 0.5F, -1.0F}, {2.0F, -2.0F, NAN}};
  const std::string wav = wav_bytes(16000, channels);
  ByteReader reader(std::as_bytes(std::span(wav)), "wav");
  EXPECT_EQ(reader.text(4), "RIFF");
  EXPECT_EQ(reader.u32le(), wav.size() - 8);
  EXPECT_EQ(reader.text(8), "WAVEfmt ");
  EXPECT_EQ(reader.u32le(), 16U);
  EXPECT_EQ(reader.u16le(), 1);
  EXPECT_EQ(reader.u16le(), 2);
  EXPECT_EQ(reader.u32le(), 16000U);
  EXPECT_EQ(reader.u32le(), 64000U);
  EXPECT_EQ(reader.u16le(), 4);
  EXPECT_EQ(reader.u16le(), 16);
  EXPECT_EQ(reader.text(4), "data");
  EXPECT_EQ(reader.u32le(), 12U);
  const std::vector<int> expected = {0, 32767, 16384, -32767, -32767, 0};
  for (const int sample : expected) {
    EXPECT_EQ(static_cast<std::int16_t>(reader.u16le()), sample);
  }
}

TEST(TensorBoardWriter, WritesAHistogramThatCountsEveryFiniteValue) {
  const TemporaryFolder folder;
  TensorBoardWriter writer(folder.path(), std::nullopt);
  std::vector<double> values = {std::numeric_limits<double>::infinity(), std::nan("")};
  for (int i = 0; i < 100; ++i) values.push_back(i);
  writer.histogram(3, "nats", values);
  writer.histogram(4, "one", std::vector<double>{2.0});
  writer.histogram(5, "none", std::vector<double>{});
  writer.flush();
  const auto events = read_events(writer.path());
  ASSERT_EQ(events.size(), 3U);
  const auto& histogram = events[1].summary().value(0).histo();
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), 99);
  EXPECT_EQ(histogram.num(), 100);
  EXPECT_EQ(histogram.sum(), 4950);
  double counted = 0;
  for (const double count : histogram.bucket()) counted += count;
  EXPECT_EQ(counted, 100);
  EXPECT_EQ(histogram.bucket_limit(histogram.bucket_limit_size() - 1), 99);
}

TEST(TensorBoardWriter, RefusesAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_THROW(TensorBoardWriter(folder / "no", std::nullopt), IoError);
}

}  // namespace
}  // namespace kilonat::train
