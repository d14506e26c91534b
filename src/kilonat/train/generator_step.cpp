#include "kilonat/train/generator_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/base/interrupt.h"
#include "kilonat/diffusion/denoising_gain.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

/// A batch on the device, its latents normalised, and the noise they are mixed with.
struct Inputs {
  torch::Tensor x_BCF;
  torch::Tensor noise_BCF;
  torch::Tensor frame_mask_BF;
  torch::Tensor duration_s_B;
};

Inputs inputs_of(const generation::LatentBatch& batch,
                 const diffusion::LatentNormaliser& normaliser,
                 const SeedTree& seeds,
                 torch::Device device) {
  Inputs inputs;
  inputs.x_BCF = normaliser.normalise(batch.x_BDF);
  inputs.noise_BCF =
      tensor::normal_like(inputs.x_BCF, tensor::make_generator(seeds.child("noise").seed()));
  inputs.x_BCF = inputs.x_BCF.to(device);
  inputs.noise_BCF = inputs.noise_BCF.to(device);
  inputs.frame_mask_BF = batch.frame_mask_BF.to(device);
  inputs.duration_s_B = batch.duration_s_B.to(device);
  return inputs;
}

/// bool [B]: captions that the null token replaces.
torch::Tensor draw_dropped(std::size_t batch, double share, const SeedTree& seed) {
  Rng rng(seed);
  torch::Tensor is_dropped_B = torch::zeros({static_cast<std::int64_t>(batch)}, torch::kBool);
  auto* values = is_dropped_B.data_ptr<bool>();
  for (std::size_t b = 0; b < batch; ++b) values[b] = rng.uniform() < share;
  return is_dropped_B;
}

torch::Device device_of(const generation::Generator& model) {
  return model->transformer->parameters().front().device();
}

}  // namespace

GeneratorStep::GeneratorStep(const GeneratorTrainOptions& options,
                             generation::Generator model,
                             torch::Device device)
    : options_(options),
      device_(device),
      seeds_(SeedTree(static_cast<std::uint64_t>(options.run.seed)).child("step")),
      model_(std::move(model)),
      optimiser_(parameters_of(*model_), options.optim.adamw),
      ema_(state_of(*model_), options.optim.ema_decay) {}

bool GeneratorStep::has_finite_weights() const {
  const torch::NoGradGuard no_grad;
  const auto& parameters = optimiser_.parameters();
  return std::all_of(parameters.begin(), parameters.end(), [](const auto& named) {
    return torch::isfinite(named.second).all().template item<bool>();
  });
}

torch::Tensor GeneratorStep::loss_of(const generation::LatentBatch& batch, const SeedTree& seeds) {
  const Inputs inputs = inputs_of(batch, model_->normaliser(), seeds, device_);
  const torch::Tensor t_B =
      diffusion::draw_times(options_.generator.flow,
                            inputs.x_BCF.size(0),
                            tensor::make_generator(seeds.child("times").seed()))
          .to(device_);
  const diffusion::FlowExample example = diffusion::make_example(
      options_.generator.flow.objective, inputs.x_BCF, inputs.noise_BCF, t_B);
  model_->text().set_seed(seeds.child("words"));
  const torch::Tensor is_dropped_B =
      draw_dropped(batch.captions.size(), options_.batches.caption_dropout, seeds.child("captions"))
          .to(device_);
  const torch::Tensor velocity_BCF =
      model_->transformer->forward(example.x_t_BCF,
                                   t_B,
                                   inputs.duration_s_B,
                                   inputs.frame_mask_BF,
                                   model_->text().encode(batch.captions),
                                   is_dropped_B);
  return diffusion::flow_loss(velocity_BCF, example.target_BCF, inputs.frame_mask_BF);
}

StepResult GeneratorStep::run(std::int64_t step, const generation::LatentBatch& batch) {
  StepResult result;
  const double factor = learning_rate_factor(options_.optim.schedule, step, options_.run.steps);
  optimiser_.zero_gradients_();
  const torch::Tensor loss = loss_of(batch, seeds_.child(static_cast<std::uint64_t>(step)));
  const double value = loss.item<double>();
  if (!std::isfinite(value)) return {"the loss", {}};
  loss.backward();
  const double norm = optimiser_.clip_gradients_();
  if (!std::isfinite(norm)) return {"the gradient", {}};
  optimiser_.step_(factor);
  ema_.update_(state_of(*model_));
  result.scalars = {{"flow/loss", value},
                    {"optim/grad_norm", norm},
                    {"optim/learning_rate", options_.optim.adamw.learning_rate * factor}};
  return result;
}

void GeneratorStep::save_to(Checkpoint& checkpoint) const {
  checkpoint.groups["model"] = state_of(*model_);
  checkpoint.groups["ema"] = ema_.tensors();
  checkpoint.groups["optimiser"] = optimiser_.state();
  checkpoint.state["optimiser_updates"] = optimiser_.num_updates();
  checkpoint.state["ema_updates"] = ema_.num_updates();
}

void GeneratorStep::restore_from(const Checkpoint& checkpoint) {
  copy_named_tensors_(state_of(*model_), group_of(checkpoint, "model"), "model weights");
  ema_.restore(group_of(checkpoint, "ema"), checkpoint.state.at("ema_updates"));
  optimiser_.restore(group_of(checkpoint, "optimiser"), checkpoint.state.at("optimiser_updates"));
}

diffusion::FlowScore score_generator(generation::Generator& model,
                                     const generation::LatentSet& set,
                                     std::span<const generation::LatentPick> picks,
                                     std::int64_t batch_size,
                                     std::uint64_t seed) {
  const torch::NoGradGuard no_grad;
  const torch::Device device = device_of(model);
  const auto objective = model->options().flow.objective;
  diffusion::FlowScoreMeter meter(objective, model->normaliser().num_diffused());
  for (std::size_t first = 0; first < picks.size(); first += static_cast<std::size_t>(batch_size)) {
    throw_if_interrupted("scoring (the last checkpoint is saved)");
    const SeedTree seeds = SeedTree(seed).child(first);
    const auto part =
        picks.subspan(first, std::min(picks.size() - first, static_cast<std::size_t>(batch_size)));
    const generation::LatentBatch batch = generation::make_batch(set, part);
    const Inputs inputs = inputs_of(batch, model->normaliser(), seeds, device);
    const torch::Tensor t_B =
        diffusion::uniform_times(inputs.x_BCF.size(0),
                                 tensor::make_generator(seeds.child("times").seed()))
            .to(device);
    const auto example = diffusion::make_example(objective, inputs.x_BCF, inputs.noise_BCF, t_B);
    const torch::Tensor velocity_BCF =
        model->transformer->forward(example.x_t_BCF,
                                    t_B,
                                    inputs.duration_s_B,
                                    inputs.frame_mask_BF,
                                    model->text().encode(batch.captions));
    meter.add(inputs.x_BCF, inputs.noise_BCF, t_B, velocity_BCF, inputs.frame_mask_BF);
  }
  return meter.score();
}

DiffusionBound diffusion_bound(generation::Generator& model,
                               const generation::LatentSet& set,
                               std::span<const generation::LatentPick> picks,
                               std::int64_t batch_size,
                               std::uint64_t seed) {
  KILONAT_REQUIRE(!picks.empty(), DataError, "the diffusion bound: no clip is held out");
  const torch::NoGradGuard no_grad;
  const torch::Device device = device_of(model);
  const auto objective = model->options().flow.objective;
  diffusion::DenoisingGain gain(objective);
  double nats = 0;
  std::int64_t frames = 0;
  for (std::size_t first = 0; first < picks.size(); first += static_cast<std::size_t>(batch_size)) {
    const auto part =
        picks.subspan(first, std::min(picks.size() - first, static_cast<std::size_t>(batch_size)));
    for (const generation::LatentPick& pick : part) {
      const generation::LatentItem item = set.read(pick.index);
      nats += model->normaliser()
                  .static_nats(item.mean_DF.narrow(1, pick.first_frame, pick.num_frames),
                               item.stddev_DF.narrow(1, pick.first_frame, pick.num_frames))
                  .sum()
                  .item<double>();
      frames += pick.num_frames;
    }
    const generation::LatentBatch batch = generation::make_batch(set, part);
    const text::TextFeatures words = model->text().encode(batch.captions);
    for (std::size_t i = 0; i < gain.times().size(); ++i) {
      throw_if_interrupted("measuring what the generator knows of latents");
      const SeedTree seeds = SeedTree(seed).child(first).child(i);
      const Inputs inputs = inputs_of(batch, model->normaliser(), seeds, device);
      const torch::Tensor t_B = torch::full({inputs.x_BCF.size(0)}, gain.times()[i]).to(device);
      const torch::Tensor velocity_BCF = model->transformer->forward(
          diffusion::noised(objective, inputs.x_BCF, inputs.noise_BCF, t_B),
          t_B,
          inputs.duration_s_B,
          inputs.frame_mask_BF,
          words);
      gain.add(i, inputs.x_BCF, inputs.noise_BCF, velocity_BCF, inputs.frame_mask_BF);
    }
  }
  return {.static_nats = nats / static_cast<double>(frames), .gain_nats = gain.nats_per_frame()};
}

}  // namespace kilonat::train
