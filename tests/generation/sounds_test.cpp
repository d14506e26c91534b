#include "kilonat/generation/sounds.h"

#include <limits>

#include "base/expect_error.h"
#include "generation/small_generator.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/generation/sound_latents.h"

namespace kilonat::generation {
namespace {

using ::testing::HasSubstr;

class Sounds : public ::testing::Test {
 protected:
  Sounds() : model_(small_generator()), codec_(small_decoder()) {}

  std::vector<torch::Tensor> generate(const std::vector<SoundRequest>& requests,
                                      const SoundOptions& how = {.sampler = {.num_steps = 4}}) {
    return generate_sounds(model_, codec_, requests, how);
  }

  torch::Tensor edit(EditRequest request) {
    return edit_sound(model_, codec_, request, {.sampler = {.num_steps = 4}});
  }

  static torch::Tensor sound() {
    return 0.2 * torch::randn({1, 1234}, tensor::make_generator(8), torch::TensorOptions());
  }

  static double distance(const torch::Tensor& a, const torch::Tensor& b) {
    return (a - b).abs().max().item<double>();
  }

  Generator model_;
  codec::Autoencoder codec_;
};

TEST_F(Sounds, AreAsLongAsAsked) {
  // 8 samples a frame: 1001 samples are a part of frame 126.
  const auto sounds = generate({{.prompt = "a bell", .duration_s = 1001.0 / 8000}});
  EXPECT_EQ(sounds[0].sizes(), (std::vector<std::int64_t>{1, 1001}));
  EXPECT_TRUE(torch::isfinite(sounds[0]).all().item<bool>());
}

TEST_F(Sounds, FollowTheirSeedsAndPrompts) {
  const auto sounds = generate({{.prompt = "a bell", .duration_s = 0.1, .seed = 1},
                                {.prompt = "a bell", .duration_s = 0.1, .seed = 1},
                                {.prompt = "a bell", .duration_s = 0.1, .seed = 2},
                                {.prompt = "a dog", .duration_s = 0.1, .seed = 1}});
  EXPECT_EQ(distance(sounds[0], sounds[1]), 0);
  EXPECT_GT(distance(sounds[0], sounds[2]), 1e-3);
  EXPECT_GT(distance(sounds[0], sounds[3]), 1e-5);
}

TEST_F(Sounds, DoNotDependOnThoseBesideThem) {
  const SoundRequest request{.prompt = "a dog", .duration_s = 0.1, .seed = 1};
  const auto alone = generate({request});
  const auto together =
      generate({{.prompt = "a bell and a dog", .duration_s = 0.3, .seed = 7}, request});
  // The same sums in another order: float rounding, some hundred operations of values below 10.
  EXPECT_LT(distance(alone[0], together[1]), 1e-4);
}

TEST_F(Sounds, MoveAwayFromANegativePrompt) {
  const std::vector<SoundRequest> requests{{.prompt = "a bell", .duration_s = 0.1}};
  SoundOptions how{.sampler = {.num_steps = 4}};
  const auto plain = generate(requests, how);
  how.negative = "a dog";
  EXPECT_GT(distance(plain[0], generate(requests, how)[0]), 1e-5);
  how.guidance.scale = 1;  // then nothing but the prompt counts
  const auto unguided = generate(requests, how);
  how.negative = "";
  EXPECT_EQ(distance(unguided[0], generate(requests, how)[0]), 0);
}

TEST_F(Sounds, RefuseNoDuration) {
  EXPECT_THAT(kilonat::testing::message_of<ConfigError>(
                  [&] { (void)generate({{.prompt = "a bell", .duration_s = 0}}); }),
              HasSubstr("expected more than 0"));
}

TEST_F(Sounds, EditedStayThemselvesTheMoreTheLessTheNoise) {
  // At noise near 0 what comes out is the codec's reconstruction of a sample of its posterior.
  const torch::Tensor reconstruction =
      edit({.prompt = "a bell", .audio_CT = sound(), .noise = 1e-4});
  const double little =
      distance(reconstruction, edit({.prompt = "a bell", .audio_CT = sound(), .noise = 0.1}));
  const double much =
      distance(reconstruction, edit({.prompt = "a bell", .audio_CT = sound(), .noise = 1}));
  EXPECT_LT(little, 0.5 * much);
  EXPECT_GT(little, 0);
  EXPECT_EQ(reconstruction.size(1), 1234);
}

TEST_F(Sounds, EditedInASpanStayAsTheyAreOutside) {
  const torch::Tensor before = sound();
  const torch::Tensor after = edit(
      {.prompt = "a dog", .audio_CT = before, .noise = 1, .span = EditRequest::Span{0.05, 0.1}});
  EXPECT_TRUE(torch::equal(after.narrow(1, 0, 400), before.narrow(1, 0, 400)));
  EXPECT_TRUE(torch::equal(after.narrow(1, 800, 434), before.narrow(1, 800, 434)));
  EXPECT_GT(distance(after.narrow(1, 500, 200), before.narrow(1, 500, 200)), 1e-2);
}

TEST_F(Sounds, EditedKeepTheLatentsThatBorderOnTheSpan) {
  // The frames outside the span are known to the sampler in every state: what it makes inside
  // depends on them.
  const EditRequest::Span span{0.05, 0.1};
  const torch::Tensor quiet = 0.01 * sound();
  const auto inside = [&](const torch::Tensor& around) {
    torch::Tensor audio = around.clone();
    audio.narrow(1, 400, 400).zero_();
    return edit({.prompt = "a dog", .audio_CT = audio, .noise = 1, .span = span})
        .narrow(1, 500, 200);
  };
  EXPECT_GT(distance(inside(sound()), inside(quiet)), 1e-5);
}

TEST_F(Sounds, EditedToTheEndOfTimeEndWithTheSound) {
  const at::Tensor before = sound();
  const auto edited = [&](double end_s) {
    return edit({.prompt = "a", .audio_CT = before, .span = EditRequest::Span{0.1, end_s}});
  };
  EXPECT_TRUE(at::equal(edited(std::numeric_limits<double>::infinity()), edited(1e30)));
}

TEST(FrameNoise, OfMoreFramesBeginsWithThatOfFewer) {
  const at::Tensor few = frame_noise(5, 7, SeedTree(3));
  const at::Tensor more = frame_noise(5, 9, SeedTree(3));
  EXPECT_TRUE(at::equal(more.narrow(1, 0, 7), few));
  // 4500 normal values: standard errors 0.015 of the mean, 0.021 of the variance.
  const at::Tensor many = frame_noise(5, 900, SeedTree(3));
  EXPECT_NEAR(many.mean().item<double>(), 0, 0.06);
  EXPECT_NEAR(many.var().item<double>(), 1, 0.09);
}

TEST_F(Sounds, EditedRefuseASpanOutsideTheSound) {
  const auto message = [&](double start_s, double end_s) {
    return kilonat::testing::message_of<ConfigError>([&] {
      (void)edit({.prompt = "a", .audio_CT = sound(), .span = EditRequest::Span{start_s, end_s}});
    });
  };
  EXPECT_THAT(message(0.5, 0.6), HasSubstr("within the sound's 0.154 s"));
  EXPECT_THAT(message(0.1, 0.05), HasSubstr("expected a span"));
  EXPECT_THAT(message(0.1, 0.1 + 1e-9), HasSubstr("no sample lies between"));
  EXPECT_THROW((void)edit({.prompt = "a", .audio_CT = sound(), .noise = 1.5}), ConfigError);
}

}  // namespace
}  // namespace kilonat::generation
