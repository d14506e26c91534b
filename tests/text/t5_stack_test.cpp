#include "kilonat/text/t5_stack.h"

#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/module_weights.h"
#include "kilonat/tensor/random.h"

namespace kilonat::text {
namespace {

T5StackOptions small_options() {
  return {.width = 12, .num_layers = 2, .num_heads = 3, .head_width = 5, .ff_width = 20};
}

T5Stack small_stack(const T5StackOptions& options, std::uint64_t seed = 1) {
  T5Stack stack(options);
  initialise(*stack, tensor::make_generator(seed));
  return stack;
}

std::int64_t bucket(std::int64_t distance, std::int64_t num_buckets, std::int64_t max_distance) {
  const at::Tensor one = at::full({1}, distance, at::kLong);
  return distance_buckets(one, num_buckets, max_distance).item<std::int64_t>();
}

TEST(DistanceBuckets, AreExactNearbyAndCoarseFurtherOff) {
  EXPECT_EQ(bucket(0, 32, 128), 0);
  EXPECT_EQ(bucket(-7, 32, 128), 7);
  EXPECT_EQ(bucket(7, 32, 128), 16 + 7);
  EXPECT_EQ(bucket(-8, 32, 128), 8);
  EXPECT_EQ(bucket(-11, 32, 128), 8);  // 8 ln(11 / 8) / ln 16 = 0.92
  EXPECT_EQ(bucket(-12, 32, 128), 9);  // 1.17
  EXPECT_EQ(bucket(-100, 32, 128), 15);
  EXPECT_EQ(bucket(-100000, 32, 128), 15);
  EXPECT_EQ(bucket(100000, 32, 128), 31);
}

TEST(DistanceBuckets, DependOnTheirNumberAndRange) {
  EXPECT_EQ(bucket(-2, 8, 16), 2);
  EXPECT_EQ(bucket(-5, 8, 16), 2);  // 2 ln(5 / 2) / ln 8 = 0.88
  EXPECT_EQ(bucket(-6, 8, 16), 3);  // 1.06
  EXPECT_EQ(bucket(6, 8, 16), 7);
}

TEST(T5Stack, HasTheOfficialNames) {
  T5StackOptions options = small_options();
  const auto gated = tensor::weights_of(*T5Stack(options));
  EXPECT_EQ(gated.size(), 2u * 9 + 2);  // 4 of attention, 3 of feed-forward, 2 norms a layer
  EXPECT_TRUE(gated.contains("block.1.layer.0.SelfAttention.q.weight"));
  EXPECT_TRUE(gated.contains("block.1.layer.1.DenseReluDense.wi_1.weight"));
  EXPECT_TRUE(gated.contains("block.0.layer.0.SelfAttention.relative_attention_bias.weight"));
  EXPECT_FALSE(gated.contains("block.1.layer.0.SelfAttention.relative_attention_bias.weight"));
  options.is_gated = false;
  const auto plain = tensor::weights_of(*T5Stack(options));
  EXPECT_EQ(plain.size(), 2u * 8 + 2);
  EXPECT_TRUE(plain.contains("block.0.layer.1.DenseReluDense.wi.weight"));
  EXPECT_TRUE(plain.contains("final_layer_norm.weight"));
}

TEST(T5Stack, StartsTheSameFromTheSameSeed) {
  const at::Tensor x = at::randn({1, 4, 12}, tensor::make_generator(3));
  const at::Tensor y = small_stack(small_options(), 1)->forward(x, {});
  EXPECT_TRUE(at::equal(y, small_stack(small_options(), 1)->forward(x, {})));
  EXPECT_FALSE(at::equal(y, small_stack(small_options(), 2)->forward(x, {})));
}

// float32 sums of 12 to 20 terms in another order: a few roundings of 6e-8 each.
constexpr double kRounding = 1e-5;

TEST(T5Stack, SeesNothingOfMaskedTokens) {
  for (const bool is_gated : {true, false}) {
    T5StackOptions options = small_options();
    options.is_gated = is_gated;
    T5Stack stack = small_stack(options);
    const at::Tensor x = at::randn({1, 4, 12}, tensor::make_generator(3));
    const at::Tensor padding = 100 * at::randn({1, 3, 12}, tensor::make_generator(4));
    const at::Tensor mask = at::arange(7).lt(4).unsqueeze(0);
    const at::Tensor alone = stack->forward(x, {});
    const at::Tensor padded = stack->forward(at::cat({x, padding}, 1), mask).narrow(1, 0, 4);
    EXPECT_TRUE(at::allclose(alone, padded, 0, kRounding));
    const at::Tensor unmasked = stack->forward(at::cat({x, padding}, 1), {}).narrow(1, 0, 4);
    EXPECT_FALSE(at::allclose(alone, unmasked, 0, 1e-2));
  }
}

TEST(T5Stack, StaysFiniteInRowsWithoutAnyToken) {
  T5Stack stack = small_stack(small_options());
  const at::Tensor x = at::randn({2, 3, 12}, tensor::make_generator(3));
  const at::Tensor y = stack->forward(x, at::zeros({2, 3}, at::kBool));
  EXPECT_TRUE(y.isfinite().all().item<bool>());
}

TEST(T5Stack, TellsTheOrderOfTokens) {
  T5Stack stack = small_stack(small_options());
  const at::Tensor x = at::randn({1, 4, 12}, tensor::make_generator(3));
  const at::Tensor there = stack->forward(x, {});
  const at::Tensor back = stack->forward(x.flip(1), {}).flip(1);
  EXPECT_FALSE(at::allclose(there, back, 0, 1e-3));
}

TEST(T5Stack, RefusesOtherShapes) {
  T5Stack stack = small_stack(small_options());
  EXPECT_THROW((void)stack->forward(at::zeros({1, 4, 11}), {}), ShapeError);
  EXPECT_THROW((void)stack->forward(at::zeros({1, 4, 12}), at::ones({1, 5}, at::kBool)),
               ShapeError);
}

}  // namespace
}  // namespace kilonat::text
