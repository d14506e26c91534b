#include "kilonat/metrics/reference_clips.h"

#include <fstream>
#include <vector>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat::metrics {
namespace {

using ::testing::HasSubstr;

class OpenReference : public ::testing::Test {
 protected:
  /// Of a manifest whose clips have these splits; the sounds themselves are not read.
  ReferenceClips open(const std::vector<std::string>& splits) const {
    const auto path = folder_ / "clips.csv";
    std::ofstream file(path);
    file << "file,split\n";
    for (std::size_t i = 0; i < splits.size(); ++i) {
      std::ofstream(folder_ / (std::to_string(i) + ".wav")) << "none";
      file << i << ".wav," << splits[i] << "\n";
    }
    file.close();
    return open_reference(std::vector<std::string>{path.string()});
  }
  std::string refusal_of(const std::vector<std::string>& splits) const {
    return kilonat::testing::message_of<DataError>([&] { (void)open(splits); });
  }

  kilonat::testing::TemporaryFolder folder_;
};

TEST_F(OpenReference, HoldsOutTheSplitValid) {
  const ReferenceClips clips =
      open({"train", "valid", "test", "train", "valid", "test", "train", "test"});
  EXPECT_EQ(clips.training->size(), 3U);
  EXPECT_EQ(clips.held_out->size(), 2U);
  EXPECT_EQ(clips.held_out->info(1).split, "valid");
  EXPECT_EQ(clips.held_out_split, "valid");
}

TEST_F(OpenReference, HoldsOutTheSplitTestWhereNoClipIsInValid) {
  const ReferenceClips clips = open({"train", "test", "train", "test"});
  EXPECT_EQ(clips.held_out->size(), 2U);
  EXPECT_EQ(clips.held_out_split, "test");
}

TEST_F(OpenReference, NamesTheSplitThatHasTooFew) {
  EXPECT_THAT(refusal_of({"train", "valid", "valid"}), HasSubstr("1 in the split 'train'"));
  EXPECT_THAT(refusal_of({"train", "train", "valid", "test", "test"}),
              HasSubstr("1 in the split 'valid'"));
  EXPECT_THAT(refusal_of({"train", "train", "test"}), HasSubstr("1 in the split 'test'"));
  EXPECT_THAT(refusal_of({"train", "train"}), HasSubstr("0 in the split 'valid'"));
}

}  // namespace
}  // namespace kilonat::metrics
