/// Frechet distances against scipy's matrix square root and an exact form (sets frechet_*).

#include "parity/fixtures.h"
#include <gtest/gtest.h>

#include "kilonat/metrics/frechet.h"

namespace kilonat::parity {
namespace {

using metrics::FrechetDistance;

// Tolerances: the fixtures' README. Where a set has fewer rows than dimensions, the forms that take
// roots of near-zero eigenvalues differ by their rounding, so only the exact one is a reference.
constexpr double kFullRank = 1e-8;
constexpr double kRankDeficient = 1e-6;

struct Set {
  explicit Set(const std::string& name) : file(fixture_path(name, ".safetensors")) {}

  [[nodiscard]] double number(const std::string& key) const {
    return file.tensor(key).item<double>();
  }
  [[nodiscard]] bool is_full_rank() const {
    return file.info("embeddings_a").shape[0] > file.info("embeddings_a").shape[1];
  }

  tensor::SafetensorsFile file;
};

void expect_relative(double actual, double expected, double tolerance, const std::string& name) {
  EXPECT_NEAR(actual, expected, tolerance * std::abs(expected)) << name;
}

TEST(FrechetParity, GivesTheReferencesDistanceOfEveryFixtureSet) {
  KILONAT_FOR_EACH_FIXTURE(set, "frechet_", ".safetensors") {
    const Set reference(set);
    const double tolerance = reference.is_full_rank() ? kFullRank : kRankDeficient;
    const FrechetDistance found = metrics::FrechetReference(reference.file.tensor("embeddings_b"))
                                      .distance(reference.file.tensor("embeddings_a"));
    expect_relative(found.distance, reference.number("fad_gram_svd"), tolerance, set);
    expect_relative(found.trace_of_root, reference.number("trace_gram_svd"), tolerance, set);
    expect_relative(
        found.mean_distance_squared, reference.number("mean_distance_squared"), kFullRank, set);
    if (!reference.is_full_rank()) continue;
    expect_relative(found.distance, reference.number("fad_sqrtm"), tolerance, set);
    expect_relative(found.distance, reference.number("fad_symmetric"), tolerance, set);
  }
}

}  // namespace
}  // namespace kilonat::parity
