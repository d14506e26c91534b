/// What is exported is what the official code wrote: names, values and config.

#include "parity/fixtures.h"
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "kilonat/codec/export/export.h"
#include "kilonat/codec/import/import.h"

namespace kilonat::parity {
namespace {

codec::ExportedModel there_and_back(const std::string& set, const std::string& format) {
  const codec::ImportedModel imported = codec::import_checkpoint(
      fixture_path(set, ".weights.safetensors"),
      {.config = fixture_path(set, ".config.json"), .match_official = true});
  return codec::export_model(*imported.model, format);
}

/// Every tensor of the fixture and no other, bit for bit.
void expect_official_weights(const std::string& set, const codec::ExportedModel& exported) {
  const auto official = fixture_file(set, "weights");
  EXPECT_EQ(exported.weights.size(), official.names().size());
  for (const std::string& name : official.names()) {
    ASSERT_TRUE(exported.weights.contains(name)) << name;
    EXPECT_TRUE(torch::equal(exported.weights.at(name), official.tensor(name))) << name;
  }
}

TEST(ExportParity, WritesWhatDiffusersWrote) {
  KILONAT_FOR_EACH_FIXTURE(set, "oobleck_diffusers_") {
    SCOPED_TRACE(set);
    const codec::ExportedModel exported = there_and_back(set, "diffusers");
    expect_official_weights(set, exported);
    EXPECT_EQ(exported.configs.at("config.json"), fixture_config(set));
  }
}

TEST(ExportParity, WritesWhatStableAudioToolsWrote) {
  KILONAT_FOR_EACH_FIXTURE(set, "oobleck_sat_") {
    SCOPED_TRACE(set);
    const codec::ExportedModel exported = there_and_back(set, "stable-audio-tools");
    expect_official_weights(set, exported);
    nlohmann::json config = exported.configs.at("model_config.json");
    config["sample_size"] = fixture_config(set)["sample_size"];  // of training excerpts
    EXPECT_EQ(config, fixture_config(set));
  }
}

}  // namespace
}  // namespace kilonat::parity
