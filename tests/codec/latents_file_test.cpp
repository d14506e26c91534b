#include "kilonat/codec/latents_file.h"

#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/safetensors.h"

namespace kilonat::codec {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class LatentsFile : public ::testing::Test {
 protected:
  LatentsFile()
      : folder_(fs::temp_directory_path() / ("kilonat-latents-" + std::to_string(getpid()))) {
    fs::create_directories(folder_);
  }
  ~LatentsFile() override { fs::remove_all(folder_); }

  static LatentsInfo info(const std::string& bottleneck) {
    return {.bottleneck = bottleneck,
            .sample_rate_hz = 8000,
            .num_channels = 1,
            .hop_length = 8,
            .num_samples = 40000,
            .gain = 0.3,
            .source_sample_rate_hz = 44100};
  }

  static at::Tensor values(std::int64_t rows, std::int64_t frames) {
    return torch::randn({1, rows, frames}, tensor::make_generator(9), torch::TensorOptions());
  }

  /// A gaussian latents file of 5 channels and 5000 frames, in uneven pieces.
  Posterior write_gaussian() {
    const Posterior whole{values(5, 5000), values(5, 5000).abs()};
    LatentsWriter writer(path());
    for (std::int64_t first = 0; first < 5000; first += 700) {
      const std::int64_t count = std::min<std::int64_t>(700, 5000 - first);
      Latent piece;
      piece.posterior = Posterior{whole.mean_BDF.narrow(2, first, count),
                                  whole.stddev_BDF.narrow(2, first, count)};
      writer.append(piece);
    }
    writer.finish(info("gaussian"));
    return whole;
  }

  static AutoencoderOptions model() {
    AutoencoderOptions options;
    options.sample_rate_hz = 8000;
    options.encoder_strides = {2, 4};
    options.decoder_strides = {4, 2};
    options.bottleneck.latent_channels = 5;
    return options;
  }

  fs::path path() const { return folder_ / "a.safetensors"; }
  fs::path folder_;
};

TEST_F(LatentsFile, ReadsBackAnyStretchOfWhatWasAppended) {
  const Posterior whole = write_gaussian();
  LatentsReader reader(path());
  EXPECT_EQ(reader.num_frames(), 5000);
  EXPECT_EQ(reader.info().gain, 0.3);
  EXPECT_EQ(reader.info().num_samples, 40000);
  for (const std::int64_t first : {0, 4000, 4990}) {
    const Latent latent = reader.read(first, 10);
    EXPECT_TRUE(torch::equal(latent.posterior->mean_BDF, whole.mean_BDF.narrow(2, first, 10)));
    EXPECT_TRUE(torch::equal(latent.posterior->stddev_BDF, whole.stddev_BDF.narrow(2, first, 10)));
  }
}

TEST_F(LatentsFile, IsAPlainSafetensorsFileAndLeavesNothingElse) {
  const Posterior whole = write_gaussian();
  const tensor::SafetensorsFile file(path());
  EXPECT_TRUE(torch::equal(file.tensor("mean"), whole.mean_BDF[0]));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
}

TEST_F(LatentsFile, HoldsCodesAsIntegers) {
  Latent latent;
  latent.codes_BQF = torch::arange(12).view({1, 3, 4});
  LatentsWriter writer(path());
  writer.append(latent);
  writer.finish(info("rvq"));
  LatentsReader reader(path());
  EXPECT_TRUE(torch::equal(reader.read(1, 2).codes_BQF, latent.codes_BQF.narrow(2, 1, 2)));
}

TEST_F(LatentsFile, LeavesNothingIfItIsNotFinished) {
  {
    LatentsWriter writer(path());
    Latent latent;
    latent.latent_BDF = values(5, 3);
    writer.append(latent);
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(LatentsFile, SaysWhichModelCannotDecodeIt) {
  (void)write_gaussian();
  LatentsReader reader(path());
  reader.require_fits(model());
  AutoencoderOptions other = model();
  other.bottleneck.latent_channels = 6;
  try {
    reader.require_fits(other);
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(), HasSubstr("number of latent channels is 5, the model's 6"));
  }
}

TEST_F(LatentsFile, IsRefusedTruncatedOrForeign) {
  (void)write_gaussian();
  fs::resize_file(path(), fs::file_size(path()) - 1);
  EXPECT_THROW(LatentsReader{path()}, FormatError);
  fs::resize_file(path(), 5);
  EXPECT_THROW(LatentsReader{path()}, FormatError);
  tensor::save_safetensors(path(), {{"mean", torch::zeros({2, 3})}});
  EXPECT_THROW(LatentsReader{path()}, FormatError);
  EXPECT_THROW(LatentsReader{folder_ / "none"}, IoError);
}

}  // namespace
}  // namespace kilonat::codec
