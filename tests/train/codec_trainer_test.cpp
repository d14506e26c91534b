#include "kilonat/train/codec_trainer.h"

#include <string>

#include "base/temporary_folder.h"
#include "train/small_codec.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/tensor/safetensors.h"

namespace kilonat::train {
namespace {

/// The first codebook after one small step of training.
torch::Tensor first_codebook(bool from_data) {
  const testing::TemporaryFolder folder;
  TrainRequest request;
  request.run_folder = folder.path() / "run";
  CodecTrainOptions& options = request.options;
  options.codec = testing::small_codec();
  options.codec.bottleneck.kind = "rvq";
  options.codec.bottleneck.num_codebooks = 2;
  options.codec.bottleneck.codebook_size = 16;
  options.codec.bottleneck.codebook_dim = 4;
  options.loss.mel.window_lengths = {64};
  options.loss.mel.num_mels = {8};
  options.data.sources = {"procedural:kick,rain,clips=8,seconds=1.5"};
  options.data.excerpts.batch_size = 2;
  options.data.excerpts.duration_s = 0.1;
  options.optim.generator.learning_rate = 1e-4;
  options.init.from_data = from_data;
  options.run.steps = 1;
  const TrainResult result = train_codec(request, nullptr);
  return tensor::SafetensorsFile(result.model).tensor("quantizer.quantizers.0.codebook.weight");
}

TEST(TrainCodec, FitsCodebooksToTheSoundsUnlessToldNotTo) {
  // Fitted rows have a constant as their last coordinate (codebook_init.h).
  const torch::Tensor fitted = first_codebook(true).select(1, 3);
  EXPECT_LT((fitted - 1).abs().max().item<double>(), 0.01);
  const torch::Tensor drawn = first_codebook(false).select(1, 3);
  EXPECT_GT((drawn - 1).abs().max().item<double>(), 0.5);
}

/// Excerpts of 0.1 s, and one step that changes next to nothing.
TrainRequest small_request(const std::filesystem::path& folder) {
  TrainRequest request;
  request.run_folder = folder / "run";
  CodecTrainOptions& options = request.options;
  options.codec = testing::small_codec();
  options.loss.mel.window_lengths = {64};
  options.loss.mel.num_mels = {8};
  options.data.sources = {"procedural:kick,rain,clips=8,seconds=1.5"};
  options.data.excerpts.batch_size = 2;
  options.data.excerpts.duration_s = 0.1;
  options.rate.calibration_excerpts = 16;
  options.rate.edge_frames = 2;
  options.optim.generator.learning_rate = 1e-6;
  options.run.steps = 1;
  return request;
}

TEST(TrainCodec, MeasuresTheRateOfExcerptsThatAreNotAugmented) {
  const testing::TemporaryFolder folder;
  TrainRequest request = small_request(folder.path());
  const double plain_kbps = train_codec(request, nullptr).excerpt_kbps;
  // The same run, measured again at its end.
  request.resume = true;
  request.options.data.excerpts.gain_jitter_db = 20;
  request.options.data.excerpts.shift_phase = true;
  EXPECT_EQ(train_codec(request, nullptr).excerpt_kbps, plain_kbps);
  EXPECT_GT(plain_kbps, 0);
}

}  // namespace
}  // namespace kilonat::train
