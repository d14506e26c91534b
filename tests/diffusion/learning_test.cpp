/// The parts together: a small transformer learns which caption goes with which latent.

#include "diffusion/small_transformer.h"
#include <gtest/gtest.h>
#include <torch/optim/adam.h>
#include <torch/types.h>

#include "kilonat/diffusion/flow.h"
#include "kilonat/diffusion/guidance.h"
#include "kilonat/diffusion/sampler.h"

namespace kilonat::diffusion {
namespace {

constexpr std::int64_t kFrames = 8;
constexpr double kNoise = 0.2;  // spread of latents about their caption's pattern

/// Two captions and the latents that go with them: a rising and a falling half-wave, so that no
/// single frame or channel tells which.
struct Toy {
  at::Tensor patterns_2CF;
  text::TextFeatures captions_2 = captions({3, 2}, 3);

  Toy() {
    const at::Tensor wave_F = torch::sin(torch::arange(kFrames) * (6.2831853 / kFrames));
    const at::Tensor sign_C = torch::tensor({1.0F, -1.0F, 1.0F});
    const at::Tensor pattern_CF = 1.4 * sign_C.unsqueeze(1) * wave_F;
    patterns_2CF = torch::stack({pattern_CF, -pattern_CF});
  }
  [[nodiscard]] text::TextFeatures text(const at::Tensor& which_B) const {
    return {captions_2.tokens_BLD.index_select(0, which_B),
            captions_2.mask_BL.index_select(0, which_B),
            captions_2.pooled_BD.index_select(0, which_B)};
  }
};

DiffusionTransformer learn(const Toy& toy, Objective objective, int num_steps) {
  TransformerOptions options = small_options();
  options.width = 64;
  options.objective = objective;
  DiffusionTransformer model(options);
  model->initialise(tensor::make_generator(1));
  torch::optim::Adam optimiser(model->parameters(), torch::optim::AdamOptions(3e-3));
  at::Generator generator = tensor::make_generator(2);
  constexpr std::int64_t kBatch = 32;
  const at::Tensor which_B = torch::arange(kBatch).remainder(2);
  const at::Tensor is_dropped_B = torch::arange(kBatch) < 4;
  const FlowOptions flow{.objective = objective};
  for (int step = 0; step < num_steps; ++step) {
    const at::Tensor mean_BCF = toy.patterns_2CF.index_select(0, which_B);
    const at::Tensor x_BCF = mean_BCF + kNoise * tensor::normal_like(mean_BCF, generator);
    const at::Tensor t_B = draw_times(flow, kBatch, generator);
    const at::Tensor noise_BCF = tensor::normal_like(x_BCF, generator);
    const FlowExample example = make_example(objective, x_BCF, noise_BCF, t_B);
    optimiser.zero_grad();
    const at::Tensor velocity_BCF = model(
        example.x_t_BCF, t_B, torch::ones({kBatch}), at::Tensor(), toy.text(which_B), is_dropped_B);
    flow_loss(velocity_BCF, example.target_BCF, {}).backward();
    optimiser.step();
  }
  return model;
}

void expect_own_pattern(Objective objective) {
  const Toy toy;
  const DiffusionTransformer model = learn(toy, objective, 200);
  constexpr std::int64_t kCount = 20;
  const at::Tensor which_B = torch::arange(kCount).remainder(2);
  for (const Solver solver : {Solver::kEuler, Solver::kHeun, Solver::kDpmpp2m}) {
    const Request request{.text = toy.text(which_B), .duration_s_B = torch::ones({kCount})};
    const at::Tensor x = sample(solver,
                                objective,
                                guided_velocity(model, request, {.scale = 1.5}),
                                random_normal({kCount, kLatentChannels, kFrames}, 3),
                                time_grid({.num_steps = 20}, objective));
    const auto distance = [&](const at::Tensor& which) {
      return (x - toy.patterns_2CF.index_select(0, which)).square().mean({1, 2}).sqrt();
    };
    const at::Tensor own = distance(which_B);
    const at::Tensor other = distance(1 - which_B);
    // The patterns lie 2 x 1.4 / sqrt(2) = 2 apart, true latents 0.2 from their own.
    EXPECT_LT(own.max().item<double>(), 0.6) << static_cast<int>(solver);
    EXPECT_GT(other.min().item<double>(), 1.4) << static_cast<int>(solver);
  }
}

TEST(Learning, GivesEachCaptionItsOwnPatternByRectifiedFlow) {
  expect_own_pattern(Objective::kRectifiedFlow);
}

TEST(Learning, GivesEachCaptionItsOwnPatternByV) {
  expect_own_pattern(Objective::kV);
}

}  // namespace
}  // namespace kilonat::diffusion
