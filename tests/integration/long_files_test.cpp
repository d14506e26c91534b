/// Sounds of any length: in bounded memory, and the same however they are cut.

#include <memory>

#include "integration/minute_model.h"
#include "integration/program.h"
#include "integration/sounds.h"
#include <gtest/gtest.h>

namespace kilonat::integration {
namespace {

class LongFiles : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<Scratch>();
    train_minute_model(*shared_);
  }
  static void TearDownTestSuite() { shared_.reset(); }

  static std::string model() { return (*shared_)("run"); }

  std::string sound_of(double duration_s) const {
    const std::string name = std::to_string(duration_s) + ".wav";
    write_wav(scratch_.path(name), {.seconds = duration_s}, pluck(1));
    return scratch_(name);
  }

  Outcome run(std::vector<std::string> words) const {
    words.insert(words.end(), {"--quiet", "--threads", "1"});
    Outcome outcome = kilonat(words, {.time_limit = std::chrono::seconds(200)});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return outcome;
  }

  static std::unique_ptr<Scratch> shared_;
  Scratch scratch_;
};

std::unique_ptr<Scratch> LongFiles::shared_;

TEST_F(LongFiles, AreCodedInMemoryThatDoesNotGrowWithTheirLength) {
  // Both of several chunks: first, middle and last ones have shapes of their own, for which oneDNN
  // and the cache of freed memory keep theirs.
  const Outcome shorter = run({"reconstruct", model(), sound_of(120), scratch_("a.wav")});
  const Outcome longer = run({"reconstruct", model(), sound_of(480), scratch_("b.wav")});
  // The samples alone are 11.5 MB more, in and out each; the first layer of 4 channels 46 MB.
  EXPECT_LT(longer.peak_memory_bytes - shorter.peak_memory_bytes, 35'000'000);
}

TEST_F(LongFiles, DecodeFromTheirLatentsToTheBytesOfReconstruct) {
  const std::string sound = sound_of(40);
  run({"encode", model(), sound, scratch_("a.safetensors")});
  run({"decode", model(), scratch_("a.safetensors"), scratch_("a.wav")});
  run({"reconstruct", model(), sound, scratch_("b.wav")});
  EXPECT_TRUE(read_bytes(scratch_.path("a.wav")) == read_bytes(scratch_.path("b.wav")));
}

}  // namespace
}  // namespace kilonat::integration
