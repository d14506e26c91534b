#include "kilonat/base/folder_lock.h"

#include <optional>
#include <sys/wait.h>
#include <unistd.h>

#include "base/expect_error.h"
#include "base/temporary_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

using kilonat::testing::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(FolderLock, LetsOneInAtATime) {
  const kilonat::testing::TemporaryFolder folder;
  std::optional<FolderLock> first(folder.path());
  EXPECT_THAT(message_of<BusyError>([&] { FolderLock second(folder.path()); }),
              AllOf(HasSubstr("another process"), HasSubstr(folder.path().string())));
  FolderLock moved = std::move(*first);
  first.reset();
  EXPECT_THROW(FolderLock second(folder.path()), BusyError);  // it went on living
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(FolderLock, EndsWithItsProcess) {
  const kilonat::testing::TemporaryFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    new FolderLock(folder.path());  // never destroyed
    ::_exit(0);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NO_THROW(FolderLock(folder.path()));
}

TEST(FolderLock, SaysThatThereIsNoFolder) {
  const kilonat::testing::TemporaryFolder folder;
  EXPECT_THROW(FolderLock(folder.path() / "none"), IoError);
}

}  // namespace
}  // namespace kilonat
