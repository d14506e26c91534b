#pragma once
/// A folder of its own for every test that writes files.

#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace kilonat::codec {

class ScratchFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() /
              ("kilonat_" + std::string(info->test_suite_name()) + "_" + info->name() + "_" +
               std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

}  // namespace kilonat::codec
