#pragma once
/// Whole files in and out. What is written appears under its final name complete or not at all.

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kilonat {

/// The whole file as bytes. @throws IoError if it cannot be opened or read, or is a directory.
[[nodiscard]] std::vector<std::byte> read_file(const std::filesystem::path& path);
/// The whole file as text, bytes unchanged. @throws IoError as read_file.
[[nodiscard]] std::string read_text(const std::filesystem::path& path);

/// Writes to a temporary beside `path`, fsyncs it and renames it: readers see the old file or the
/// new one. @throws IoError (full disk, read-only place, missing folder); then nothing has changed.
void write_file_atomic(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_text_atomic(const std::filesystem::path& path, std::string_view text);

/// Creates the folder and its parents. @throws IoError, also if a file has that name.
void create_folder(const std::filesystem::path& path);

/// IoError for a failed call: "`doing` 'path': <text of errno>; <hint>".
[[noreturn]] void throw_io_error(std::string_view doing,
                                 const std::filesystem::path& path,
                                 int error_number);

/// A file that another library writes under a temporary name, given its final name by commit().
///
/// The temporary lies in the same folder and keeps the final extension (writers choose their format
/// by it): "out.wav" -> ".out.<pid>-<n>.tmp.wav". Without commit() the destructor removes it.
class AtomicFile {
 public:
  /// @throws IoError if the folder does not exist or cannot be written.
  explicit AtomicFile(std::filesystem::path final_path);
  ~AtomicFile();
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary_path() const { return temporary_; }
  [[nodiscard]] const std::filesystem::path& final_path() const { return final_; }
  /// Fsyncs and renames. REQUIRES: the temporary is closed by its writer. @throws IoError.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;  // empty once committed
};

/// The same for a folder (a checkpoint): fill `temporary_path()`, then commit().
///
/// An existing folder of the final name is replaced: it is moved aside first and removed after the
/// rename, so that one complete folder is there at any time bar the instant between two renames.
class AtomicDirectory {
 public:
  /// Creates the temporary folder (and missing parents). @throws IoError.
  explicit AtomicDirectory(const std::filesystem::path& final_path);
  ~AtomicDirectory();
  AtomicDirectory(AtomicDirectory&& other) noexcept;
  AtomicDirectory& operator=(AtomicDirectory&&) = delete;

  [[nodiscard]] const std::filesystem::path& temporary_path() const { return temporary_; }
  [[nodiscard]] const std::filesystem::path& final_path() const { return final_; }
  /// Fsyncs every file in it and the folder, then renames. @throws IoError.
  void commit();

 private:
  std::filesystem::path final_;
  std::filesystem::path temporary_;  // empty once committed
};

/// Removes temporaries that a killed run left in `folder` (names as above). Missing folder:
/// nothing.
void remove_stale_temporaries(const std::filesystem::path& folder);

}  // namespace kilonat
