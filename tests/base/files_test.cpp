#include "kilonat/base/files.h"

#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

#include "base/expect_error.h"
#include "base/temporary_folder.h"

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::message_of;
using testing::TemporaryFolder;

void write_plain(const fs::path& path, std::string_view text) {
  std::ofstream(path) << text;
}

std::size_t num_entries(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(Files, ReadBackWhatWasWritten) {
  const TemporaryFolder folder;
  const std::string text("a\0b\n", 4);
  write_text_atomic(folder / "x", text);
  EXPECT_EQ(read_text(folder / "x"), text);
  EXPECT_EQ(read_file(folder / "x").size(), 4U);
  EXPECT_EQ(num_entries(folder.path()), 1U);
}

TEST(Files, ReadAnEmptyFileAndOneWithoutASize) {
  const TemporaryFolder folder;
  write_text_atomic(folder / "empty", "");
  EXPECT_EQ(read_text(folder / "empty"), "");
  EXPECT_FALSE(read_text("/proc/self/status").empty());
}

TEST(Files, NameAMissingFileAndAFolder) {
  const TemporaryFolder folder;
  const auto missing = message_of<IoError>([&] { (void)read_text(folder / "no"); });
  EXPECT_THAT(missing, HasSubstr("/no': No such file or directory"));
  const auto directory = message_of<IoError>([&] { (void)read_file(folder.path()); });
  EXPECT_THAT(directory, HasSubstr("Is a directory"));
}

TEST(Files, ReplaceAnExistingFileWhole) {
  const TemporaryFolder folder;
  write_text_atomic(folder / "x", "a long first version");
  write_text_atomic(folder / "x", "new");
  EXPECT_EQ(read_text(folder / "x"), "new");
}

TEST(Files, RefuseAMissingFolder) {
  const TemporaryFolder folder;
  EXPECT_THROW(write_text_atomic(folder / "no/x", "text"), IoError);
}

TEST(Files, NameAReadOnlyPlace) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write anywhere";
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  const auto message = message_of<IoError>([&] { write_text_atomic(folder / "x", "text"); });
  EXPECT_THAT(message, HasSubstr("read-only"));
}

TEST(Files, NameAFullDisk) {
  const auto message = message_of<IoError>([] { throw_io_error("writing", "x", ENOSPC); });
  EXPECT_EQ(message, "writing 'x': No space left on device; the disk is full");
}

TEST(Files, LeaveTheOldFileWhenAWriteFails) {
  const TemporaryFolder folder;
  write_text_atomic(folder / "x", "old");
  // A file size limit stands in for a full disk: write() fails half way.
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{4096, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(write_text_atomic(folder / "x", std::string(10000, 'n')), IoError);
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
  ::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(read_text(folder / "x"), "old");
  EXPECT_EQ(num_entries(folder.path()), 1U);
}

TEST(AtomicFile, AppearsOnlyAfterCommitAndKeepsItsExtension) {
  const TemporaryFolder folder;
  AtomicFile file(folder / "out.wav");
  EXPECT_EQ(file.temporary_path().extension(), ".wav");
  write_plain(file.temporary_path(), "sound");
  EXPECT_FALSE(fs::exists(folder / "out.wav"));
  file.commit();
  EXPECT_EQ(read_text(folder / "out.wav"), "sound");
  EXPECT_EQ(num_entries(folder.path()), 1U);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  { const AtomicFile file(folder / "out.wav"); }
  EXPECT_EQ(num_entries(folder.path()), 0U);
}

TEST(AtomicFile, MovesItsDutyAlong) {
  const TemporaryFolder folder;
  AtomicFile first(folder / "x");
  AtomicFile second(std::move(first));
  second.commit();
  EXPECT_TRUE(fs::exists(folder / "x"));
}

TEST(AtomicDirectory, ReplacesAnExistingFolderWhole) {
  const TemporaryFolder folder;
  create_folder(folder / "step-1/inner");
  write_plain(folder / "step-1/old", "old");
  AtomicDirectory next(folder / "step-1/");
  create_folder(next.temporary_path() / "deep");
  write_plain(next.temporary_path() / "deep/new", "new");
  EXPECT_TRUE(fs::exists(folder / "step-1/old"));
  next.commit();
  EXPECT_EQ(read_text(folder / "step-1/deep/new"), "new");
  EXPECT_FALSE(fs::exists(folder / "step-1/old"));
  EXPECT_EQ(num_entries(folder.path()), 1U);
}

TEST(AtomicDirectory, LeavesNothingWithoutCommit) {
  const TemporaryFolder folder;
  {
    const AtomicDirectory checkpoint(folder / "step-1");
    write_plain(checkpoint.temporary_path() / "half", "half");
  }
  EXPECT_EQ(num_entries(folder.path()), 0U);
}

TEST(Files, StaleTemporariesOfAKilledRunAreRemoved) {
  const TemporaryFolder folder;
  create_folder(folder / ".step-1.123-0.tmp/inner");
  write_plain(folder / ".out.123-1.tmp.wav", "half");
  write_plain(folder / ".hidden", "the user's own");
  write_plain(folder / "notes.tmp", "the user's own");
  remove_stale_temporaries(folder.path());
  EXPECT_EQ(num_entries(folder.path()), 2U);
  remove_stale_temporaries(folder / "missing");
}

TEST(Files, CreateFolderRefusesAFileOfThatName) {
  const TemporaryFolder folder;
  write_plain(folder / "x", "file");
  EXPECT_THROW(create_folder(folder / "x"), IoError);
}

}  // namespace
}  // namespace kilonat
