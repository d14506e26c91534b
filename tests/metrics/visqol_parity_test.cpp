/// Kilonat's ViSQOL against the scores that the official one states for its recordings.

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "metrics/visqol_folder.h"
#include <gtest/gtest.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/metrics/visqol/visqol.h"

namespace kilonat::metrics {
namespace {

namespace fs = std::filesystem;

/// A row of expected.csv.
struct Expected {
  std::string reference;
  std::string degraded;
  std::string mode;
  std::string check;
  std::string value;
  std::string tolerance;

  [[nodiscard]] std::string name() const { return reference + " : " + degraded + " " + check; }
};

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream stream(line);
  for (std::string cell; std::getline(stream, cell, ',');) cells.push_back(cell);
  return cells;
}

/// The rows of the audio mode.
std::vector<Expected> expected_rows(const fs::path& folder) {
  std::ifstream file(folder / "expected.csv");
  std::vector<Expected> rows;
  std::string line;
  std::getline(file, line);  // the names of the columns
  while (std::getline(file, line)) {
    std::vector<std::string> cells = cells_of(line);
    cells.resize(std::max<std::size_t>(cells.size(), 6));
    if (cells[2] != "audio") continue;
    rows.push_back({cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]});
  }
  return rows;
}

/// At the file's own rate: the official program resamples nothing.
MonoSound read_mono(const fs::path& path) {
  return mix_to_mono(audio::read_audio(path));
}

void expect_check(const Expected& row, const VisqolResult& result) {
  if (row.check == "near") {
    EXPECT_NEAR(*result.moslqo, std::stod(row.value), std::stod(row.tolerance));
  } else if (row.check == "greater") {
    EXPECT_GT(*result.moslqo, std::stod(row.value));
  } else if (row.check == "lowest_band") {
    const auto lowest = std::ranges::min_element(result.fvnsim);
    EXPECT_EQ(lowest - result.fvnsim.begin(), std::stoi(row.value));
  } else {
    EXPECT_EQ(row.check, "completes");
    EXPECT_TRUE(std::isfinite(*result.moslqo));
  }
}

TEST(VisqolParity, ReproducesTheOfficialScores) {
  KILONAT_NEED_VISQOL_FOLDER();
  const fs::path folder = *visqol_folder();
  const Visqol visqol(folder / "libsvm_nu_svr_model.txt");
  const std::vector<Expected> rows = expected_rows(folder);
  EXPECT_FALSE(rows.empty());
  for (const Expected& row : rows) {
    SCOPED_TRACE(row.name());
    const MonoSound reference = read_mono(folder / row.reference);
    const MonoSound degraded = read_mono(folder / row.degraded);
    if (row.check == "invalid_argument") {
      EXPECT_THROW((void)visqol.measure(reference, degraded), DataError);
    } else {
      expect_check(row, visqol.measure(reference, degraded));
    }
  }
}

TEST(VisqolParity, ReproducesTheOfficialSimilaritiesOfEachBand) {
  KILONAT_NEED_VISQOL_FOLDER();
  const fs::path folder = *visqol_folder();
  std::ifstream file(folder / "contrabassoon_fvnsim.csv");
  if (!file) GTEST_SKIP() << "no contrabassoon_fvnsim.csv in that folder";
  const VisqolResult result =
      Visqol().measure(read_mono(folder / "audio/contrabassoon48_stereo.flac"),
                       read_mono(folder / "audio/contrabassoon48_stereo_24kbps_aac.flac"));
  // Official figures and tolerance: tests/visqol_api_test.cc.
  EXPECT_NEAR(result.vnsim, 0.73327478224415843, 1e-4);
  std::string line;
  std::getline(file, line);  // the names of the columns
  std::size_t num_bands = 0;
  for (; std::getline(file, line); ++num_bands) {
    const std::vector<std::string> cells = cells_of(line);
    EXPECT_NEAR(result.fvnsim.at(std::stoul(cells.at(0))), std::stod(cells.at(1)), 1e-4) << line;
  }
  EXPECT_EQ(num_bands, visqol::kNumBands);
}

}  // namespace
}  // namespace kilonat::metrics
