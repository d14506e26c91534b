#include "kilonat/train/named_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(CopyNamedTensors, CopiesByName) {
  const NamedTensors into{{"a", torch::zeros({2})}, {"b", torch::zeros({1})}};
  copy_named_tensors_(into, {{"b", torch::ones({1})}, {"a", torch::full({2}, 2.0)}}, "test");
  EXPECT_EQ(into.at("a")[1].item<float>(), 2);
  EXPECT_EQ(into.at("b")[0].item<float>(), 1);
}

TEST(CopyNamedTensors, ListsEveryDifferenceAndChangesNothing) {
  const NamedTensors into{{"a", torch::zeros({2, 3})}, {"b", torch::zeros({1})}};
  try {
    copy_named_tensors_(into, {{"a", torch::ones({2, 4})}, {"c", torch::ones({1})}}, "model 'x'");
    FAIL();
  } catch (const FormatError& error) {
    EXPECT_THAT(error.what(),
                AllOf(HasSubstr("model 'x'"),
                      HasSubstr("'a' is [2, 4], expected [2, 3]"),
                      HasSubstr("'b' [1] is missing"),
                      HasSubstr("'c' [1] is unexpected")));
  }
  EXPECT_EQ(into.at("a").sum().item<float>(), 0);
}

TEST(WithPrefix, IsUndoneByWithoutPrefix) {
  const NamedTensors tensors{{"a", torch::zeros({1})}};
  const NamedTensors prefixed = with_prefix(tensors, "ema/");
  EXPECT_TRUE(prefixed.contains("ema/a"));
  EXPECT_TRUE(without_prefix(prefixed, "ema/").contains("a"));
  EXPECT_TRUE(without_prefix(prefixed, "other/").empty());
}

}  // namespace
}  // namespace kilonat::train
