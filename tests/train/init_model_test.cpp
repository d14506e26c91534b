#include "kilonat/train/init_model.h"

#include <algorithm>
#include <memory>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include "train/small_codec.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/train/named_tensors.h"

namespace kilonat::train {
namespace {

using ::testing::HasSubstr;
using testing::message_of;
using ::testing::Not;
using testing::small_codec;
using testing::TemporaryFolder;

std::filesystem::path save(const TemporaryFolder& folder, codec::Autoencoder& model) {
  const auto path = folder.path() / "model.safetensors";
  codec::save_model(path, *model, {.origin = "trained"});
  return path;
}

bool is_equal(const codec::Autoencoder& a, const codec::Autoencoder& b, const std::string& name) {
  return torch::equal(state_of(*a).at(name), state_of(*b).at(name));
}

TEST(InitialWeights, AreThoseOfAModelOfTheSameShapes) {
  const TemporaryFolder folder;
  codec::Autoencoder theirs(small_codec(), 1);
  codec::Autoencoder ours(small_codec(), 2);
  EXPECT_TRUE(load_initial_weights_(ours, save(folder, theirs)).has_bottleneck);
  for (const auto& [name, tensor] : state_of(*theirs)) {
    EXPECT_TRUE(torch::equal(state_of(*ours).at(name), tensor)) << name;
  }
}

TEST(InitialWeights, OfAnRvqCodecLeaveTheGaussianBottleneckAsItWas) {
  const TemporaryFolder folder;
  auto options = small_codec();
  options.bottleneck.kind = "rvq";
  options.bottleneck.num_codebooks = 2;
  codec::Autoencoder theirs(options, 1);
  codec::Autoencoder ours(small_codec(), 2);
  const codec::Autoencoder before(small_codec(), 2);
  EXPECT_FALSE(load_initial_weights_(ours, save(folder, theirs)).has_bottleneck);
  EXPECT_TRUE(is_equal(ours, theirs, "encoder.block.0.weight_v"));
  EXPECT_TRUE(is_equal(ours, theirs, "decoder.model.0.weight_v"));
  EXPECT_TRUE(is_equal(ours, before, "quantizer.in_proj.weight_v"));
}

TEST(InitialWeights, WarnOfOptionsThatShowInNoShape) {
  const TemporaryFolder folder;
  auto options = small_codec();
  options.final_tanh = !options.final_tanh;
  options.bottleneck.quantizer_dropout = 0.25;  // means nothing to a gaussian bottleneck
  codec::Autoencoder theirs(options, 1);
  codec::Autoencoder ours(small_codec(), 2);
  ::testing::internal::CaptureStderr();
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  load_initial_weights_(ours, save(folder, theirs));
  codec::Autoencoder alike(small_codec(), 3);
  load_initial_weights_(ours, save(folder, alike));
  spdlog::set_default_logger(before);
  const std::string said = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, HasSubstr("final_tanh = "));
  EXPECT_THAT(said, Not(HasSubstr("quantizer_dropout")));
}

TEST(InitialWeights, NameTheTensorsThatDoNotFit) {
  const TemporaryFolder folder;
  auto options = small_codec();
  options.bottleneck.latent_channels = 4;
  codec::Autoencoder theirs(options, 1);
  codec::Autoencoder ours(small_codec(), 2);
  const std::string message =
      message_of<FormatError>([&] { load_initial_weights_(ours, save(folder, theirs)); });
  EXPECT_THAT(message, HasSubstr("starting from '"));
  EXPECT_THAT(message,
              HasSubstr("'quantizer.in_proj.weight_v' is [8, 16, 1], expected [12, 16, 1]"));
}

}  // namespace
}  // namespace kilonat::train
