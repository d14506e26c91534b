#include "kilonat/train/adversary.h"

#include <cmath>
#include <utility>

#include <nlohmann/json.hpp>

#include "kilonat/base/seed_tree.h"
#include "kilonat/loss/adversarial.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {
namespace {

/// Takes gradients off a module's parameters for a while: the generator's step goes through the
/// discriminators but does not train them.
class Frozen {
 public:
  explicit Frozen(const NamedTensors& parameters) : parameters_(parameters) {
    for (const auto& [name, parameter] : parameters_) parameter.set_requires_grad(false);
  }
  ~Frozen() {
    for (const auto& [name, parameter] : parameters_) parameter.set_requires_grad(true);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  const NamedTensors& parameters_;
};

struct Judged {
  codec::FeatureMaps fake;
  codec::FeatureMaps real;
};

/// Fake and real in one batch: layers with short signals and many weights cost little more for
/// twice the items.
Judged judge(codec::DiscriminatorImpl& discriminator,
             const torch::Tensor& fake_BCT,
             const torch::Tensor& real_BCT) {
  Judged judged;
  for (const auto& maps : discriminator.forward(torch::cat({fake_BCT, real_BCT}))) {
    codec::FeatureMaps::value_type fake;
    codec::FeatureMaps::value_type real;
    for (const torch::Tensor& map : maps) {
      const std::int64_t half = map.size(0) / 2;
      fake.push_back(map.narrow(0, 0, half));
      real.push_back(map.narrow(0, half, half));
    }
    judged.fake.push_back(std::move(fake));
    judged.real.push_back(std::move(real));
  }
  return judged;
}

codec::Discriminator make_discriminator(const CodecTrainOptions& options, torch::Device device) {
  const SeedTree seeds(static_cast<std::uint64_t>(options.run.seed));
  codec::Discriminator discriminator(options.adversarial.discriminator);
  codec::initialise(*discriminator, tensor::make_generator(seeds.child("discriminator").seed()));
  discriminator->to(device);
  return discriminator;
}

}  // namespace

Adversary::Adversary(const CodecTrainOptions& options, torch::Device device)
    : options_(options),
      discriminator_(make_discriminator(options, device)),
      optimiser_(parameters_of(*discriminator_), options.optim.discriminator) {}

std::string Adversary::step_(std::span<const Pair> pairs,
                             double learning_rate_factor,
                             std::vector<Scalar>& row) {
  optimiser_.zero_gradients_();
  const auto count = static_cast<double>(pairs.size());
  double total = 0;
  for (const Pair& pair : pairs) {
    const Judged judged = judge(*discriminator_, pair.fake_BCT, pair.real_BCT);
    const torch::Tensor loss = loss::discriminator_loss(judged.fake, judged.real) / count;
    loss.backward();
    total += loss.item<double>();
  }
  if (!std::isfinite(total)) return "the discriminators' loss";
  const double norm = optimiser_.clip_gradients_();
  if (!std::isfinite(norm)) return "the discriminators' gradient";
  optimiser_.step_(learning_rate_factor);
  row.push_back({"adv/discriminator", total});
  row.push_back({"optim/discriminator_grad_norm", norm});
  return {};
}

void Adversary::add_generator_losses(loss::LossTable& table,
                                     const torch::Tensor& real_BCT,
                                     const torch::Tensor& fake_BCT) {
  const Frozen frozen(optimiser_.parameters());
  codec::FeatureMaps real;
  {
    const torch::NoGradGuard no_grad;
    real = discriminator_->forward(real_BCT);
  }
  const codec::FeatureMaps fake = discriminator_->forward(fake_BCT);
  table.add("adv/generator", loss::generator_loss(fake), options_.loss.adversarial_weight);
  table.add("adv/features", loss::feature_matching_loss(fake, real), options_.loss.feature_weight);
}

void Adversary::save_to(Checkpoint& checkpoint) const {
  checkpoint.groups["discriminator"] = state_of(*discriminator_);
  checkpoint.groups["discriminator_optimiser"] = optimiser_.state();
  checkpoint.state["discriminator_updates"] = optimiser_.num_updates();
}

void Adversary::restore_from(const Checkpoint& checkpoint) {
  copy_named_tensors_(
      state_of(*discriminator_), group_of(checkpoint, "discriminator"), "discriminator weights");
  optimiser_.restore(group_of(checkpoint, "discriminator_optimiser"),
                     checkpoint.state.at("discriminator_updates"));
}

}  // namespace kilonat::train
