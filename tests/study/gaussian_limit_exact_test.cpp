/// A codec made by hand that lies on the limit: white noise, sample by sample through the Gaussian
/// test channel. What is measured on it must be the limit, neither more nor less.

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/gaussian.h"
#include "kilonat/data/procedural/gaussian.h"
#include "kilonat/study/gaussian_limit.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/codec_eval.h"
#include "kilonat/train/gain_init.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat::study {
namespace {

constexpr std::int64_t kHop = 8;
constexpr double kSourceDeviation = 0.1;
constexpr double kSampleRateHz = 16000;
constexpr const char* kWhite = "procedural:gaussian-white,clips=64,seconds=1.5,rate=16000";

codec::AutoencoderOptions options() {
  codec::AutoencoderOptions options;
  options.sample_rate_hz = static_cast<std::int64_t>(kSampleRateHz);
  options.encoder_channels = 1;
  options.encoder_strides = {kHop};
  options.encoder_channel_multiples = {kHop};
  options.decoder_channels = 1;
  options.decoder_strides = {kHop};
  options.decoder_channel_multiples = {kHop};
  options.final_tanh = false;
  options.bottleneck.latent_channels = kHop;
  return options;
}

/// The weights of a layer by hand; all zero but what is set.
class Layer {
 public:
  Layer(const train::NamedTensors& parameters, const std::string& name)
      : direction_(parameters.at(name + ".weight_v")),
        gain_(parameters.at(name + ".weight_g")),
        bias_(parameters.at(name + ".bias")) {
    direction_.fill_(1);  // of a row with gain 0: any but zero
    gain_.zero_();
    bias_.zero_();
  }

  /// Row `row` becomes this one weight.
  void set(std::int64_t row, std::int64_t column, std::int64_t tap, double value) {
    direction_[row].zero_();
    direction_[row][column][tap] = 1;
    gain_[row].fill_(value);
  }

  [[nodiscard]] torch::Tensor& bias() { return bias_; }

 private:
  torch::Tensor direction_;
  torch::Tensor gain_;
  torch::Tensor bias_;
};

/// Passes x on; its residual branches are silent. kHop samples become the kHop channels of a frame.
void set_trunk(const train::NamedTensors& parameters) {
  Layer(parameters, "encoder.block.0").set(0, 0, 3, 1);
  Layer(parameters, "decoder.model.3").set(0, 0, 3, 1);
  Layer down(parameters, "encoder.block.1.block.4");
  Layer encoder_out(parameters, "encoder.block.3");
  Layer decoder_in(parameters, "decoder.model.0");
  Layer up(parameters, "decoder.model.1.block.1");
  for (std::int64_t i = 0; i < kHop; ++i) {
    down.set(i, 0, kHop / 2 + i, 1);  // padded by half a hop
    encoder_out.set(i, i, 1, 1);
    decoder_in.set(i, i, 3, 1);
    up.set(i, 0, kHop / 2 + i, 1);
  }
  for (const int unit : {0, 1, 2}) {
    Layer(parameters, "encoder.block.1.block." + std::to_string(unit) + ".block.3");
    Layer(parameters, "decoder.model.1.block." + std::to_string(unit + 2) + ".block.3");
  }
}

/// The test channel of a sample x: z = sqrt(1 - s^2) x / sigma + s noise costs -ln s nats against
/// N(0, 1), and sqrt(1 - s^2) sigma z is x but for s^2 sigma^2.
void set_bottleneck(const train::NamedTensors& parameters, double stddev) {
  const double share = std::sqrt(1 - stddev * stddev);
  Layer in(parameters, "quantizer.in_proj");
  Layer out(parameters, "quantizer.out_proj");
  for (std::int64_t i = 0; i < kHop; ++i) {
    in.set(i, i, 0, share / kSourceDeviation);
    out.set(i, i, 0, share * kSourceDeviation);
  }
  in.bias().narrow(0, kHop, kHop).fill_(codec::raw_from_stddev(stddev));
}

codec::Autoencoder test_channel(double stddev) {
  const torch::NoGradGuard no_grad;
  codec::Autoencoder model(options(), /*seed=*/1);
  train::initialise_snakes_(model, 1e-4);  // x + 1e-4 x^2
  const train::NamedTensors parameters = train::parameters_of(*model);
  set_trunk(parameters);
  set_bottleneck(parameters, stddev);
  model->eval();
  return model;
}

train::ClipSet white_clips() {
  return train::open_clips({kWhite}, "valid", {.sample_rate_hz = options().sample_rate_hz});
}

TEST(GaussianLimit, IsWhereAnOptimalCodecIsMeasured) {
  const train::ClipSet clips = white_clips();
  for (const double bits : {0.5, 2.0}) {
    codec::Autoencoder model = test_channel(std::exp2(-bits));
    const LimitGap gap =
        gap_from_limit(limit_of("gaussian-white"), measure_limit_clips(model, clips, 1));
    EXPECT_NEAR(gap.bits_per_sample / bits, 1, 0.01);
    // Of squares of 8 x 24000 samples: sqrt(2 / 192000) of the distortion is 0.014 dB.
    EXPECT_LT(gap.gap_db_error, 0.03);
    EXPECT_NEAR(gap.gap_db / gap.gap_db_error, 0, 4) << gap.gap_db;
    EXPECT_NEAR(gap.gap_bits / gap.gap_bits_error, 0, 4) << gap.gap_bits;
    EXPECT_NO_THROW(require_possible(std::vector<NamedGap>{{"optimal", gap}}));
  }
}

// The public code of this field leaves the factor 0.5 out of the nats; here, once too often in.
TEST(GaussianLimit, CatchesARateThatIsCountedByHalf) {
  codec::Autoencoder model = test_channel(0.5);
  std::vector<LimitClip> coded = measure_limit_clips(model, white_clips(), 1);
  for (LimitClip& clip : coded) clip.bits_per_sample /= 2;
  const LimitGap gap = gap_from_limit(limit_of("gaussian-white"), coded);
  EXPECT_THROW(require_possible(std::vector<NamedGap>{{"halved", gap}}), NumericError);
}

// The mean holds more than was paid for: its error is (1 - share^2)^2 = s^4 of the power.
TEST(GaussianLimit, CatchesAMeanThatIsDecodedInsteadOfASample) {
  codec::Autoencoder model = test_channel(0.5);
  const train::ClipSet clips = white_clips();
  std::vector<LimitClip> coded = measure_limit_clips(model, clips, 1);
  for (std::size_t i = 0; i < clips.size(); ++i) {
    const torch::Tensor audio_CT = clips.clip(i).audio_CT;
    const train::CodedClip of_mean = train::code_clip(model, audio_CT, {.sample = false});
    coded[i].squared_error = (of_mean.reconstruction_CT - audio_CT).square().mean().item<double>();
  }
  const LimitGap gap = gap_from_limit(limit_of("gaussian-white"), coded);
  EXPECT_NEAR(gap.squared_error / data::procedural::kGaussianVariance, 0.0625, 0.002);
  EXPECT_THROW(require_possible(std::vector<NamedGap>{{"mean", gap}}), NumericError);
}

}  // namespace
}  // namespace kilonat::study
