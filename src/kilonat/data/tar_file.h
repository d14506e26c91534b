#pragma once
/// Tar files, through libarchive: listed once, then read member by member.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace kilonat::data {

/// A regular file in a tar.
struct TarMember {
  std::string name;          ///< as the tar has it: never to be used as a path
  std::uint64_t number = 0;  ///< of its header in the tar, from 0
  std::uint64_t offset = 0;  ///< of its first byte in the file; of no meaning in a compressed tar
  std::uint64_t size = 0;    ///< bytes
};

/// A tar, plain or compressed by gzip, zstd, xz or bzip2. Thread-safe: each read opens the file.
class TarFile {
 public:
  /// Which members are read at once while the tar is listed.
  using IsWanted = std::function<bool(const std::string& name)>;
  /// Takes the bytes of a wanted member.
  using Take = std::function<void(const TarMember& member, std::string bytes)>;

  /// Lists the members, and gives those wanted to `take` on the way, in the order of the tar.
  /// @throws DataError, naming the file, if it is missing, truncated or no tar, or if a wanted
  /// member
  ///         has more than 1 MiB.
  TarFile(std::filesystem::path path, const IsWanted& is_wanted, const Take& take);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] const std::vector<TarMember>& members() const { return members_; }
  /// A compressed tar is read from its beginning for every member: slow.
  [[nodiscard]] bool is_compressed() const { return is_compressed_; }

  /// The bytes of a member. Plain tar: only they are read. @throws DataError or IoError.
  [[nodiscard]] std::vector<std::byte> read(const TarMember& member) const;

 private:
  std::filesystem::path path_;
  std::vector<TarMember> members_;
  bool is_compressed_ = false;
};

/// True for .tar, .tgz, .tar.gz, .tar.zst, .tar.xz and .tar.bz2.
[[nodiscard]] bool has_tar_extension(const std::string& path);

}  // namespace kilonat::data
