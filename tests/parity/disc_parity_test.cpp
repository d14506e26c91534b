/// The discriminators and their losses against descript-audio-codec's own (sets disc_*).

#include <cmath>

#include "parity/fixtures.h"
#include <fmt/format.h>
#include <torch/autograd.h>

#include "kilonat/base/hash.h"
#include "kilonat/codec/discriminator.h"
#include "kilonat/loss/adversarial.h"

namespace kilonat::parity {
namespace {

using nlohmann::json;

codec::Discriminator build(const json& config) {
  std::vector<codec::Band> bands;
  for (const json& band : config.at("bands")) bands.push_back({band[0], band[1]});
  std::vector<codec::PeriodDiscriminatorOptions> periods;
  std::vector<codec::ResolutionDiscriminatorOptions> resolutions;
  const auto widths = [&] {
    const std::string key = fmt::format("d{}", periods.size() + resolutions.size());
    return config.at("channel_widths").at(key).get<std::vector<std::int64_t>>();
  };
  for (const std::int64_t period : config.at("periods")) {
    periods.push_back({.period = period, .widths = widths()});
  }
  for (const std::int64_t fft_size : config.at("fft_sizes")) {
    resolutions.push_back({.fft_size = fft_size, .widths = widths(), .bands = bands});
  }
  return codec::Discriminator(periods, resolutions);
}

/// The rule of the fixtures' README for weights too many to store.
void fill_by_rule_(const std::string& name, at::Tensor& parameter, std::int64_t rule_seed) {
  const std::uint64_t hash = fnv1a_64(fmt::format("{}:{}", rule_seed, name));
  const double scale = name.find("conv_post") != std::string::npos ? 1.0 : 1.375;
  float* values = parameter.data_ptr<float>();
  for (std::int64_t i = 0; i < parameter.numel(); ++i) {
    std::uint64_t x = hash + (static_cast<std::uint64_t>(i) + 1) * 0x9E3779B97F4A7C15ULL;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ x >> 27) * 0x94D049BB133111EBULL;
    x ^= x >> 31;
    double t = static_cast<double>(x >> 40) / 8388608.0 - 1;
    if (name.ends_with("weight_g")) t = scale * (1 + 0.25 * t);
    if (name.ends_with("bias")) t *= 0.125;
    values[i] = static_cast<float>(t);
  }
}

void load_weights_(codec::DiscriminatorImpl& model, const std::string& set, const json& config) {
  const torch::NoGradGuard no_grad;
  auto parameters = model.named_parameters();
  if (has_fixture_file(set, "weights")) {
    const auto weights = fixture_file(set, "weights");
    EXPECT_EQ(weights.names().size(), parameters.size());
    for (auto& item : parameters) item.value().copy_(weights.tensor(item.key()));
    return;
  }
  for (auto& item : parameters) {
    fill_by_rule_(item.key(), item.value(), config.at("rule_seed").get<std::int64_t>());
  }
}

double relative(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(torch::kFloat64) - expected.to(torch::kFloat64)).norm() /
          expected.to(torch::kFloat64).norm())
      .item<double>();
}

at::Tensor gradient(const at::Tensor& loss, const at::Tensor& input) {
  return torch::autograd::grad({loss}, {input})[0];
}

/// Mean, deviation and sum of magnitudes of every map, and those maps that the set holds in full.
void expect_same_maps(const std::vector<at::Tensor>& maps,
                      const tensor::SafetensorsFile& io,
                      const std::string& name) {
  std::vector<at::Tensor> means;
  std::vector<at::Tensor> deviations;
  std::vector<at::Tensor> sums;
  for (std::size_t i = 0; i < maps.size(); ++i) {
    means.push_back(maps[i].mean());
    deviations.push_back(maps[i].std());
    sums.push_back(maps[i].abs().sum(torch::kFloat64));
    const std::string full = fmt::format("{}.feature.{}", name, i);
    if (io.contains(full)) {
      EXPECT_LT(relative(maps[i], io.tensor(full)), 1e-4) << full;
    }
  }
  EXPECT_LT(relative(torch::stack(means), io.tensor(name + ".feature_mean")), 1e-4) << name;
  EXPECT_LT(relative(torch::stack(deviations), io.tensor(name + ".feature_std")), 1e-4) << name;
  EXPECT_LT(relative(torch::stack(sums), io.tensor(name + ".feature_abs_sum")), 1e-4) << name;
  EXPECT_LT(relative(maps.back(), io.tensor(name + ".logits")), 1e-4) << name;
}

TEST(DiscriminatorParity, GivesTheOfficialMapsLossesAndGradients) {
  KILONAT_FOR_EACH_FIXTURE(set, "disc_") {
    SCOPED_TRACE(set);
    const json config = fixture_config(set);
    const auto io = fixture_file(set);
    codec::Discriminator model = build(config);
    load_weights_(*model, set, config);

    const at::Tensor real = io.tensor("real");
    at::Tensor fake = io.tensor("fake").requires_grad_();
    expect_close(codec::normalise_for_discriminator(fake),
                 io.tensor("preprocessed_fake"),
                 1e-6,
                 "preprocessed_fake");
    const codec::FeatureMaps of_real = model->forward(real);
    const codec::FeatureMaps of_fake = model->forward(fake);
    for (std::size_t d = 0; d < of_fake.size(); ++d) {
      expect_same_maps(of_fake[d], io, fmt::format("d{}", d));
    }
    EXPECT_LT(relative(loss::discriminator_loss(of_fake, of_real), io.tensor("loss_discriminator")),
              1e-5);
    const at::Tensor generator = loss::generator_loss(of_fake);
    const at::Tensor feature = loss::feature_matching_loss(of_fake, of_real);
    EXPECT_LT(relative(generator, io.tensor("loss_generator")), 1e-5);
    EXPECT_LT(relative(feature, io.tensor("loss_feature")), 1e-5);
    EXPECT_LT(relative(torch::autograd::grad({generator}, {fake}, {}, /*retain_graph=*/true)[0],
                       io.tensor("grad_fake.generator")),
              1e-3);
    EXPECT_LT(relative(gradient(feature, fake), io.tensor("grad_fake.feature")), 1e-3);
  }
}

}  // namespace
}  // namespace kilonat::parity
