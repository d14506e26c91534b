#include "kilonat/study/results_csv.h"

#include "base/temporary_folder.h"
#include "study/made_results.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

using testing::made_results;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = text.find("\r\n", start);
    lines.push_back(text.substr(start, end - start));
    start = end + 2;
  }
  return lines;
}

TEST(ResultsCsv, HasOneRowAPointUnderNames) {
  EXPECT_THAT(
      lines_of(results_csv(made_results())),
      ::testing::ElementsAre(
          "id,family,label,status,why,seed,steps,config_hash,target_kbps,kl_kbps,informative_kbps,"
          "nominal_kbps,entropy_kbps,actual_kbps,predictive_kbps,clip_rate_std_kbps,"
          "mel_distance,stft_distance,waveform_l1,si_sdr_db,visqol_moslqo,active_channels,"
          "effective_rank,lpc_gain_db,"
          "spectral_decay,shift_equivariance,context_kl_kbps,nats_per_channel",
          "gaussian-2-seed0,gaussian,2 "
          "kbit/s,done,,7,1400,00ff,2,2.0625,2.03125,,,,,,2.25,,,-1.5,,2,"
          "1.75,3.5,0.125,0.0625,2.125,1.5 0.25",
          "rvq-4-seed0,rvq,4 kbit/s,missing,not run yet,0,0,,4,,,,,,,,,,,,,,,,,,,",
          "fixed_beta-1e-2-seed0,fixed_beta,\"beta \"\"0.01\"\", as usual\",failed,"
          "step 10: not finite,0,0,,,,,,,,,,,,,,,,,,,,,"));
}

TEST(ResultsCsv, KeepsEveryDigit) {
  Results results = made_results();
  results.points[0].rates["kl_kbps"] = 0.1 + 0.2;
  EXPECT_THAT(results_csv(results), ::testing::HasSubstr(",0.30000000000000004,"));
}

TEST(ResultsCsv, IsWrittenAsItReads) {
  const kilonat::testing::TemporaryFolder folder;
  save_results_csv(folder / "results.csv", made_results());
  EXPECT_EQ(read_text(folder / "results.csv"), results_csv(made_results()));
}

}  // namespace
}  // namespace kilonat::study
