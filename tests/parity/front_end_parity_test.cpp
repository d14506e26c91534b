/// Windows, STFTs and mel filterbanks against scipy, audiotools and librosa (sets losses_*).

#include <regex>

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/dsp/mel.h"
#include "kilonat/dsp/stft.h"
#include "kilonat/dsp/window.h"
#include "kilonat/loss/spectral_loss.h"

namespace kilonat::parity {
namespace {

using nlohmann::json;

// Tolerances: the fixtures' README.
constexpr double kWindow = 1e-7;
constexpr double kFilters = 1e-7;

/// Of spectra: 1e-6 of the largest value, plus 1e-5.
double spectrum_tolerance(const at::Tensor& expected) {
  return 1e-6 * expected.abs().max().item<double>() + 1e-5;
}

/// The whole numbers in a tensor's name: {5, 32} of "mel_spec.5x32".
std::vector<std::int64_t> numbers_in(const std::string& name) {
  static const std::regex number("[0-9]+");
  std::vector<std::int64_t> values;
  for (std::sregex_iterator i(name.begin(), name.end(), number), end; i != end; ++i) {
    values.push_back(std::stoll(i->str()));
  }
  return values;
}

at::Tensor mel_spectrogram(const at::Tensor& audio_T,
                           std::int64_t num_mels,
                           std::int64_t window,
                           std::int64_t sample_rate_hz) {
  loss::MelLossOptions options;
  options.window_lengths = {window};
  options.num_mels = {num_mels};
  const loss::SpectralLoss distance(options, sample_rate_hz);
  return distance.magnitude(audio_T, /*scale=*/0);
}

/// What a tensor of that name should be. Undefined if the name is of another kind.
at::Tensor front_end(const std::string& name, const tensor::SafetensorsFile& file) {
  const std::vector<std::int64_t> sizes = numbers_in(name.substr(name.find('.') + 1));
  if (name.starts_with("window_")) {
    return dsp::make_window(name.substr(7, name.find('.') - 7), sizes.at(0));
  }
  const at::Tensor audio = file.tensor("audio");
  if (name.starts_with("stft_mag.")) {
    return dsp::Stft({.window_length = sizes.at(0)}).magnitude(audio);
  }
  if (name.starts_with("stft_match_stride.")) {
    return at::view_as_real(
        dsp::Stft({.window_length = sizes.at(0), .match_stride = true}).transform(audio));
  }
  if (!name.starts_with("mel_spec.")) return {};
  return mel_spectrogram(
      audio, sizes.at(0), sizes.at(1), std::stoll(file.metadata().at("sample_rate")));
}

TEST(FrontEndParity, GivesTheReferenceWindowsAndSpectra) {
  KILONAT_FOR_EACH_FIXTURE(set, "losses_", ".safetensors") {
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    if (!file.contains("audio")) continue;
    for (const std::string& name : file.names()) {
      if (name == "audio") continue;
      SCOPED_TRACE(set + " " + name);
      const at::Tensor actual = front_end(name, file);
      ASSERT_TRUE(actual.defined()) << "no transform of that name is known";
      const at::Tensor expected = file.tensor(name);
      expect_close(actual,
                   expected,
                   name.starts_with("window_") ? kWindow : spectrum_tolerance(expected),
                   name);
    }
  }
}

/// Rows of `values` laid into zeros [M, bins] from the columns `start`; what sticks out is zero.
at::Tensor unpacked(const at::Tensor& start, const at::Tensor& values, std::int64_t bins) {
  const std::int64_t width = values.size(1);
  at::Tensor wide = torch::zeros({values.size(0), bins + width}, values.options());
  for (std::int64_t row = 0; row < values.size(0); ++row) {
    wide[row].narrow(0, start[row].item<std::int64_t>(), width).copy_(values[row]);
  }
  EXPECT_EQ(wide.narrow(1, bins, width).abs().max().item<double>(), 0);
  return wide.narrow(1, 0, bins);
}

dsp::MelOptions mel_options(const json& spec) {
  const json& max_hz = spec.at("fmax");
  return {.sample_rate_hz = spec.at("sr").get<std::int64_t>(),
          .fft_size = spec.at("n_fft").get<std::int64_t>(),
          .num_mels = spec.at("n_mels").get<std::int64_t>(),
          .min_hz = spec.at("fmin").get<double>(),
          .max_hz = max_hz.is_null() ? 0 : max_hz.get<double>()};
}

TEST(FrontEndParity, GivesTheReferenceMelFilterbanks) {
  KILONAT_FOR_EACH_FIXTURE(set, "losses_", ".safetensors") {
    const tensor::SafetensorsFile file(fixture_path(set, ".safetensors"));
    const auto found = file.metadata().find("spec");
    if (found == file.metadata().end()) continue;
    const json specs = json::parse(found->second);
    for (const auto& [name, spec] : specs.items()) {
      SCOPED_TRACE(set + " " + name);
      const dsp::MelOptions options = mel_options(spec);
      const at::Tensor expected = unpacked(
          file.tensor(name + ".start"), file.tensor(name + ".values"), options.fft_size / 2 + 1);
      expect_close(dsp::mel_filterbank(options), expected, kFilters, name);
    }
  }
}

}  // namespace
}  // namespace kilonat::parity
