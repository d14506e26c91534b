#include "kilonat/loss/loss_table.h"

#include <gtest/gtest.h>
#include <torch/types.h>

namespace kilonat::loss {
namespace {

TEST(LossTable, WeighsInTheTotalAndNamesTheBareValues) {
  LossTable table;
  table.add("rec/mel", torch::tensor(2.0), 15);
  table.add("rate/penalty", torch::tensor(0.5), 4);
  EXPECT_EQ(table.total().item<double>(), 32);
  const auto values = table.values();
  ASSERT_EQ(values.size(), 2u);
  EXPECT_EQ(values[0], std::pair(std::string("rec/mel"), 2.0));
  EXPECT_EQ(values[1], std::pair(std::string("rate/penalty"), 0.5));
}

TEST(LossTable, PassesTheWeightedGradientOn) {
  const at::Tensor x = torch::tensor(3.0).requires_grad_();
  LossTable table;
  table.add("a", x * x, 2);
  table.add("b", x, -1);
  table.total().backward();
  EXPECT_EQ(x.grad().item<double>(), 2 * 2 * 3 - 1);
}

TEST(LossTable, HasNoValuesBeforeTheFirst) {
  EXPECT_TRUE(LossTable().values().empty());
}

}  // namespace
}  // namespace kilonat::loss
