#include <gtest/gtest.h>
#include <torch/cuda.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/tensor/device.h"
#include "kilonat/tensor/random.h"
#include "kilonat/tensor/shape.h"
#include "kilonat/tensor/torch_error.h"

namespace kilonat::tensor {
namespace {

TEST(Shape, AcceptsWhatFitsAndNamesWhatDoesNot) {
  EXPECT_NO_THROW(expect_shape(torch::zeros({2, 3}), "x", {kAny, 3}));
  for (const auto& wrong : {torch::zeros({2, 4}), torch::zeros({3}), at::Tensor()}) {
    EXPECT_THROW(expect_shape(wrong, "x", {kAny, 3}), ShapeError);
  }
  try {
    expect_shape(torch::zeros({2, 4}), "audio", {kAny, 3});
  } catch (const ShapeError& error) {
    EXPECT_STREQ(error.what(), "audio has shape [2, 4], expected [*, 3]");
  }
}

TEST(TorchError, IsOneLine) {
  try {
    (void)torch::zeros({2}).matmul(torch::zeros({3}));
    FAIL();
  } catch (const std::exception& error) {
    const std::string text = what_without_backtrace(error);
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_FALSE(text.empty());
  }
  EXPECT_EQ(what_without_backtrace(std::runtime_error("plain")), "plain");
}

TEST(Device, ReadsItsNames) {
  EXPECT_EQ(parse_device("cpu").type(), c10::kCPU);
  for (const char* text : {"gpu", "", "cuda:", "cuda:x", "cuda:-1", "cpu:0", "cuda:1x"}) {
    EXPECT_THROW((void)parse_device(text), ConfigError) << text;
  }
  if (!torch::cuda::is_available()) {
    EXPECT_THROW((void)parse_device("cuda"), ConfigError);
    EXPECT_THROW((void)parse_device("cuda:3"), ConfigError);
  }
  EXPECT_GE(usable_cpu_count(), 1);
}

TEST(Random, RepeatsFromASeedAndFromAState) {
  at::Generator generator = make_generator(7);
  const at::Tensor shape = torch::zeros({3, 5}, torch::kFloat64);
  const at::Tensor first = normal_like(shape, generator);
  const at::Tensor state = generator_state(generator);
  const at::Tensor second = normal_like(shape, generator);
  EXPECT_FALSE(at::equal(first, second));
  EXPECT_TRUE(at::equal(normal_like(shape, make_generator(7)), first));
  set_generator_state(generator, state);
  EXPECT_TRUE(at::equal(normal_like(shape, generator), second));
  EXPECT_EQ(first.scalar_type(), torch::kFloat64);
  EXPECT_THROW(set_generator_state(generator, torch::zeros({3}, torch::kUInt8)), FormatError);
}

}  // namespace
}  // namespace kilonat::tensor
