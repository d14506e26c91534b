#pragma once
/// One process at a time in a folder that it fills over hours.

#include <filesystem>

namespace kilonat {

/// Keeps other processes that ask for the same folder out of it while this lives; the kernel lets
/// go of it when the process ends, however that happens. No file is left in the folder.
///
/// Note [No locks]: some network file systems have none. There the folder is used unlocked.
class FolderLock {
 public:
  /// @throws BusyError if another FolderLock holds it (in this process or another); IoError if
  /// there is no such folder.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace kilonat
