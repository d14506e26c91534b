#include "kilonat/codec/import/legacy_archive.h"

#include <fstream>

#include "codec/scratch_folder.h"
#include "codec/torch_archive.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/codec/import/checkpoint.h"

namespace kilonat::codec {
namespace {

using namespace pickle;
using ::testing::HasSubstr;

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

/// The old format says None behind a storage's length.
std::string stored_as(const std::string& type,
                      int count,
                      const std::string& key,
                      const std::string& view = "N") {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + integer(count) +
               view) +
         "Q";
}

/// A vector of floats in a storage of as many.
std::string vector_of(int count, const std::string& key, const std::string& view = "N") {
  return tensor(stored_as("FloatStorage", count, key, view), 0, integer(count), integer(1));
}

const std::string kState = dict(
    text("model") + dict(text("b") + vector_of(2, "first") + text("a") + vector_of(3, "second")) +
    text("iteration") + integer(7));
const std::vector<LegacyStorage> kStorages{{"first", 2, floats({1, 2})},
                                           {"second", 3, floats({3, 4, 5})}};

class LegacyArchiveTest : public ScratchFolderTest {
 protected:
  [[nodiscard]] std::filesystem::path write(const std::string& bytes) const {
    const auto path = folder_ / "checkpoint.pth";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  /// Loads everything; the FormatError's message, empty if there is none.
  [[nodiscard]] std::string refusal(const std::string& bytes) const {
    try {
      const Checkpoint checkpoint = open_checkpoint(write(bytes));
      for (const auto& [name, shape] : checkpoint.shapes) (void)checkpoint.load(name);
    } catch (const FormatError& error) {
      EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      return error.what();
    }
    return {};
  }
};

TEST_F(LegacyArchiveTest, ReadsNestedTensorsAndWhatStoodBesideThem) {
  const Checkpoint checkpoint = open_checkpoint(write(legacy_archive(kState, kStorages)));
  ASSERT_EQ(checkpoint.shapes.size(), 2U);
  EXPECT_TRUE(torch::equal(checkpoint.load("model.b"), torch::tensor({1.0F, 2.0F})));
  EXPECT_TRUE(torch::equal(checkpoint.load("model.a"), torch::tensor({3.0F, 4.0F, 5.0F})));
  EXPECT_EQ(checkpoint.values.at("iteration"), 7);
}

TEST_F(LegacyArchiveTest, StepsOverStoragesThatNoNamedTensorNeeds) {
  // A bare storage of another size, and a tensor among the attributes of the saved dictionary.
  const std::string object =
      dict(text("bare") + stored_as("ShortStorage", 3, "0") + text("a") + vector_of(2, "2")) +
      dict(text("attribute") + vector_of(1, "1")) + kBuild;
  const Checkpoint checkpoint = open_checkpoint(write(legacy_archive(
      object, {{"0", 3, std::string(6, 'x')}, {"1", 1, floats({9})}, {"2", 2, floats({1, 2})}})));
  ASSERT_EQ(checkpoint.shapes.size(), 1U);
  EXPECT_TRUE(torch::equal(checkpoint.load("a"), torch::tensor({1.0F, 2.0F})));
}

TEST_F(LegacyArchiveTest, RefusesAFileCutShortAtAnyLength) {
  const std::string whole = legacy_archive(kState, kStorages);
  EXPECT_EQ(refusal(whole), "");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refusal(whole.substr(0, length)), "") << length;
  }
}

TEST_F(LegacyArchiveTest, SurvivesAnyDamagedByte) {
  const std::string whole = legacy_archive(kState, kStorages);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      (void)refusal(damaged);  // accepted or refused, but nothing else
    }
  }
}

TEST_F(LegacyArchiveTest, SaysWhatIsWrong) {
  EXPECT_THAT(refusal(legacy_archive(kState, kStorages, "\x89")), HasSubstr("big-endian"));
  EXPECT_THAT(refusal(legacy_archive(kState, kStorages, "\x88", 1000)), HasSubstr("version 1001"));
  EXPECT_THAT(refusal(legacy_archive(kState, kStorages) + "x"), HasSubstr("1 bytes behind"));
  EXPECT_THAT(refusal(legacy_archive(kState, {kStorages[0]})), HasSubstr("no storage 'second'"));
  auto storages = kStorages;
  storages.push_back({"third", 1, floats({1})});
  EXPECT_THAT(refusal(legacy_archive(kState, storages)),
              HasSubstr("does not refer to storage 'third'"));
  storages = kStorages;
  storages[1].count = std::uint64_t{1} << 62;
  EXPECT_THAT(refusal(legacy_archive(kState, storages)), HasSubstr("exceeds the file"));
  const std::string view = tuple(text("other") + integer(0) + integer(1));
  EXPECT_THAT(
      refusal(legacy_archive(dict(text("w") + vector_of(2, "first", view)), {kStorages[0]})),
      HasSubstr("not to a storage"));
}

}  // namespace
}  // namespace kilonat::codec
