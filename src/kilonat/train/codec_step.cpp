#include "kilonat/train/codec_step.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"
#include "kilonat/kernels/precision.h"
#include "kilonat/rate/units.h"
#include "kilonat/tensor/random.h"

namespace kilonat::train {

/// A micro-batch on its way through the model.
struct CodecStep::Part {
  torch::Tensor x_BCT;
  torch::Tensor y_BCT;  ///< the reconstruction
  codec::Latent latent;
  std::optional<RateStatistics> rates;  ///< of all frames, which pay; gaussian bottleneck only
  std::optional<RateStatistics> inner;  ///< without the edges: what the law steers by
  codec::EncodeOptions how;             ///< how it was encoded, to do it again
};

/// What the rate law made of the whole batch.
struct CodecStep::RateStep {
  std::optional<RateStatistics> batch;  ///< of all frames; gaussian bottleneck only
  rate::RateObservation observed;       ///< without the edges
  rate::RateTerm term;
};

namespace {

bool is_finite(const torch::Tensor& x) {
  return torch::isfinite(x).all().item<bool>();
}

std::optional<rate::RateLaw> make_law(const CodecTrainOptions& options) {
  if (options.codec.bottleneck.kind != "gaussian") return std::nullopt;
  return rate::RateLaw(options.rate.law,
                       codec::frame_rate_hz(options.codec),
                       options.codec.bottleneck.latent_channels);
}

std::optional<Adversary> make_adversary(const CodecTrainOptions& options, torch::Device device) {
  if (options.adversarial.start_step < 0) return std::nullopt;
  return std::make_optional<Adversary>(options, device);
}

/// @param which  the member of a part: its `rates` or its `inner` ones.
template <class Parts, class Member>
RateStatistics batch_statistics(const Parts& parts, Member which) {
  std::vector<RateStatistics> statistics;
  for (const auto& part : parts) statistics.push_back(*(part.*which));
  return combine(statistics);
}

/// Adds the table's values, averaged over the micro-batches, to the log's row.
void add_values(const loss::LossTable& table, double share, std::vector<Scalar>& row) {
  for (const auto& [name, value] : table.values()) {
    auto found =
        std::find_if(row.begin(), row.end(), [&](const Scalar& s) { return s.name == name; });
    if (found == row.end()) found = row.insert(row.end(), {name, 0.0});
    found->value += share * value;
  }
}

}  // namespace

CodecStep::CodecStep(const CodecTrainOptions& options,
                     codec::Autoencoder model,
                     torch::Device device)
    : options_(options),
      device_(device),
      seeds_(SeedTree(static_cast<std::uint64_t>(options.run.seed)).child("step")),
      model_(std::move(model)),
      optimiser_(parameters_of(*model_), options.optim.generator),
      ema_(state_of(*model_), options.optim.ema_decay),
      losses_(options),
      law_(make_law(options)),
      adversary_(make_adversary(options, device)) {
  const kernels::Precision precision = kernels::parse_precision(options.run.precision);
  model_->set_precision(precision);
  if (adversary_) adversary_->set_precision(precision);
}

bool CodecStep::has_finite_weights() const {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, parameter] : optimiser_.parameters()) {
    if (!is_finite(parameter)) return false;
  }
  return true;
}

void CodecStep::reset_ema() {
  ema_ = Ema(state_of(*model_), options_.optim.ema_decay);
}

StepResult CodecStep::run(std::int64_t step, const torch::Tensor& audio_BCT) {
  StepResult result;
  const double factor = learning_rate_factor(options_.optim.schedule, step, options_.run.steps);
  std::vector<Part> parts = first_pass(audio_BCT.to(device_), step);
  for (const Part& part : parts) {
    if (!is_finite(part.y_BCT.detach())) result.not_finite = "the reconstruction";
  }
  if (result.not_finite.empty() && is_adversarial(step)) {
    std::vector<Adversary::Pair> pairs;
    for (const Part& part : parts) pairs.push_back({part.x_BCT, part.y_BCT.detach()});
    result.not_finite = adversary_->step_(pairs, factor, result.scalars);
  }
  if (result.not_finite.empty()) result.not_finite = generator_step(step, factor, parts, result);
  return result;
}

codec::EncodeOptions CodecStep::encode_options(const torch::Tensor& audio_BCT,
                                               std::int64_t step,
                                               std::int64_t part) const {
  const SeedTree seeds = seeds_.child(static_cast<std::uint64_t>(step));
  codec::EncodeOptions how;
  how.sample = true;
  how.generator = tensor::make_generator(
      seeds.child("codebooks").child(static_cast<std::uint64_t>(part)).seed());
  if (law_) {
    const std::int64_t batch = audio_BCT.size(0);
    const std::int64_t share = batch / options_.run.micro_batches;
    const std::vector<std::int64_t> shape{
        batch, options_.codec.bottleneck.latent_channels, model_->num_frames(audio_BCT.size(2))};
    const torch::Tensor noise_BDF = torch::randn(
        shape, tensor::make_generator(seeds.child("noise").seed()), torch::TensorOptions());
    how.noise_BDF = noise_BDF.narrow(0, part * share, share).to(device_);
  }
  return how;
}

CodecStep::Part CodecStep::forward(const torch::Tensor& x_BCT, const codec::EncodeOptions& how) {
  codec::Reconstruction reconstruction = model_->forward(x_BCT, how);
  Part part{x_BCT, reconstruction.audio_BCT, std::move(reconstruction.latent), {}, {}, how};
  if (law_) {
    const codec::Posterior& posterior = *part.latent.posterior;
    part.rates = rate_statistics(posterior.mean_BDF, posterior.stddev_BDF, 0);
    const torch::NoGradGuard no_grad;
    part.inner =
        rate_statistics(posterior.mean_BDF, posterior.stddev_BDF, options_.rate.edge_frames);
  }
  return part;
}

std::vector<CodecStep::Part> CodecStep::first_pass(const torch::Tensor& audio_BCT,
                                                   std::int64_t step) {
  const std::int64_t count = options_.run.micro_batches;
  KILONAT_REQUIRE(audio_BCT.size(0) % count == 0,
                  ConfigError,
                  "run.micro_batches = {} does not divide the batch of {}",
                  count,
                  audio_BCT.size(0));
  const torch::AutoGradMode with_gradients(count == 1);
  std::vector<Part> parts;
  const std::int64_t share = audio_BCT.size(0) / count;
  for (std::int64_t i = 0; i < count; ++i) {
    parts.push_back(
        forward(audio_BCT.narrow(0, i * share, share), encode_options(audio_BCT, step, i)));
  }
  return parts;
}

std::string CodecStep::generator_step(std::int64_t step,
                                      double learning_rate_factor,
                                      std::vector<Part>& parts,
                                      StepResult& result) {
  RateStep rates;
  if (law_) {
    rates.batch = batch_statistics(parts, &Part::rates);
    rates.observed = observe(batch_statistics(parts, &Part::inner));
    if (!std::isfinite(rates.observed.kl_nats_per_frame)) return "the rate";
    rates.term = law_->term(step, rates.observed);
  }
  optimiser_.zero_gradients_();
  const std::size_t count = parts.size();
  for (std::size_t i = 0; i < count; ++i) {
    // With micro-batches the first pass kept no graph; see the note in the header.
    if (count > 1) parts[i] = forward(parts[i].x_BCT, parts[i].how);
    const loss::LossTable table = losses_of(parts[i], rates, step);
    (table.total() / static_cast<double>(count)).backward();
    add_values(table, 1.0 / static_cast<double>(count), result.scalars);
    parts[i] = Part{};  // frees the graph
  }
  for (const Scalar& scalar : result.scalars) {
    if (!std::isfinite(scalar.value)) return "loss " + scalar.name;
  }
  const double norm = optimiser_.clip_gradients_();
  if (!std::isfinite(norm)) return "the gradient";
  optimiser_.step_(learning_rate_factor);
  if (law_) {
    law_->update(step, rates.observed);
    contract_spreads_(law_->spread_contraction());
  }
  ema_.update_(state_of(*model_));
  result.scalars.push_back({"optim/grad_norm", norm});
  result.scalars.push_back(
      {"optim/learning_rate", options_.optim.generator.learning_rate * learning_rate_factor});
  if (law_) log_rate(step, rates.observed, result);
  return {};
}

loss::LossTable CodecStep::losses_of(const Part& part, const RateStep& rates, std::int64_t step) {
  loss::LossTable table;
  losses_.add(table, part.x_BCT, part.y_BCT);
  if (part.latent.commitment_loss.defined()) {
    table.add("vq/commitment", part.latent.commitment_loss, options_.loss.commitment_weight);
    table.add("vq/codebook", part.latent.codebook_loss, options_.loss.codebook_weight);
  }
  if (part.rates) {
    table.add("rate/loss", rate_loss(*part.rates, *rates.batch, rates.term), 1.0);
  }
  if (is_adversarial(step)) adversary_->add_generator_losses(table, part.x_BCT, part.y_BCT);
  return table;
}

bool CodecStep::is_adversarial(std::int64_t step) const {
  return adversary_ && step >= options_.adversarial.start_step;
}

void CodecStep::contract_spreads_(double share) {
  if (share != 0) train::contract_spreads_(posterior_layer(model_), share);
}

void CodecStep::log_rate(std::int64_t step,
                         const rate::RateObservation& observed,
                         StepResult& result) const {
  const double frame_rate_hz = law_->frame_rate_hz();
  const double kl_nats = observed.kl_nats_per_frame;
  const double matched_nats = observed.matched_nats_per_frame;
  const std::vector<Scalar> row{
      {"rate/kbps", rate::kbps_from_nats(kl_nats, frame_rate_hz)},
      {"rate/target_kbps", rate::kbps_from_nats(law_->target_nats(step), frame_rate_hz)},
      {"rate/nats_per_frame", kl_nats},
      {"rate/matched_nats", matched_nats},
      {"rate/aggregate_nats", kl_nats - matched_nats},
      {"rate/beta", law_->beta()}};
  result.scalars.insert(result.scalars.end(), row.begin(), row.end());
}

void CodecStep::save_to(Checkpoint& checkpoint) const {
  checkpoint.groups["model"] = state_of(*model_);
  checkpoint.groups["ema"] = ema_.tensors();
  checkpoint.groups["optimiser"] = optimiser_.state();
  checkpoint.state["optimiser_updates"] = optimiser_.num_updates();
  checkpoint.state["ema_updates"] = ema_.num_updates();
  if (law_) checkpoint.state["rate_law"] = law_->state();
  if (adversary_) adversary_->save_to(checkpoint);
}

void CodecStep::restore_from(const Checkpoint& checkpoint) {
  copy_named_tensors_(state_of(*model_), group_of(checkpoint, "model"), "model weights");
  ema_.restore(group_of(checkpoint, "ema"), checkpoint.state.at("ema_updates"));
  optimiser_.restore(group_of(checkpoint, "optimiser"), checkpoint.state.at("optimiser_updates"));
  if (law_) law_->restore(checkpoint.state.at("rate_law"));
  if (adversary_) adversary_->restore_from(checkpoint);
}

}  // namespace kilonat::train
