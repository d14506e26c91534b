/// kilonat study gaussian-limit: a point that cannot be is refused loudly.

#include <algorithm>

#include "integration/program.h"
#include "integration/sounds.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace kilonat::integration {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

/// One point, trained for two steps on hardly anything.
Outcome run_study(const Scratch& scratch) {
  return kilonat({"study",     "gaussian-limit",
                  "--steps",   "2",
                  "--set",     "limit.sources=[\"gaussian-white\"]",
                  "--set",     "limit.snr_db=[6]",
                  "--set",     "limit.clips=16",
                  "--set",     "limit.clip_s=1.5",
                  "--set",     "run.statistics_clips=1",
                  "--set",     "rate.calibration_excerpts=16",
                  "--out",     scratch("study"),
                  "--threads", "1",
                  "--quiet"});
}

TEST(GaussianLimit, EndsWithItsOwnCodeForAPointBelowTheCurve) {
  const Scratch scratch;
  const Outcome possible = run_study(scratch);
  ASSERT_EQ(possible.exit_code, 0) << possible.err;

  // As if rate and distortion had been counted wrongly.
  const auto path = scratch.path("study") / "runs" / "gaussian-white-6dB" / "limit.json";
  json point = json::parse(read_bytes(path));
  ASSERT_TRUE(point.contains("gap_bits_per_sample")) << point.dump();
  point["gap_bits_per_sample"] = -0.5;
  point["gap_db"] = -3.0;
  write_bytes(path, point.dump());
  const Outcome impossible = run_study(scratch);
  EXPECT_EQ(impossible.exit_code, 6) << impossible.err;
  EXPECT_THAT(impossible.err, HasSubstr("gaussian-white-6dB"));
  EXPECT_EQ(std::count(impossible.err.begin(), impossible.err.end(), '\n'), 1) << impossible.err;
}

}  // namespace
}  // namespace kilonat::integration
