#include "kilonat/diffusion/guidance.h"

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

constexpr double kRounding = 2e-5;

struct Case {
  DiffusionTransformer model = busy_transformer();
  at::Tensor x_BCF = random_normal({2, kLatentChannels, 7}, 1);
  Request request{
      .text = captions({4, 2}, 4),
      .duration_s_B = torch::tensor({1.0F, 2.0F}),
      .frame_mask_BF = torch::arange(7).unsqueeze(0) < torch::tensor({7, 5}).unsqueeze(1)};

  at::Tensor velocity(const GuidanceOptions& options, double t = 0.5) {
    return guided_velocity(model, request, options)(x_BCF, t);
  }
  /// One call of the model, with no guidance.
  at::Tensor plain(const text::TextFeatures& text, bool is_dropped, double t = 0.5) {
    const torch::NoGradGuard no_grad;
    return model(x_BCF,
                 torch::full({2}, t),
                 request.duration_s_B,
                 request.frame_mask_BF,
                 text,
                 torch::full({2}, is_dropped));
  }
};

TEST(Guidance, GoesPastTheCaptionAwayFromTheNullCaption) {
  Case a;
  const at::Tensor caption = a.plain(a.request.text, false);
  const at::Tensor null = a.plain(a.request.text, true);
  EXPECT_LT(largest_difference(a.velocity({.scale = 3}), null + 3 * (caption - null)), kRounding);
  EXPECT_LT(largest_difference(a.velocity({.scale = 0}), null), kRounding);
  EXPECT_GT(largest_difference(caption, null), 0.01);
}

TEST(Guidance, GoesAwayFromANegativePromptOfAnyLength) {
  Case a;
  for (const std::int64_t length : {2, 9}) {
    a.request.negative = captions({length, 1}, length, 50);
    const at::Tensor caption = a.plain(a.request.text, false);
    const at::Tensor other = a.plain(*a.request.negative, false);
    EXPECT_LT(largest_difference(a.velocity({.scale = 2}), 2 * caption - other), kRounding);
  }
}

TEST(Guidance, ActsWithinItsTimesOnly) {
  Case a;
  const GuidanceOptions options{.scale = 3, .lowest_time = 0.3, .highest_time = 0.7};
  for (const double t : {0.2, 0.8}) {
    EXPECT_EQ(largest_difference(a.velocity(options, t), a.plain(a.request.text, false, t)), 0);
  }
  EXPECT_GT(largest_difference(a.velocity(options, 0.5), a.plain(a.request.text, false)), 0.01);
}

TEST(Guidance, OfScaleOneIsTheCaptionAlone) {
  Case a;
  EXPECT_EQ(largest_difference(a.velocity({.scale = 1}), a.plain(a.request.text, false)), 0);
}

TEST(Guidance, RescalesEachFrameToTheSpreadOfTheCaption) {
  const at::Tensor caption = random_normal({2, 8, 5}, 1);
  const at::Tensor other = random_normal({2, 8, 5}, 2);
  const auto spread = [](const at::Tensor& x) { return x.std(1, /*unbiased=*/false); };
  const at::Tensor full = guide(caption, other, {.scale = 4, .rescale = 1});
  EXPECT_LT(largest_difference(spread(full), spread(caption)), 1e-5);
  const at::Tensor none = guide(caption, other, {.scale = 4});
  const at::Tensor half = guide(caption, other, {.scale = 4, .rescale = 0.5});
  EXPECT_LT(largest_difference(half, (full + none) / 2), 1e-5);
  EXPECT_GT(largest_difference(spread(none), spread(caption)), 0.5);
}

TEST(Guidance, KeepsPaddingAtZeroWhenItRescales) {
  Case a;
  const at::Tensor y = a.velocity({.scale = 4, .rescale = 1});
  EXPECT_TRUE(torch::isfinite(y).all().item<bool>());
  EXPECT_EQ(y[1].narrow(1, 5, 2).abs().max().item<double>(), 0);
}

TEST(Guidance, RefusesCaptionsOfAnotherWidth) {
  text::TextFeatures wide = captions({2, 2}, 2);
  wide.tokens_BLD = torch::zeros({2, 2, kTextWidth + 1});
  EXPECT_THROW((void)concatenated(captions({2, 2}, 2), wide), ShapeError);
}

}  // namespace
}  // namespace kilonat::diffusion
