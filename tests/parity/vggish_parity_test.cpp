/// VGGish's front end against the official code (sets vggish_*), and its network by hand.

#include <filesystem>

#include "base/temporary_folder.h"
#include "parity/fixtures.h"
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/metrics/vggish.h"
#include "kilonat/tensor/random.h"

namespace kilonat::parity {
namespace {

// Tolerance: the fixtures' README, in float64; the set is stored as float32.
constexpr double kFrontEnd = 1e-5;

tensor::SafetensorsFile file_of(const std::string& set) {
  return tensor::SafetensorsFile(fixture_path(set, ".safetensors"));
}

TEST(VggishParity, BuildsTheReferencesMelMatrix) {
  KILONAT_FOR_EACH_FIXTURE(set, "vggish_", ".safetensors") {
    expect_close(metrics::vggish_mel_matrix(), file_of(set).tensor("mel_matrix"), kFrontEnd, set);
  }
}

TEST(VggishParity, GivesTheReferencesLogMelSpectrumAndExamples) {
  KILONAT_FOR_EACH_FIXTURE(set, "vggish_", ".safetensors") {
    const auto reference = file_of(set);
    const at::Tensor log_mel = metrics::vggish_log_mel(reference.tensor("waveform"));
    expect_close(log_mel, reference.tensor("log_mel"), kFrontEnd, set);
    const at::Tensor examples = metrics::vggish_examples(log_mel);
    expect_same(
        torch::tensor(examples.sizes(), torch::kLong), reference.tensor("examples_shape"), set);
    expect_close(
        examples[examples.size(0) - 1][0], reference.tensor("example_last"), kFrontEnd, set);
  }
}

/// torchvggish's layers at a fraction of their widths, under its names.
tensor::TensorMap narrow_weights(std::int64_t last_width) {
  at::Generator generator = tensor::make_generator(4);
  const auto draw = [&](at::IntArrayRef shape, double scale) {
    return scale * torch::randn(shape, generator, torch::TensorOptions());
  };
  tensor::TensorMap weights;
  const std::vector<std::pair<int, std::int64_t>> convs{
      {0, 2}, {3, 3}, {6, 4}, {8, 4}, {11, 5}, {13, 5}};
  std::int64_t width = 1;
  for (const auto& [place, next] : convs) {
    weights[fmt::format("features.{}.weight", place)] = draw({next, width, 3, 3}, 0.4);
    weights[fmt::format("features.{}.bias", place)] = draw({next}, 0.1);
    width = next;
  }
  width *= 24;
  const std::vector<std::pair<int, std::int64_t>> linears{{0, 10}, {2, 9}, {4, last_width}};
  for (const auto& [place, next] : linears) {
    weights[fmt::format("embeddings.{}.weight", place)] = draw({next, width}, 0.2);
    weights[fmt::format("embeddings.{}.bias", place)] = draw({next}, 0.1);
    width = next;
  }
  return weights;
}

/// The network value by value, by its definition: no library convolution, pooling or permutation.
class ByHand {
 public:
  explicit ByHand(const tensor::TensorMap& weights) : weights_(weights) {}

  [[nodiscard]] at::Tensor run(const at::Tensor& example_FM) const {
    at::Tensor h = example_FM.unsqueeze(0).to(torch::kDouble);
    for (const int place : {0, 3, 6, 8, 11, 13}) {
      h = conv(h, fmt::format("features.{}", place));
      if (place != 6 && place != 11) h = pool(h);
    }
    std::vector<double> flat;
    for (std::int64_t y = 0; y < h.size(1); ++y) {
      for (std::int64_t x = 0; x < h.size(2); ++x) {
        for (std::int64_t c = 0; c < h.size(0); ++c) flat.push_back(h[c][y][x].item<double>());
      }
    }
    at::Tensor row = torch::tensor(flat, torch::kDouble);
    for (const int place : {0, 2, 4}) {
      if (place > 0) row = row.clamp_min(0);
      const std::string name = fmt::format("embeddings.{}", place);
      row = at::mv(at(name + ".weight"), row) + at(name + ".bias");
    }
    return row;
  }

 private:
  [[nodiscard]] at::Tensor at(const std::string& name) const {
    return weights_.at(name).to(torch::kDouble);
  }

  /// Nine shifted copies, zeros beyond the edges, then ReLU.
  [[nodiscard]] at::Tensor conv(const at::Tensor& x_CYX, const std::string& name) const {
    const at::Tensor weight = at(name + ".weight");
    const at::Tensor padded = at::constant_pad_nd(x_CYX, {1, 1, 1, 1});
    at::Tensor sum = at(name + ".bias").view({-1, 1, 1});
    for (std::int64_t dy = 0; dy < 3; ++dy) {
      for (std::int64_t dx = 0; dx < 3; ++dx) {
        const at::Tensor shifted = padded.narrow(1, dy, x_CYX.size(1)).narrow(2, dx, x_CYX.size(2));
        sum = sum + at::tensordot(weight.select(3, dx).select(2, dy), shifted, {1}, {0});
      }
    }
    return sum.clamp_min(0);
  }

  [[nodiscard]] static at::Tensor pool(const at::Tensor& x_CYX) {
    return x_CYX.unfold(1, 2, 2).unfold(2, 2, 2).amax({3, 4});
  }

  const tensor::TensorMap& weights_;
};

class VggishNetwork : public ::testing::Test {
 protected:
  testing::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_ / "narrow.safetensors";
};

TEST_F(VggishNetwork, IsWhatItsDefinitionGivesByHand) {
  const tensor::TensorMap weights = narrow_weights(7);
  tensor::save_safetensors(path_, weights);
  const metrics::Vggish network(path_);
  const at::Tensor examples =
      torch::randn({2, 1, 96, 64}, tensor::make_generator(1), torch::TensorOptions());
  const at::Tensor found = network.forward(examples);
  for (std::int64_t i = 0; i < 2; ++i) {
    // float32 sums of up to 120 terms of order 1 through nine layers.
    expect_close(found[i], ByHand(weights).run(examples[i][0]), 1e-4, "embedding");
  }
  EXPECT_LT(found.min().item<float>(), 0) << "the last layer has no ReLU";
}

TEST_F(VggishNetwork, GivesOneRowForEachExampleAndOneForAShortClip) {
  tensor::save_safetensors(path_, narrow_weights(7));
  const metrics::Vggish network(path_);
  EXPECT_EQ(network.embed(torch::zeros({33000})).size(0), 2);
  EXPECT_EQ(network.embed(torch::zeros({1000})).size(0), 1);
}

TEST_F(VggishNetwork, NamesWhatDoesNotFit) {
  tensor::TensorMap weights = narrow_weights(7);
  weights["embeddings.2.bias"] = torch::zeros({3});
  tensor::save_safetensors(path_, weights);
  EXPECT_THROW(metrics::Vggish{path_}, FormatError);
  weights = narrow_weights(7);
  weights["features.17.weight"] = torch::zeros({3});
  tensor::save_safetensors(path_, weights);
  EXPECT_THROW(metrics::Vggish{path_}, FormatError);
  tensor::save_safetensors(path_, {{"other", torch::zeros({3})}});
  EXPECT_THROW(metrics::Vggish{path_}, FormatError);
}

}  // namespace
}  // namespace kilonat::parity
