#pragma once
/// Reads the members of a zip file that are stored without compression, as PyTorch writes them.
/// No torch.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace kilonat::codec {

/// An open zip archive, 32- or 64-bit, on one disk.
///
/// Source: PKWARE APPNOTE 6.3.9. The central directory is trusted for nothing: every offset and
/// size is checked against the file, every member's local header against its entry.
class ZipReader {
 public:
  /// @throws IoError if it cannot be read; FormatError if it is not a zip file or is truncated.
  explicit ZipReader(const std::filesystem::path& path);
  ~ZipReader();
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool contains(const std::string& name) const { return members_.contains(name); }
  /// Bytes of a member. @throws FormatError if there is none of that name.
  [[nodiscard]] std::uint64_t size(const std::string& name) const;
  /// Reads a whole member. @throws FormatError if it is missing, compressed or encrypted.
  [[nodiscard]] std::vector<std::byte> read(const std::string& name) const;

 private:
  struct Member {
    std::uint64_t header_offset = 0;
    std::uint64_t size = 0;
    std::uint16_t method = 0;
    std::uint16_t flags = 0;
  };
  struct Directory {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint64_t count = 0;
  };

  void read_directory();
  [[nodiscard]] Directory find_directory() const;
  [[nodiscard]] const Member& member(const std::string& name) const;
  /// @throws FormatError if the file does not have these bytes.
  [[nodiscard]] std::vector<std::byte> bytes_at(std::uint64_t offset, std::uint64_t count) const;

  std::filesystem::path path_;
  std::string what_;
  int descriptor_ = -1;
  std::uint64_t file_size_ = 0;
  std::map<std::string, Member> members_;
};

}  // namespace kilonat::codec
