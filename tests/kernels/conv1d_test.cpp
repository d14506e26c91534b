#include "kilonat/kernels/conv1d.h"

#include <functional>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <torch/autograd.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/seed_tree.h"
#include "kilonat/kernels/cpu.h"

namespace kilonat::kernels {
namespace {

struct Layer {
  at::Tensor x, weight, bias;

  Layer to(at::ScalarType type) const {
    return {x.detach().to(type).requires_grad_(),
            weight.detach().to(type).requires_grad_(),
            bias.defined() ? bias.detach().to(type).requires_grad_() : bias};
  }
};

using Function = std::function<at::Tensor(const Layer&)>;

/// Output and gradients, the bias last if there is one.
std::vector<at::Tensor> outcome(const Function& function, const Layer& layer) {
  const at::Tensor y = function(layer);
  (y * (torch::arange(y.numel()).remainder(17) - 8).to(y).view(y.sizes())).sum().backward();
  std::vector<at::Tensor> values{y.detach(), layer.x.grad(), layer.weight.grad()};
  if (layer.bias.defined()) values.push_back(layer.bias.grad());
  return values;
}

/// Layer with everything rounded to bfloat16, but the parameters in float32 as layers have them.
Layer rounded(const Layer& layer) {
  const auto round = [](const at::Tensor& t) {
    return t.defined() ? t.detach().to(at::kBFloat16).to(at::kFloat).requires_grad_() : t;
  };
  return {
      layer.x.detach().to(at::kBFloat16).requires_grad_(), round(layer.weight), round(layer.bias)};
}

void expect_close(const std::vector<at::Tensor>& got,
                  const std::vector<at::Tensor>& expected,
                  double tolerance,
                  const std::string& what) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(got[i].sizes(), expected[i].sizes()) << what;
    const double scale = expected[i].abs().max().item<double>() + 1e-9;
    const double error = (got[i].to(at::kDouble) - expected[i]).abs().max().item<double>() / scale;
    EXPECT_LT(error, tolerance) << what << " result " << i;
  }
}

/// In bfloat16 at every CPU level up to the one that the program started with: products are exact,
/// sums float32, and what leaves is rounded to 8 bits: half a unit of 2^-7 of the largest value.
void expect_same_in_bf16(const Function& function,
                         const Function& reference,
                         const Layer& layer,
                         const std::string& what) {
  const Layer exact = rounded(layer);
  const auto expected = outcome(reference, exact.to(at::kDouble));
  const CpuLevel before = cpu_level();
  for (const CpuLevel level : supported_cpu_levels()) {
    if (level > before) break;  // oneDNN may be held to it
    set_cpu_level(level);
    const auto got = outcome(function, rounded(layer));
    EXPECT_EQ(got[0].scalar_type(), at::kBFloat16);
    EXPECT_EQ(got[2].scalar_type(), at::kFloat);
    expect_close(got, expected, 0.0042, what + " bf16 " + std::string(cpu_level_name(level)));
  }
  set_cpu_level(before);
}

void expect_same(const Function& function,
                 const Function& reference,
                 const Layer& layer,
                 const std::string& what) {
  const auto got = outcome(function, layer.to(at::kFloat));
  const auto expected = outcome(reference, layer.to(at::kDouble));
  // Sums of up to a few thousand products of both signs in float32, of which some cancel.
  expect_close(got, expected, 3e-5, what);
}

at::Tensor in_some_layout(const at::Tensor& x, std::uint64_t which) {
  const at::Tensor last = x.transpose(1, 2).contiguous().transpose(1, 2);
  if (which == 0) return x;
  if (which == 1) return last;
  return torch::cat({last, last}, -1).narrow(-1, x.size(-1), x.size(-1));
}

TEST(Conv1d, EqualsATenForRandomShapes) {
  Rng rng(1);
  torch::manual_seed(1);
  const auto draw = [&rng](std::uint64_t n) {
    return 1 + static_cast<std::int64_t>(rng.integer(n));
  };
  for (int trial = 0; trial < 60; ++trial) {
    const std::int64_t in = trial % 5 == 0 ? 1 : draw(40);
    const std::int64_t out = trial % 7 == 0 ? 1 : draw(40);
    const std::int64_t kernel = draw(9);
    const Conv1dOptions options{.stride = draw(4), .padding = draw(12) - 1, .dilation = draw(9)};
    const std::int64_t length = options.dilation * (kernel - 1) + draw(200);
    const Layer layer{in_some_layout(torch::randn({draw(3), in, length}), rng.integer(3)),
                      torch::randn({out, in, kernel}),
                      trial % 3 == 0 ? at::Tensor() : torch::randn({out})};
    const Function ours = [&](const Layer& l) {
      return kernels::conv1d(l.x, l.weight, l.bias, options);
    };
    const Function theirs = [&](const Layer& l) {
      return at::conv1d(l.x, l.weight, l.bias, options.stride, options.padding, options.dilation);
    };
    std::ostringstream what;
    what << "input " << layer.x.sizes() << " weight " << layer.weight.sizes() << " stride "
         << options.stride << " padding " << options.padding << " dilation " << options.dilation;
    expect_same(ours, theirs, layer, what.str());
    if (trial % 4 == 0) expect_same_in_bf16(ours, theirs, layer, what.str());
  }
}

TEST(Conv1d, OfWideLayersOnShortSignalsEqualsATen) {
  torch::manual_seed(4);
  for (const Conv1dOptions options : {Conv1dOptions{.stride = 3, .padding = 2},
                                      Conv1dOptions{.padding = 2},
                                      Conv1dOptions{.padding = 3, .dilation = 3}}) {
    const Layer layer{
        torch::randn({5, 256, 17}), torch::randn({512, 256, 5}) * 0.1, torch::randn({512})};
    const Function ours = [&](const Layer& l) {
      return kernels::conv1d(l.x, l.weight, l.bias, options);
    };
    const Function theirs = [&](const Layer& l) {
      return at::conv1d(l.x, l.weight, l.bias, options.stride, options.padding, options.dilation);
    };
    expect_same(ours, theirs, layer, "wide layer");
    expect_same_in_bf16(ours, theirs, layer, "wide layer");
  }
}

TEST(Conv1d, ToOneOrTwoChannelsEqualsATen) {
  torch::manual_seed(6);
  for (const std::int64_t out : {1, 2}) {
    for (const std::int64_t padding : {0, 3}) {
      const Conv1dOptions options{.padding = padding};
      const Layer layer{torch::randn({2, 16, 320 + 6 - 2 * padding}),
                        torch::randn({out, 16, 7}),
                        torch::randn({out})};
      const Function ours = [&](const Layer& l) {
        return kernels::conv1d(l.x, l.weight, l.bias, options);
      };
      const Function theirs = [&](const Layer& l) {
        return at::conv1d(l.x, l.weight, l.bias, 1, padding);
      };
      expect_same(ours, theirs, layer, "few outputs");
      expect_same_in_bf16(ours, theirs, layer, "few outputs");
    }
  }
}

TEST(ConvTranspose1d, EqualsATenForRandomShapes) {
  Rng rng(2);
  torch::manual_seed(2);
  const auto draw = [&rng](std::uint64_t n) {
    return 1 + static_cast<std::int64_t>(rng.integer(n));
  };
  for (int trial = 0; trial < 80; ++trial) {
    const std::int64_t in = draw(24);
    const std::int64_t out = trial % 7 == 0 ? 1 : draw(24);
    const std::int64_t stride = draw(8);
    // Half of them as codecs have them, the others anything that ATen takes.
    const std::int64_t kernel = trial % 2 == 0 ? 2 * stride : draw(20);
    const ConvTranspose1dOptions options{
        .stride = stride,
        .padding = trial % 2 == 0 ? (stride + 1) / 2 : static_cast<std::int64_t>(rng.integer(12)),
        .output_padding =
            static_cast<std::int64_t>(rng.integer(static_cast<std::uint64_t>(stride)))};
    const std::int64_t length = options.padding + draw(60);
    const Layer layer{in_some_layout(torch::randn({draw(3), in, length}), rng.integer(3)),
                      torch::randn({in, out, kernel}),
                      trial % 3 == 0 ? at::Tensor() : torch::randn({out})};
    if ((length - 1) * stride - 2 * options.padding + kernel + options.output_padding < 1) continue;
    const Function ours = [&](const Layer& l) {
      return kernels::conv_transpose1d(l.x, l.weight, l.bias, options);
    };
    const Function theirs = [&](const Layer& l) {
      return at::conv_transpose1d(
          l.x, l.weight, l.bias, options.stride, options.padding, options.output_padding);
    };
    std::ostringstream what;
    what << "input " << layer.x.sizes() << " weight " << layer.weight.sizes() << " stride "
         << stride << " padding " << options.padding << " output padding "
         << options.output_padding;
    expect_same(ours, theirs, layer, what.str());
    if (trial % 4 == 0) expect_same_in_bf16(ours, theirs, layer, what.str());
  }
}

TEST(Conv1d, GradientsOfGradientsEqualATen) {
  torch::manual_seed(3);
  const auto second = [](const auto& convolve, const at::Tensor& x_values, at::ScalarType type) {
    const at::Tensor x = x_values.to(type).requires_grad_();
    const at::Tensor weight =
        (torch::arange(4 * 3 * 5).view({4, 3, 5}).to(type) * 0.01).detach().requires_grad_();
    const auto first =
        torch::autograd::grad({convolve(x, weight).square().sum()}, {x, weight}, {}, true, true);
    return torch::autograd::grad({first[0].square().sum() + first[1].square().sum()}, {x, weight});
  };
  const at::Tensor x = torch::randn({2, 3, 20});
  for (const std::int64_t stride : {1, 2}) {
    const auto got = second(
        [&](const at::Tensor& in, const at::Tensor& weight) {
          return kernels::conv1d(in, weight, at::Tensor(), {.stride = stride, .padding = 2});
        },
        x,
        at::kFloat);
    const auto expected =
        second([&](const at::Tensor& in,
                   const at::Tensor& weight) { return at::conv1d(in, weight, {}, stride, 2); },
               x,
               at::kDouble);
    expect_close(got, expected, 1e-4, "second gradients");
  }
}

TEST(Conv1d, OfALongSignalWithoutGradientsEqualsATen) {
  torch::manual_seed(5);
  const at::NoGradGuard no_grad;
  for (const Conv1dOptions options : {Conv1dOptions{.padding = 27, .dilation = 9},
                                      Conv1dOptions{.padding = 0},
                                      Conv1dOptions{.stride = 3, .padding = 2}}) {
    for (const std::int64_t length : {16384, 16500, 49152, 70001}) {
      const at::Tensor x = in_some_layout(torch::randn({1, 3, length}), 1);
      const at::Tensor weight = torch::randn({4, 3, 7});
      const at::Tensor bias = torch::randn({4});
      const at::Tensor got = kernels::conv1d(x, weight, bias, options);
      const at::Tensor expected =
          at::conv1d(x, weight, bias, options.stride, options.padding, options.dilation);
      ASSERT_EQ(got.sizes(), expected.sizes()) << length;
      // 21 products each.
      EXPECT_LT((got - expected).abs().max().item<double>(), 3e-5) << length;
      EXPECT_TRUE(got.transpose(1, 2).is_contiguous());
    }
  }
}

TEST(Conv1d, NeedsNoGradientOfItsWeight) {
  const at::Tensor x = torch::randn({2, 3, 20}).requires_grad_();
  kernels::conv1d(x, torch::randn({4, 3, 5}), torch::randn({4})).sum().backward();
  EXPECT_TRUE(x.grad().defined());
}

TEST(Conv1d, GivesChannelsLast) {
  for (const std::int64_t in : {1, 3}) {
    const at::Tensor x = torch::randn({2, in, 50}).requires_grad_();
    const at::Tensor y = kernels::conv1d(x, torch::randn({8, in, 5}), at::Tensor());
    EXPECT_EQ(y.stride(1), 1) << in;
    EXPECT_TRUE(y.transpose(1, 2).is_contiguous()) << in;
  }
}

TEST(Conv1d, GivesGradientsInChannelsLast) {
  for (const std::int64_t out : {1, 3}) {
    const at::Tensor x = torch::randn({2, 50, 8}).transpose(1, 2).requires_grad_();
    const at::Tensor y = kernels::conv1d(x, torch::randn({out, 8, 5}), at::Tensor());
    const auto grad_x = torch::autograd::grad({y.square().sum()}, {x})[0];
    EXPECT_TRUE(grad_x.transpose(1, 2).is_contiguous()) << out;
  }
}

TEST(ConvTranspose1d, GivesDenseChannelsLastWhenTheLengthIsWholeFrames) {
  for (const std::int64_t stride : {2, 5, 8}) {
    const at::Tensor y = kernels::conv_transpose1d(
        torch::randn({2, 3, 50}),
        torch::randn({3, 8, 2 * stride}),
        {},
        {.stride = stride, .padding = (stride + 1) / 2, .output_padding = stride % 2});
    EXPECT_TRUE(y.transpose(1, 2).is_contiguous());
  }
}

TEST(Conv1d, DoubleEqualsATenExactly) {
  const at::Tensor x = torch::randn({2, 3, 20}, at::kDouble);
  const at::Tensor weight = torch::randn({4, 3, 5}, at::kDouble);
  EXPECT_TRUE(torch::equal(kernels::conv1d(x, weight, at::Tensor()), at::conv1d(x, weight)));
}

TEST(Conv1d, RefusesWhatATenRefuses) {
  EXPECT_THROW(
      (void)kernels::conv1d(torch::randn({1, 3, 20}), torch::randn({4, 2, 5}), at::Tensor()),
      c10::Error);
  EXPECT_THROW(
      (void)kernels::conv1d(torch::randn({1, 3, 4}), torch::randn({4, 3, 5}), at::Tensor()),
      c10::Error);
  EXPECT_THROW((void)kernels::conv_transpose1d(
                   torch::randn({1, 3, 20}), torch::randn({4, 2, 5}), at::Tensor()),
               c10::Error);
}

}  // namespace
}  // namespace kilonat::kernels
