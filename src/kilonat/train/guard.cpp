#include "kilonat/train/guard.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "kilonat/base/errors.h"

namespace kilonat::train {

void NonFiniteGuard::count_good() {
  tenths_ = std::max<std::int64_t>(0, tenths_ - 1);
}

std::string NonFiniteGuard::count_bad(std::int64_t step,
                                      std::string_view what,
                                      std::span<const std::string> ids) {
  ++num_skipped_;
  tenths_ += 10;
  std::string line = fmt::format("step {}: {} is not finite; batch skipped ({} so far): {}",
                                 step,
                                 what,
                                 num_skipped_,
                                 fmt::join(ids, ", "));
  KILONAT_REQUIRE(tenths_ < 10 * limit_,
                  NumericError,
                  "{}; too many such batches, the last checkpoint is kept; lower the learning rate "
                  "or optim.generator.clip_norm, or look at these clips",
                  line);
  return line;
}

nlohmann::json NonFiniteGuard::state() const {
  return {{"num_skipped", num_skipped_}, {"tenths", tenths_}};
}

void NonFiniteGuard::restore(const nlohmann::json& state) {
  num_skipped_ = state.at("num_skipped").get<std::int64_t>();
  tenths_ = state.at("tenths").get<std::int64_t>();
}

}  // namespace kilonat::train
