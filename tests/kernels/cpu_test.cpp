#include "kilonat/kernels/cpu.h"

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/kernels/channels_last_conv.h"

namespace kilonat::kernels {
namespace {

TEST(CpuLevel, NamesAreReadBack) {
  for (const CpuLevel level : {CpuLevel::kPlain,
                               CpuLevel::kAvx2,
                               CpuLevel::kAvx512,
                               CpuLevel::kAvx512Bf16,
                               CpuLevel::kAmx}) {
    EXPECT_EQ(parse_cpu_level(cpu_level_name(level)), level);
  }
}

TEST(CpuLevel, RefusesAnUnknownName) {
  EXPECT_THROW((void)parse_cpu_level("sse9"), ConfigError);
}

TEST(CpuLevel, PlainIsAlwaysThere) {
  EXPECT_EQ(supported_cpu_levels().front(), CpuLevel::kPlain);
}

TEST(CpuLevel, CanBeLoweredAndRaisedAgain) {
  const CpuLevel before = cpu_level();
  for (const CpuLevel level : supported_cpu_levels()) {
    set_cpu_level(level);
    EXPECT_EQ(cpu_level(), level);
  }
  set_cpu_level(before);
}

/// What this program prints when it runs one of its tests, as `environment` says.
std::string output_of(const std::string& test, const std::string& environment) {
  std::array<char, 4096> self{};
  if (readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) return {};
  const std::string command =
      environment + " '" + self.data() + "' --gtest_also_run_disabled_tests --gtest_filter=" + test;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  for (int c = std::fgetc(pipe.get()); c != EOF; c = std::fgetc(pipe.get())) {
    text += static_cast<char>(c);
  }
  return text;
}

/// Run by the next test, in a process of its own: oneDNN reads its limit once.
TEST(KilonatCpu, DISABLED_ConvolvesInBothTypes) {
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16}) {
    (void)channels_last_conv(
        torch::randn({2, 16, 1, 64}).to(type), torch::randn({16, 16, 1, 7}), {}, {});
  }
}

TEST(KilonatCpu, HoldsTheLibraryToo) {
  const auto verbose = [](CpuLevel level) {
    return output_of(
        "KilonatCpu.DISABLED_ConvolvesInBothTypes",
        "DNNL_VERBOSE=1 ONEDNN_VERBOSE=1 KILONAT_CPU=" + std::string(cpu_level_name(level)));
  };
  // One level: a process takes a second to start.
  const std::string text = verbose(CpuLevel::kPlain);
  if (text.find("onednn_verbose") == std::string::npos) GTEST_SKIP() << "the library says nothing";
  EXPECT_NE(text.find("convolution"), std::string::npos) << text;
  EXPECT_EQ(text.find(":avx"), std::string::npos) << text;
}

/// oneDNN keeps to KILONAT_CPU in every test of this program.
class LimitedLibrary : public ::testing::Environment {
 public:
  void SetUp() override { limit_library_to_cpu_level(); }
};
const auto* const kLimitedLibrary = ::testing::AddGlobalTestEnvironment(new LimitedLibrary);

TEST(KilonatCpu, ConvolutionsAreRightAtEveryLevel) {
  for (const CpuLevel level : supported_cpu_levels()) {
    const std::string name(cpu_level_name(level));
    const std::string text = output_of("'Conv*'", "KILONAT_CPU=" + name);
    for (const char* expected : {"[       OK ] Conv1d.", "[       OK ] Conv2d.", "[  PASSED  ]"}) {
      EXPECT_NE(text.find(expected), std::string::npos) << name << "\n" << text;
    }
    EXPECT_EQ(text.find("[  FAILED  ]"), std::string::npos) << name << "\n" << text;
  }
}

}  // namespace
}  // namespace kilonat::kernels
