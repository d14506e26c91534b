#include "kilonat/study/generation_csv.h"

#include "base/temporary_folder.h"
#include "study/made_generation.h"
#include <gtest/gtest.h>

#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using testing::made_generation;

TEST(GenerationCsv, HasOneRowAPointUnderNames) {
  EXPECT_EQ(
      generation_csv(made_generation()),
      "id,codec_point,status,why,target_kbps,kl_kbps,informative_kbps,predictive_kbps,"
      "diffusion_kbps,seed,steps,guidance,sampler,sampler_steps,eta,"
      "kad,kad_low,kad_high,kad_reconstruction,"
      "class_accuracy,class_accuracy_low,class_accuracy_high,class_accuracy_reconstruction,"
      "predictability_effective_rank\r\n"
      "gaussian-2-seed0.gen0,gaussian-2-seed0,done,,2,2.0625,,1.5,1.25,3,4000,3,euler,50,0.25,"
      "0.25,0.125,0.5,0.0625,0.75,,,,6.5\r\n"
      "gaussian-4-seed0.gen0,,missing,not run yet,4,,,,,0,,,,,,,,,,,,,,\r\n"
      "gaussian-8-seed0.gen0,,failed,step 10: not finite,,,,,,0,,,,,,,,,,,,,,\r\n"
      "real,,anchor,,,,,,,,,,,,,0.015625,,,,,,,,\r\n"
      "silence,,anchor,,,,,,,,,,,,,,,,,,,,,\r\n");
}

TEST(GenerationCsv, IsWrittenAsItReads) {
  const kilonat::testing::TemporaryFolder folder;
  save_generation_csv(folder / "generation.csv", made_generation());
  EXPECT_EQ(read_text(folder / "generation.csv"), generation_csv(made_generation()));
}

}  // namespace
}  // namespace kilonat::study
