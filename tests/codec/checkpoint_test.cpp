#include "kilonat/codec/import/checkpoint.h"

#include <fstream>

#include "codec/scratch_folder.h"
#include "codec/torch_archive.h"
#include <gtest/gtest.h>
#include <torch/serialize.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"

namespace kilonat::codec {
namespace {

using namespace pickle;

const std::string kFourFloats = [] {
  const float values[] = {1, 2, 3, 4};
  return std::string(reinterpret_cast<const char*>(values), sizeof(values));
}();

class CheckpointTest : public ScratchFolderTest {
 protected:
  [[nodiscard]] std::filesystem::path write(const std::string& bytes) const {
    const auto path = folder_ / "checkpoint.pth";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  /// An archive with this pickle and one storage of four floats, "0".
  [[nodiscard]] std::filesystem::path write_archive(const std::string& pickle) const {
    return write(zip_archive({{"archive/data.pkl", kStart + pickle + kStop},
                              {"archive/data/0", kFourFloats},
                              {"archive/version", "3\n"}}));
  }
  /// Loads everything. The FormatError's message, checked to be one line; empty if there is none.
  static std::string refusal(const std::filesystem::path& path) {
    try {
      const Checkpoint checkpoint = open_checkpoint(path);
      for (const auto& [name, shape] : checkpoint.shapes) (void)checkpoint.load(name);
    } catch (const FormatError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      EXPECT_LT(text.size(), 400U);
      return text;
    }
    return {};
  }
  [[nodiscard]] std::string refusal_of(const std::string& pickle) const {
    return refusal(write_archive(pickle));
  }
};

std::string vector_of(int count, const std::string& key = "0", int stored = 4) {
  return tensor(storage("FloatStorage", key, stored), 0, integer(count), integer(1));
}

TEST_F(CheckpointTest, ReadsAStateDictWithItsMetadata) {
  const std::string state =
      ordered_dict() + kMark + text("a") +
      tensor(storage("FloatStorage", "0", 4), 1, integer(1) + integer(3), integer(3) + integer(1)) +
      text("b") + global("torch._utils", "_rebuild_parameter") +
      tuple(tensor(storage("FloatStorage", "0", 4),
                   0,
                   integer(2) + integer(2),
                   integer(1) + integer(2)) +
            "\x88" + ordered_dict()) +
      kReduce + kSetItems + dict(text("_metadata") + ordered_dict()) + kBuild;
  const std::string rates = "]" + kMark + integer(2) + integer(4) + "e";
  const std::string number = std::string("G") + "\x3f\xe0" + std::string(6, '\0');
  const std::string kwargs = dict(text("rates") + rates + text("dropout") + number + text("none") +
                                  "N" + text("flag") + "\x88" + text("negative") + integer(-3));
  const Checkpoint checkpoint = open_checkpoint(write_archive(
      dict(text("state_dict") + state + text("metadata") + dict(text("kwargs") + kwargs))));
  EXPECT_TRUE(at::equal(checkpoint.load("state_dict.a"), torch::tensor({{2.F, 3.F, 4.F}})));
  // Strides 1, 2: the transpose.
  EXPECT_TRUE(at::equal(checkpoint.load("state_dict.b"), torch::tensor({{1.F, 3.F}, {2.F, 4.F}})));
  const nlohmann::json expected = {
      {"rates", {2, 4}}, {"dropout", 0.5}, {"flag", true}, {"negative", -3}};
  EXPECT_EQ(checkpoint.values["metadata"]["kwargs"], expected);
}

TEST_F(CheckpointTest, ReadsWhatLibtorchWrites) {
  // A tuple: libtorch marks dictionaries with a type tag of its own, as Python does not.
  std::vector<c10::IValue> values;
  for (const auto type : {torch::kFloat64,
                          torch::kFloat32,
                          torch::kFloat16,
                          torch::kBFloat16,
                          torch::kInt64,
                          torch::kInt32,
                          torch::kInt16,
                          torch::kInt8,
                          torch::kUInt8,
                          torch::kBool}) {
    values.emplace_back(torch::arange(6).to(type).view({3, 2}));
  }
  const std::vector<char> bytes = torch::pickle_save(c10::ivalue::Tuple::create(values));
  const Checkpoint checkpoint = open_checkpoint(write(std::string(bytes.begin(), bytes.end())));
  EXPECT_EQ(checkpoint.shapes.size(), values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_TRUE(at::equal(checkpoint.load(std::to_string(i)), values[i].toTensor())) << i;
  }
}

TEST_F(CheckpointTest, RunsNothingThatAPickleAsksFor) {
  const auto witness = folder_ / "witness";
  const std::string command = tuple(text("touch " + witness.string()));
  for (const auto& [module, name] : {std::pair<std::string, std::string>{"os", "system"},
                                     {"posix", "system"},
                                     {"builtins", "eval"},
                                     {"__builtin__", "exec"},
                                     {"subprocess", "Popen"},
                                     {"torch", "load"},
                                     {"torch._utils", "_rebuild_tensor"},
                                     {"torch", "FloatStorage.from_file"},
                                     {"collections", "OrderedDict.fromkeys"}}) {
    const std::string message = refusal_of(global(module, name) + command + kReduce);
    EXPECT_NE(message.find("'" + module + "." + name + "'"), std::string::npos) << message;
    // Protocol 4 names what it imports on the stack.
    const std::string stacked = refusal_of(text(module) + text(name) + "\x93" + command + kReduce);
    EXPECT_NE(stacked.find("'" + module + "." + name + "'"), std::string::npos) << stacked;
  }
  EXPECT_FALSE(std::filesystem::exists(witness));
  // Objects made by other instructions: INST, OBJ, NEWOBJ, EXT1, persistent ids by name.
  for (const std::string code : {"(ios\nsystem\n", "o", "\x81", "\x82\x01", "Pid\n"}) {
    EXPECT_FALSE(refusal_of(code).empty());
  }
}

TEST_F(CheckpointTest, CallsNothingButWhatWeightsNeed) {
  EXPECT_FALSE(refusal_of(global("torch", "FloatStorage") + ")" + kReduce).empty());
  EXPECT_FALSE(refusal_of(text("text") + ")" + kReduce).empty());
  EXPECT_FALSE(refusal_of(global("torch._utils", "_rebuild_parameter") + ")" + kReduce).empty());
  EXPECT_FALSE(
      refusal_of(global("torch._utils", "_rebuild_tensor_v2") + tuple(integer(1)) + kReduce)
          .empty());
  EXPECT_FALSE(refusal_of(text("text") + kEmptyDict + kBuild).empty());
}

TEST_F(CheckpointTest, RefusesTensorsThatReachPastTheirStorage) {
  const auto view = [&](const std::string& key,
                        int stored,
                        int offset,
                        const std::string& shape,
                        const std::string& strides) {
    return refusal_of(
        dict(text("w") + tensor(storage("FloatStorage", key, stored), offset, shape, strides)));
  };
  EXPECT_EQ(view("0", 4, 0, integer(4), integer(1)), "");
  EXPECT_EQ(view("0", 4, 9, integer(0), integer(1)), "");
  EXPECT_NE(view("0", 4, 0, integer(5), integer(1)), "");
  EXPECT_NE(view("0", 4, 1, integer(4), integer(1)), "");
  EXPECT_NE(view("0", 4, 0, integer(2), integer(4)), "");
  EXPECT_NE(view("0", 9, 0, integer(9), integer(1)), "");
  EXPECT_NE(view("1", 4, 0, integer(4), integer(1)), "");
  EXPECT_NE(view("0", 4, -1, integer(4), integer(1)), "");
  EXPECT_NE(view("0", 4, 0, integer(-4), integer(1)), "");
  EXPECT_NE(view("0", 4, 0, integer(4), integer(-1)), "");
  EXPECT_NE(view("0", 4, 0, integer(4), integer(1) + integer(1)), "");
  // A stride of zero would make any amount of memory from four bytes.
  EXPECT_NE(view("0", 4, 0, integer(2000000000), integer(0)), "");
  const std::string huge = integer(2000000000);
  EXPECT_NE(view("0", 4, 0, huge + huge + huge, huge + huge + huge), "");
  EXPECT_NE(view("../../../etc/passwd", 4, 0, integer(4), integer(1)), "");
}

TEST_F(CheckpointTest, RefusesTreesWithoutEnd) {
  // A list that contains itself.
  EXPECT_NE(refusal_of("]q\x01"
                       "h\x01"
                       "a")
                .find("without end"),
            std::string::npos);
  // Each list holds the one before twice: 2^60 leaves.
  std::string doubling = "]q" + std::string(1, '\0');
  for (char i = 1; i < 60; ++i) {
    const std::string before = std::string("h") + static_cast<char>(i - 1);
    doubling += std::string("]q") + i + kMark + before + before + "e";
  }
  EXPECT_NE(refusal_of(doubling).find("without end"), std::string::npos);
  EXPECT_NE(refusal_of(std::string(100000, ']') + std::string(99999, 'a')), "");
}

TEST_F(CheckpointTest, RefusesLengthsThatTheFileDoesNotHave) {
  EXPECT_NE(refusal_of("X\xff\xff\xff\xff"), "");
  EXPECT_NE(refusal_of(std::string("\x8a\xff", 2)), "");
  EXPECT_NE(refusal_of("\x8a\x09" + std::string(9, '\x7f')), "");
  EXPECT_NE(refusal_of("\x8d" + std::string(8, '\xff')), "");
  EXPECT_NE(refusal_of("j\xff\xff\xff\xff"), "");
  EXPECT_NE(refusal_of("c" + std::string(10000, 'a')), "");
  EXPECT_NE(refusal_of(""), "");
  EXPECT_NE(refusal_of("("), "");
  EXPECT_NE(refusal_of("t"), "");
  EXPECT_NE(refusal_of("}(Nu"), "");
  EXPECT_NE(refusal_of("\x80\x20"), "");
}

TEST_F(CheckpointTest, RefusesAnArchiveCutAnywhere) {
  const std::string whole =
      zip_archive({{"archive/data.pkl", kStart + dict(text("w") + vector_of(4)) + kStop},
                   {"archive/data/0", kFourFloats}});
  EXPECT_EQ(refusal(write(whole)), "");
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(refusal(write(whole.substr(0, length))), "") << length;
  }
}

TEST_F(CheckpointTest, SurvivesAnyDamagedByte) {
  const std::string whole =
      zip_archive({{"archive/data.pkl", kStart + dict(text("w") + vector_of(4)) + kStop},
                   {"archive/data/0", kFourFloats}});
  for (size_t i = 0; i < whole.size(); ++i) {
    for (const char flip : {'\x01', '\x80', '\xff'}) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      // Accepted or refused, but nothing else.
      (void)refusal(write(damaged));
    }
  }
}

TEST_F(CheckpointTest, SaysWhatAForeignFileIs) {
  EXPECT_NE(refusal(write(zip_archive({{"word/document.xml", "<a/>"}}))).find("not from PyTorch"),
            std::string::npos);
  EXPECT_NE(refusal(write("\x80\x02}.")).find("bare pickle"), std::string::npos);
  EXPECT_NE(refusal(write("RIFF....WAVEfmt ")), "");
  const std::string pickle = kStart + dict(text("w") + vector_of(4)) + kStop;
  EXPECT_NE(refusal(write(zip_archive({{"a/data.pkl", pickle}}, 8))).find("compressed"),
            std::string::npos);
  EXPECT_NE(refusal(write(zip_archive({{"a/data.pkl", pickle}, {"a/data.pkl", pickle}}))), "");
  EXPECT_NE(refusal(write(zip_archive({{"a/data.pkl", pickle}, {"a/byteorder", "big"}}))), "");
  EXPECT_THROW((void)open_checkpoint(folder_ / "none"), IoError);
  EXPECT_THROW((void)open_checkpoint(folder_), IoError);
}

}  // namespace
}  // namespace kilonat::codec
