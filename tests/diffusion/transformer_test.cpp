#include "kilonat/diffusion/transformer.h"

#include <limits>

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::diffusion {
namespace {

// Sums of float32 in another order, through two blocks of values near 1.
constexpr double kRounding = 2e-5;

/// Arguments of forward() for two sounds.
struct Inputs {
  at::Tensor x_BCF = random_normal({2, kLatentChannels, 9}, 1);
  at::Tensor t_B = torch::tensor({0.3F, 0.8F});
  at::Tensor duration_s_B = torch::tensor({0.5F, 2.0F});
  at::Tensor frame_mask_BF{};
  text::TextFeatures text = captions({4, 2}, 4);
  at::Tensor is_dropped_B{};

  at::Tensor run(DiffusionTransformer& model) const {
    return model(x_BCF, t_B, duration_s_B, frame_mask_BF, text, is_dropped_B);
  }
};

/// The same sounds with `extra` frames of padding that hold `garbage`.
Inputs padded(const Inputs& in, std::int64_t extra, double garbage) {
  Inputs out = in;
  out.x_BCF = torch::cat({in.x_BCF, torch::full({2, kLatentChannels, extra}, garbage)}, 2);
  out.frame_mask_BF = (torch::arange(9 + extra) < 9).expand({2, -1});
  return out;
}

TEST(DiffusionTransformer, GivesValidFramesWhateverThePaddingHolds) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  const Inputs in;
  const at::Tensor expected = in.run(model);
  for (const double garbage : {0.0, 1e4, std::numeric_limits<double>::quiet_NaN()}) {
    const at::Tensor y = padded(in, 6, garbage).run(model);
    EXPECT_LT(largest_difference(y.narrow(2, 0, 9), expected), kRounding) << garbage;
    EXPECT_EQ(y.narrow(2, 9, 6).abs().max().item<double>(), 0) << garbage;
  }
}

TEST(DiffusionTransformer, LearnsTheSameWhateverThePaddingHolds) {
  std::vector<at::Tensor> gradients;
  for (const bool has_padding : {false, true}) {
    DiffusionTransformer model = busy_transformer();
    const Inputs in;
    (has_padding ? padded(in, 6, 50) : in).run(model).square().sum().backward();
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : model->parameters())
      parts.push_back(parameter.grad().flatten());
    gradients.push_back(torch::cat(parts));
  }
  const double size = gradients[0].abs().max().item<double>();
  EXPECT_LT(largest_difference(gradients[0], gradients[1]), kRounding * size);
}

TEST(DiffusionTransformer, GivesEachRowByItself) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  const Inputs in;
  Inputs second;
  second.x_BCF = in.x_BCF.narrow(0, 1, 1);
  second.t_B = in.t_B.narrow(0, 1, 1);
  second.duration_s_B = in.duration_s_B.narrow(0, 1, 1);
  second.text = {in.text.tokens_BLD.narrow(0, 1, 1),
                 in.text.mask_BL.narrow(0, 1, 1),
                 in.text.pooled_BD.narrow(0, 1, 1)};
  EXPECT_LT(largest_difference(in.run(model)[1], second.run(model)[0]), kRounding);
}

TEST(DiffusionTransformer, IgnoresMaskedTokens) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  const Inputs in;
  Inputs longer;
  longer.text = captions({4, 2}, 9);
  longer.text.tokens_BLD =
      torch::where(longer.text.mask_BL.unsqueeze(2), longer.text.tokens_BLD, 30.0F);
  EXPECT_LT(largest_difference(in.run(model), longer.run(model)), kRounding);
}

TEST(DiffusionTransformer, SeesNothingOfATextThatIsDropped) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  Inputs dropped;
  dropped.is_dropped_B = torch::tensor({true, false});
  Inputs other = dropped;
  other.text = captions({3, 3}, 4, /*seed=*/99);
  const at::Tensor y = dropped.run(model);
  const at::Tensor y_other = other.run(model);
  EXPECT_EQ(largest_difference(y[0], y_other[0]), 0);
  EXPECT_GT(largest_difference(y[1], y_other[1]), 0.01);
  EXPECT_GT(largest_difference(y[0], Inputs().run(model)[0]), 0.01);
}

TEST(DiffusionTransformer, TakesACaptionWithoutTokensForDropped) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  Inputs empty;
  empty.text = captions({0, 2}, 4);
  Inputs dropped;
  dropped.is_dropped_B = torch::tensor({true, false});
  EXPECT_EQ(largest_difference(empty.run(model)[0], dropped.run(model)[0]), 0);
}

TEST(DiffusionTransformer, ListensToTimeAndDuration) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  const at::Tensor y = Inputs().run(model);
  Inputs later;
  later.t_B = torch::tensor({0.4F, 0.8F});
  Inputs shorter;
  shorter.duration_s_B = torch::tensor({0.5F, 1.0F});
  EXPECT_GT(largest_difference(later.run(model)[0], y[0]), 0.01);
  EXPECT_EQ(largest_difference(later.run(model)[1], y[1]), 0);
  EXPECT_GT(largest_difference(shorter.run(model)[1], y[1]), 0.01);
}

TEST(DiffusionTransformer, KnowsTheOrderOfFrames) {
  const torch::NoGradGuard no_grad;
  DiffusionTransformer model = busy_transformer();
  Inputs turned;
  turned.x_BCF = turned.x_BCF.flip(2);
  EXPECT_GT(largest_difference(turned.run(model).flip(2), Inputs().run(model)), 0.01);
}

TEST(DiffusionTransformer, StartsAtTheVelocityOfWhiteLatents) {
  const torch::NoGradGuard no_grad;
  for (const Objective objective : {Objective::kRectifiedFlow, Objective::kV}) {
    TransformerOptions options = small_options();
    options.objective = objective;
    DiffusionTransformer model(options);
    model->initialise(tensor::make_generator(1));
    const Inputs in;
    const at::Tensor expected = gaussian_velocity(objective, in.t_B).skip_B11 * in.x_BCF;
    EXPECT_LT(largest_difference(in.run(model), expected), 1e-6);
  }
}

TEST(DiffusionTransformer, StartsAtZeroWithoutPreconditioning) {
  TransformerOptions options = small_options();
  options.preconditioned = false;
  DiffusionTransformer model(options);
  model->initialise(tensor::make_generator(1));
  EXPECT_EQ(Inputs().run(model).abs().max().item<double>(), 0);
}

TEST(DiffusionTransformer, SendsAGradientToEveryParameter) {
  DiffusionTransformer model = busy_transformer();
  Inputs in;
  in.is_dropped_B = torch::tensor({true, false});
  in.run(model).square().sum().backward();
  for (const auto& item : model->named_parameters()) {
    ASSERT_TRUE(item.value().grad().defined()) << item.key();
    EXPECT_GT(item.value().grad().abs().max().item<double>(), 1e-6) << item.key();
  }
}

TEST(DiffusionTransformer, GivesTheSameWithFusedAndPlainAttention) {
  const torch::NoGradGuard no_grad;
  const Inputs in = padded({}, 3, 0);
  TransformerOptions plain = small_options();
  plain.uses_fused_attention = false;
  DiffusionTransformer first = busy_transformer();
  DiffusionTransformer second = busy_transformer(plain);
  EXPECT_LT(largest_difference(in.run(first), in.run(second)), kRounding);
}

TEST(DiffusionTransformer, HasTheSizesThatAreDocumented) {
  const auto millions = [](const std::string& size) {
    const DiffusionTransformer model(TransformerOptions{.size = size});
    return static_cast<double>(model->num_parameters()) / 1e6;
  };
  EXPECT_NEAR(millions("micro"), 1.3, 0.1);
  EXPECT_NEAR(millions("tiny"), 4.1, 0.2);
  EXPECT_NEAR(millions("small"), 7.2, 0.3);
  EXPECT_NEAR(millions("s"), 31, 1);
}

TEST(DiffusionTransformer, DrawsItsWeightsFromTheGeneratorAlone) {
  const auto weights = [](std::uint64_t seed) {
    DiffusionTransformer model(small_options());
    model->initialise(tensor::make_generator(seed));
    std::vector<at::Tensor> parts;
    for (const at::Tensor& parameter : model->parameters()) parts.push_back(parameter.flatten());
    return torch::cat(parts);
  };
  EXPECT_TRUE(weights(4).equal(weights(4)));
  EXPECT_FALSE(weights(4).equal(weights(5)));
}

TEST(DiffusionTransformer, RefusesShapesThatDoNotFit) {
  DiffusionTransformer model(small_options());
  Inputs in;
  in.x_BCF = random_normal({2, kLatentChannels + 1, 9}, 1);
  EXPECT_THROW(in.run(model), ShapeError);
  in = {};
  in.frame_mask_BF = torch::ones({2, 8}, torch::kBool);
  EXPECT_THROW(in.run(model), ShapeError);
  in = {};
  in.t_B = torch::zeros({3});
  EXPECT_THROW(in.run(model), ShapeError);
}

TEST(TransformerOptions, FillInWhatTheSizeSaysAndRefuseTheRest) {
  EXPECT_EQ(resolved({.size = "s"}).width, 384);
  EXPECT_EQ(resolved({.size = "s", .depth = 3}).depth, 3);
  EXPECT_THROW((void)resolved({.size = "huge"}), ConfigError);
  EXPECT_THROW((void)resolved({.width = 36, .heads = 2}), ConfigError);
}

}  // namespace
}  // namespace kilonat::diffusion
