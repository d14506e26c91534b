#include "kilonat/tensor/safetensors.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::tensor {
namespace {

class Safetensors : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("kilonat_safetensors_" + std::string(info->name()) + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// A file of this header and so many zero bytes of data.
  std::filesystem::path write(const std::string& header, size_t num_data_bytes) const {
    std::string bytes;
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
    bytes += header + std::string(num_data_bytes, '\0');
    const std::filesystem::path path = folder_ / "written.safetensors";
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }

  /// The message of the FormatError that opening gives; checks that it is one line.
  static std::string refusal(const std::filesystem::path& path) {
    try {
      const SafetensorsFile file(path);
    } catch (const FormatError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.find('\n'), std::string::npos) << text;
      return text;
    }
    return "accepted";
  }
  std::string refusal(const std::string& header, size_t num_data_bytes) const {
    return refusal(write(header, num_data_bytes));
  }

  std::filesystem::path folder_;
};

TEST_F(Safetensors, GivesBackEveryTypeAndShape) {
  TensorMap tensors;
  int number = 0;
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
    tensors["t" + std::to_string(number++)] = torch::arange(6).to(type).view({2, 3});
  }
  tensors["scalar"] = torch::tensor(2.5);
  tensors["empty"] = torch::empty({0, 4});
  tensors["transposed"] = torch::arange(6).view({2, 3}).t();
  const Metadata metadata{{"text", "line\nand \"quotes\""}, {"leer", ""}};
  const auto path = folder_ / "all.safetensors";
  save_safetensors(path, tensors, metadata);
  const SafetensorsFile file(path);
  EXPECT_EQ(file.metadata(), metadata);
  EXPECT_EQ(file.names().size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor read = file.tensor(name);
    EXPECT_EQ(read.scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(at::equal(read, tensor)) << name;
  }
}

TEST_F(Safetensors, RefusesAFileCutAnywhere) {
  const auto path = folder_ / "whole.safetensors";
  save_safetensors(path, {{"a", torch::ones({3})}, {"b", torch::ones({2, 2})}}, {{"k", "v"}});
  const std::vector<std::byte> whole = read_file(path);
  const auto cut = folder_ / "cut.safetensors";
  for (size_t length = 0; length < whole.size(); ++length) {
    write_file_atomic(cut, std::span(whole).first(length));
    EXPECT_NE(refusal(cut), "accepted") << length;
  }
}

TEST_F(Safetensors, RefusesAFileWithSomethingBehindIt) {
  EXPECT_NE(refusal(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 5), "accepted");
}

TEST_F(Safetensors, NamesWhatIsWrongWithATensor) {
  const auto with = [&](const std::string& entry, size_t bytes) {
    return refusal(R"({"w":)" + entry + "}", bytes);
  };
  EXPECT_EQ(with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 4), "accepted");
  for (const std::string& message : {
           with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4),
           with(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", 4),
           with(R"({"dtype":"F8","shape":[4],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[1.5],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":1,"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[1]})", 4),
           with(R"({"dtype":7,"shape":[1],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4,8]})", 4),
           with(R"({"dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,4]})", 4),
           with(R"({"dtype":"F32","shape":[1],"data_offsets":[18446744073709551615,3]})", 4),
       }) {
    EXPECT_NE(message.find("'w'"), std::string::npos) << message;
  }
}

TEST_F(Safetensors, RefusesOverlapsGapsAndDoubledNames) {
  const auto two = [&](const std::string& a, const std::string& b) {
    return refusal(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + a +
                       R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + b + "}}",
                   8);
  };
  EXPECT_EQ(two("[0,4]", "[4,8]"), "accepted");
  EXPECT_NE(two("[0,4]", "[2,6]").find("overlap"), std::string::npos);
  EXPECT_NE(two("[0,4]", "[0,4]").find("overlap"), std::string::npos);
  EXPECT_NE(two("[1,5]", "[4,8]"), "accepted");
  const std::string entry = R"("a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  EXPECT_NE(refusal("{" + entry + "," + entry + "}", 4).find("twice"), std::string::npos);
}

TEST_F(Safetensors, SaysItsErrorsInOneLineWhateverTheNames) {
  // refusal() checks for line breaks.
  EXPECT_NE(refusal(R"({"a\nb\u0007":{"dtype":"F\n","shape":[1],"data_offsets":[0,4]}})", 4)
                .find("'a?b?'"),
            std::string::npos);
}

TEST_F(Safetensors, RefusesAbsurdHeaders) {
  EXPECT_NE(refusal("[]", 0), "accepted");
  EXPECT_NE(refusal("{", 0), "accepted");
  EXPECT_NE(refusal("", 0), "accepted");
  EXPECT_NE(refusal(R"({"__metadata__":{"k":1}})", 0), "accepted");
  EXPECT_NE(refusal(std::string(100000, '['), 0), "accepted");
  const auto path = folder_ / "length";
  std::ofstream(path, std::ios::binary) << std::string(8, '\xff') << "{}";
  EXPECT_NE(refusal(path).find("header claims"), std::string::npos);
}

TEST_F(Safetensors, SaysWhichTensorOrFileIsNotThere) {
  const auto path = folder_ / "one.safetensors";
  save_safetensors(path, {{"a", torch::ones({1})}});
  EXPECT_THROW((void)SafetensorsFile(path).tensor("b"), FormatError);
  EXPECT_THROW(SafetensorsFile(folder_ / "none"), IoError);
  EXPECT_THROW(SafetensorsFile{folder_}, IoError);
  EXPECT_THROW(save_safetensors(folder_ / "no" / "folder", {}), IoError);
}

TEST_F(Safetensors, RefusesToWriteTypesTheFormatLacks) {
  const auto path = folder_ / "complex.safetensors";
  EXPECT_THROW(save_safetensors(path, {{"a", torch::ones({1}, torch::kComplexFloat)}}),
               FormatError);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace kilonat::tensor
