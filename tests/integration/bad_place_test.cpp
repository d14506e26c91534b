/// What goes wrong with models, disks and patience ends in one line on standard error, the right
/// exit code, and nothing half-written.

#include <csignal>
#include <functional>
#include <sys/mount.h>

#include "integration/bad_input.h"

namespace kilonat::integration {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class BadPlace : public BadInput {};

/// A file system of its own in `folder`, gone with this object.
class SmallDisk {
 public:
  SmallDisk(const fs::path& folder, const std::string& size) : folder_(folder) {
    fs::create_directories(folder);
    const std::string options = "size=" + size;
    is_mounted_ = mount("kilonat", folder.c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  ~SmallDisk() {
    if (is_mounted_) umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  [[nodiscard]] bool is_mounted() const { return is_mounted_; }
  bool make_read_only() const {
    return mount("kilonat", folder_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr) == 0;
  }

 private:
  fs::path folder_;
  bool is_mounted_ = false;
};

TEST_F(BadPlace, MissingModel) {
  expect_failure({"info", scratch_("none.safetensors")}, kIo, "none.safetensors");
}

TEST_F(BadPlace, ModelThatIsText) {
  write_bytes(scratch_.path("text.safetensors"), "hello, this is a text and not a model at all");
  expect_failure({"info", scratch_("text.safetensors")}, kFormat, "text.safetensors");
  expect_failure(
      {"eval", scratch_("text.safetensors"), "--data", sounds()}, kFormat, "text.safetensors");
}

TEST_F(BadPlace, ModelThatIsTruncated) {
  const std::string bytes = read_bytes(fs::path(model()) / "model.safetensors");
  write_bytes(scratch_.path("half.safetensors"), bytes.substr(0, bytes.size() / 2));
  expect_failure(
      {"eval", scratch_("half.safetensors"), "--data", sounds()}, kFormat, "half.safetensors");
}

TEST_F(BadPlace, ModelOfSomebodyElse) {
  // A proper safetensors file of one number.
  const std::string header = R"({"unet.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(header.size());
  bytes += header + std::string(4, '\0');
  write_bytes(scratch_.path("unet.safetensors"), bytes);
  const std::string file = scratch_("unet.safetensors");
  expect_failure({"eval", file, "--data", sounds()}, kFormat, "unet.safetensors");
  expect_failure({"decode", model(), file, scratch_("out.wav")}, kFormat, "unet.safetensors");
  for (const char* family : {"dac", "dacvae", "oobleck"}) {
    expect_failure(
        {"import", family, file, scratch_("out.safetensors")}, kFormat, "unet.safetensors");
  }
}

TEST_F(BadPlace, LatentsThatAreTruncated) {
  const std::string sound = sounds() + "/pluck-1.wav";
  ASSERT_EQ(kilonat({"encode", model(), sound, scratch_("a.safetensors"), "--quiet"}).exit_code, 0);
  fs::resize_file(scratch_.path("a.safetensors"),
                  fs::file_size(scratch_.path("a.safetensors")) / 2);
  expect_failure({"decode", model(), scratch_("a.safetensors"), scratch_("out.wav")},
                 kFormat,
                 "a.safetensors");
}

TEST_F(BadPlace, ForeignCheckpointToImport) {
  write_bytes(scratch_.path("weights.pth"), "PK this is no zip");
  expect_failure({"import", "dac", scratch_("weights.pth"), scratch_("out.safetensors")},
                 kFormat,
                 "weights.pth");
}

TEST_F(BadPlace, LatentsOfAnotherKind) {
  expect_failure({"decode", model(), model() + "/model.safetensors", scratch_("out.wav")},
                 kFormat,
                 "not a latents file");
}

TEST_F(BadPlace, PlaceThatCannotBeWritten) {
  // Nobody, root included, can create files in /proc.
  const std::string sound = sounds() + "/pluck-1.wav";
  expect_failure({"reconstruct", model(), sound, "/proc/kilonat.wav"}, kIo, "/proc/");
  expect_failure({"encode", model(), sound, "/proc/kilonat.safetensors"}, kIo, "/proc/");
  expect_failure(train_words(config(), sounds(), "/proc/kilonat-run"), kIo, "/proc/");
  ASSERT_EQ(kilonat({"encode", model(), sound, scratch_("a.safetensors"), "--quiet"}).exit_code, 0);
  expect_failure(
      {"decode", model(), scratch_("a.safetensors"), "/proc/kilonat.wav"}, kIo, "/proc/");
}

TEST_F(BadPlace, DiskThatFillsUp) {
  // To the program a limit on file sizes looks like a disk that is full: write() fails half-way.
  const std::string sound = sounds() + "/pluck-1.wav";
  const RunOptions full{.max_file_bytes = 1000};
  expect_failure(
      {"reconstruct", model(), sound, scratch_("out.wav"), "--quiet"}, kIo, "out.wav", full);
  expect_failure({"encode", model(), sound, scratch_("out.safetensors"), "--quiet"},
                 kIo,
                 "out.safetensors",
                 full);
  ASSERT_EQ(kilonat({"encode", model(), sound, scratch_("a.safetensors"), "--quiet"}).exit_code, 0);
  expect_failure({"decode", model(), scratch_("a.safetensors"), scratch_("out.wav"), "--quiet"},
                 kIo,
                 "out.wav",
                 full);
  expect_one_line(
      kilonat({"eval", model(), "--data", sounds(), "--save-audio", scratch_("heard"), "--quiet"},
              full),
      kIo,
      "heard");
}

TEST_F(BadPlace, DiskThatFillsUpAtACheckpointKeepsTheOneBefore) {
  const std::string run = scratch_("run");
  ASSERT_EQ(kilonat(train_words(config(), sounds(), run, {"--steps", "6"})).exit_code, 0);
  const std::vector<std::string> more{
      "train", "--resume", "--out", run, "--steps", "9", "--quiet", "--threads", "1"};
  expect_one_line(kilonat(more, {.max_file_bytes = 20000}), kIo, "step-9");
  // No half checkpoint: a folder of that name would be complete.
  EXPECT_FALSE(fs::exists(scratch_.path("run/checkpoints/step-9")));
  const Outcome with_room = kilonat(more);
  EXPECT_EQ(with_room.exit_code, 0) << with_room.err;
}

TEST_F(BadPlace, DiskThatIsFull) {
  const SmallDisk disk(scratch_.path("disk"), "64k");
  if (!disk.is_mounted()) GTEST_SKIP() << "no right to mount a small disk here";
  write_wav(scratch_.path("ten.wav"), {.seconds = 10}, pluck(1));  // 320 kB when decoded
  const std::string sound = scratch_("ten.wav");
  expect_failure({"reconstruct", model(), sound, scratch_("disk/out.wav"), "--quiet"},
                 kIo,
                 "No space left on device");
  expect_failure({"import",
                  "dacvae",
                  model() + "/model.safetensors",
                  scratch_("disk/out.safetensors"),
                  "--sample-rate",
                  "8000"},
                 kIo,
                 "No space left on device");
  const Outcome outcome = kilonat(train_words(config(), sounds(), scratch_("disk/run")));
  expect_one_line(outcome, kIo, "No space left on device");
  EXPECT_FALSE(fs::exists(scratch_.path("disk/run/model.safetensors")));
  for (const std::string& file : files_below(scratch_.path("disk"))) {
    EXPECT_THAT(file, ::testing::Not(HasSubstr(".tmp")));
  }
}

TEST_F(BadPlace, DiskThatIsReadOnly) {
  const SmallDisk disk(scratch_.path("disk"), "1m");
  if (!disk.is_mounted() || !disk.make_read_only()) {
    GTEST_SKIP() << "no right to mount a small disk here";
  }
  const std::string sound = sounds() + "/pluck-1.wav";
  const std::string part = "Read-only file system";
  expect_failure({"reconstruct", model(), sound, scratch_("disk/out.wav")}, kIo, part);
  expect_failure({"encode", model(), sound, scratch_("disk/out.safetensors")}, kIo, part);
  expect_failure(train_words(config(), sounds(), scratch_("disk/run")), kIo, part);
  expect_failure(
      {"eval", model(), "--data", sounds(), "--json", scratch_("disk/eval.json"), "--quiet"},
      kIo,
      part);
}

/// Sends `signal` (Ctrl-C's, or a scheduler's) once `is_at_work`, and expects the proper end.
void expect_interrupted(const std::vector<std::string>& words,
                        int signal,
                        const std::function<bool(const Running&)>& is_at_work) {
  Running running(words);
  ASSERT_TRUE(wait_until([&] { return is_at_work(running); }));
  running.send(signal);
  const Outcome outcome = running.wait();
  EXPECT_EQ(outcome.exit_code, kInterrupted) << outcome.err;
  ASSERT_FALSE(outcome.err.empty());
  EXPECT_THAT(
      lines_of(outcome.err).back(),
      ::testing::AllOf(::testing::StartsWith("kilonat: error: "), HasSubstr("interrupted")));
}

TEST_F(BadPlace, CtrlCWhileCodingEndsWith130AndLeavesNoFile) {
  write_wav(scratch_.path("long.wav"), {.seconds = 600}, pluck(1));
  const std::vector<std::string> only_input{"long.wav"};
  const auto has_begun_to_write = [&](const Running&) {
    return files_below(scratch_.path()) != only_input;
  };
  const std::string in = scratch_("long.wav");
  expect_interrupted(
      {"reconstruct", model(), in, scratch_("a.wav"), "--quiet"}, SIGINT, has_begun_to_write);
  EXPECT_EQ(files_below(scratch_.path()), only_input);
  expect_interrupted(
      {"encode", model(), in, scratch_("a.safetensors"), "--quiet"}, SIGTERM, has_begun_to_write);
  EXPECT_EQ(files_below(scratch_.path()), only_input);
  ASSERT_EQ(kilonat({"encode", model(), in, scratch_("in.safetensors"), "--quiet"}).exit_code, 0);
  const auto inputs = files_below(scratch_.path());
  expect_interrupted({"decode", model(), scratch_("in.safetensors"), scratch_("a.wav"), "--quiet"},
                     SIGINT,
                     [&](const Running&) { return files_below(scratch_.path()) != inputs; });
  EXPECT_EQ(files_below(scratch_.path()), inputs);
}

TEST_F(BadPlace, CtrlCWhileMeasuringEndsWith130AndLeavesNoFile) {
  write_plucks(scratch_.path("plucks"), 200);
  const auto before = files_below(scratch_.path());
  expect_interrupted({"eval",
                      model(),
                      "--data",
                      scratch_("plucks"),
                      "--json",
                      scratch_("eval.json"),
                      "--threads",
                      "1"},
                     SIGINT,
                     [](const Running& running) { return !running.err_so_far().empty(); });
  EXPECT_EQ(files_below(scratch_.path()), before);
}

}  // namespace
}  // namespace kilonat::integration
