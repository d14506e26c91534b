/// Distances and their gradients against descript-audio-codec's own (sets losses_*).

#include <limits>
#include <map>
#include <optional>

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>

#include "kilonat/loss/spectral_loss.h"
#include "kilonat/loss/waveform_loss.h"

namespace kilonat::parity {
namespace {

using nlohmann::json;

// Tolerances: the fixtures' README. Gradients of log-magnitude distances jump where two magnitudes
// meet, so they are compared by relative L2, looser where the reference's own rounding is larger.
constexpr double kValue = 1e-4;
constexpr double kValueF64 = 1e-7;
constexpr double kGradient = 2e-2;
constexpr double kStftGradient = 5e-2;
constexpr double kGradientF64 = 1e-4;
constexpr double kL1 = 1e-6;
constexpr double kSiSdr = 1e-4;

/// A value of the metadata, which are JSON; an empty object if it is not there.
json metadata_of(const tensor::SafetensorsFile& file, const std::string& key) {
  const auto found = file.metadata().find(key);
  return found == file.metadata().end() ? json::object() : json::parse(found->second);
}

double relative(const at::Tensor& actual, const at::Tensor& expected) {
  const at::Tensor reference = expected.to(torch::kFloat64);
  const double error = (actual.detach().to(torch::kFloat64) - reference).norm().item<double>();
  return error / reference.norm().item<double>();
}

/// Numbers of a list; null, which stands for half the sample rate, is 0 as in our options.
std::vector<double> numbers(const json& list) {
  std::vector<double> values;
  for (const json& item : list) values.push_back(item.is_null() ? 0.0 : item.get<double>());
  return values;
}

/// Takes over what a set's metadata gives; null stands for the default.
template <class Value>
void read(const json& config, const char* key, Value& value) {
  if (config.contains(key) && !config.at(key).is_null()) config.at(key).get_to(value);
}

void read_shared(const json& config, loss::SpectralLossOptions& options) {
  read(config, "window_lengths", options.window_lengths);
  read(config, "pow", options.pow);
  read(config, "clamp_eps", options.clamp_eps);
  read(config, "mag_weight", options.mag_weight);
  read(config, "log_weight", options.log_weight);
  read(config, "window_type", options.window_type);
}

/// The defaults of the official class, not those that DAC trains with.
loss::MelLossOptions mel_class_defaults() {
  loss::MelLossOptions options;
  options.num_mels = {150, 80};
  options.window_lengths = {2048, 512};
  options.pow = 2;
  options.mag_weight = 1;
  return options;
}

loss::SpectralLoss mel_loss(loss::MelLossOptions options, const json& config, std::int64_t rate) {
  read_shared(config, options);
  read(config, "n_mels", options.num_mels);
  if (config.contains("mel_fmin")) options.min_hz = numbers(config.at("mel_fmin"));
  if (config.contains("mel_fmax")) options.max_hz = numbers(config.at("mel_fmax"));
  return {options, rate};
}

/// The spectral distance of that name: the README's table, with what the metadata says about it.
std::optional<loss::SpectralLoss> spectral_loss(const std::string& name,
                                                const tensor::SafetensorsFile& file) {
  const json config = metadata_of(file, name);
  const auto rate = metadata_of(file, "sample_rate").get<std::int64_t>();
  if (name == "mel_dac") return mel_loss({}, config, rate);
  if (name.starts_with("mel")) return mel_loss(mel_class_defaults(), config, rate);
  if (!name.starts_with("msstft")) return std::nullopt;
  loss::StftLossOptions options;
  read_shared(config, options);
  return loss::SpectralLoss(options);
}

/// A value and its gradient with respect to the estimate.
struct Evaluated {
  at::Tensor value;
  at::Tensor gradient;
};

template <class Loss>
Evaluated evaluate(const Loss& loss, const tensor::SafetensorsFile& file, at::ScalarType type) {
  const at::Tensor estimate = file.tensor("estimate").to(type).requires_grad_();
  const at::Tensor value = loss(estimate, file.tensor("reference").to(type));
  return {value, torch::autograd::grad({value}, {estimate})[0]};
}

void expect_spectral(const std::string& name,
                     const loss::SpectralLoss& loss,
                     const tensor::SafetensorsFile& file) {
  const Evaluated single = evaluate(loss, file, torch::kFloat32);
  EXPECT_LE(relative(single.value, file.tensor(name + ".value")), kValue);
  EXPECT_LE(relative(single.gradient, file.tensor(name + ".grad_estimate")),
            name.starts_with("msstft") ? kStftGradient : kGradient);
  if (file.contains(name + ".value_f64")) {
    const Evaluated exact = evaluate(loss, file, torch::kFloat64);
    EXPECT_LE(relative(exact.value, file.tensor(name + ".value_f64")), kValueF64);
    if (file.contains(name + ".grad_estimate_f64")) {
      EXPECT_LE(relative(exact.gradient, file.tensor(name + ".grad_estimate_f64")), kGradientF64);
    }
  }
  if (file.contains(name + ".per_scale")) {
    const auto scales = loss.per_scale(file.tensor("estimate"), file.tensor("reference"));
    const at::Tensor expected = file.tensor(name + ".per_scale");
    ASSERT_EQ(static_cast<std::int64_t>(scales.size()), expected.numel());
    for (std::size_t i = 0; i < scales.size(); ++i) {
      EXPECT_LE(relative(scales[i], expected[static_cast<std::int64_t>(i)]), kValue)
          << "scale " << i;
    }
  }
}

template <class Loss>
void expect_waveform(const std::string& name,
                     const Loss& loss,
                     double tolerance,
                     const tensor::SafetensorsFile& file) {
  const Evaluated single = evaluate(loss, file, torch::kFloat32);
  EXPECT_LE(relative(single.value, file.tensor(name + ".value")), tolerance);
  EXPECT_LE(relative(single.gradient, file.tensor(name + ".grad_estimate")), tolerance);
  if (file.contains(name + ".value_f64")) {
    const Evaluated exact = evaluate(loss, file, torch::kFloat64);
    EXPECT_LE(relative(exact.value, file.tensor(name + ".value_f64")), kValueF64);
  }
}

/// "mel_dac" of "mel_dac.value".
std::vector<std::string> losses_of(const tensor::SafetensorsFile& file) {
  std::vector<std::string> losses;
  const std::string ending = ".value";
  for (const std::string& name : file.names()) {
    if (name.ends_with(ending)) losses.push_back(name.substr(0, name.size() - ending.size()));
  }
  return losses;
}

/// @returns whether a loss of that name is known.
bool expect_loss(const std::string& name, const tensor::SafetensorsFile& file) {
  if (const auto loss = spectral_loss(name, file)) {
    expect_spectral(name, *loss, file);
  } else if (name == "l1") {
    expect_waveform(name, loss::waveform_l1, kL1, file);
  } else if (name == "sisdr") {
    // Upstream takes its first argument for the reference, and "sisdr" gives it the estimate.
    const auto swapped = [](const at::Tensor& estimate, const at::Tensor& reference) {
      return -loss::si_sdr_db(/*estimate_BCT=*/reference, /*reference_BCT=*/estimate).mean();
    };
    expect_waveform(name, swapped, kSiSdr, file);
  } else if (name == "sisdr_swapped") {
    const auto straight = [](const at::Tensor& estimate, const at::Tensor& reference) {
      return -loss::si_sdr_db(estimate, reference).mean();
    };
    expect_waveform(name, straight, kSiSdr, file);
  } else {
    return false;
  }
  return true;
}

TEST(LossParity, GivesTheOfficialValuesAndGradients) {
  KILONAT_FOR_EACH_FIXTURE(set, "losses_", ".safetensors") {
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    if (!file.contains("estimate")) continue;  // front-end references: front_end_parity_test
    const std::vector<std::string> losses = losses_of(file);
    EXPECT_FALSE(losses.empty()) << set << " has sounds but no values";
    for (const std::string& name : losses) {
      SCOPED_TRACE(set + " " + name);
      EXPECT_TRUE(expect_loss(name, file)) << "no loss of that name is known";
    }
  }
}

}  // namespace
}  // namespace kilonat::parity
