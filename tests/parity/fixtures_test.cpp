/// The parity tests test something: where there is a folder of references, it holds some.

#include "parity/fixtures.h"

#include <gtest/gtest.h>

namespace kilonat::parity {
namespace {

/// What the tests of this folder look for: the start of a set's name and the end of its file's.
const std::vector<std::pair<std::string, std::string>> kKinds{{"dac_", ".io.safetensors"},
                                                              {"dacvae_", ".io.safetensors"},
                                                              {"disc_", ".io.safetensors"},
                                                              {"oobleck_", ".io.safetensors"},
                                                              {"losses_", ".safetensors"},
                                                              {"t5_", ".io.safetensors"},
                                                              {"gaussian_kl", ".safetensors"}};

TEST(Fixtures, AFolderOfReferencesHoldsSetsToCompareWith) {
  const auto folder = fixtures_folder();
  if (!folder) GTEST_SKIP() << "KILONAT_FIXTURES names no folder; there is nothing to compare with";
  std::size_t num_sets = 0;
  for (const auto& [start, end] : kKinds) num_sets += fixture_sets(start, end).size();
  EXPECT_GT(num_sets, 0u) << *folder << " holds no set of any kind that is tested here";
}

// The few sets that lie here are always there: without the variable nothing is skipped unseen.
TEST(Fixtures, AreThereWhateverTheMachine) {
  if (std::getenv("KILONAT_FIXTURES") != nullptr) GTEST_SKIP() << "KILONAT_FIXTURES is set";
  EXPECT_TRUE(fixtures_folder().has_value()) << "no folder of references below " KILONAT_SOURCE_DIR;
}

TEST(Fixtures, EverySetOfAKnownKindHasTheFilesThatItsTestsRead) {
  for (const std::string kind : {"dac_", "dacvae_", "oobleck_", "t5_v"}) {
    for (const std::string& set : fixture_sets(kind)) {
      EXPECT_TRUE(has_fixture_file(set, "weights")) << set << " has outputs but no weights";
      EXPECT_TRUE(std::filesystem::exists(fixture_path(set, ".config.json"))) << set;
    }
  }
}

}  // namespace
}  // namespace kilonat::parity
