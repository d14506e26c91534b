#include "kilonat/data/tar_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlockBytes = 1 << 16;
constexpr std::uint64_t kMaxTextBytes = 1 << 20;

/// A tar opened for reading from its beginning.
class Stream {
 public:
  explicit Stream(const fs::path& path) : path_(path), archive_(archive_read_new()) {
    archive_read_support_format_tar(archive_.get());
    // One by one: "all" would also run external programs.
    archive_read_support_filter_gzip(archive_.get());
    archive_read_support_filter_zstd(archive_.get());
    archive_read_support_filter_xz(archive_.get());
    archive_read_support_filter_bzip2(archive_.get());
    check(archive_read_open_filename(archive_.get(), path.c_str(), kBlockBytes));
  }

  /// The next header; null at the end.
  archive_entry* next() {
    archive_entry* entry = nullptr;
    const int status = archive_read_next_header(archive_.get(), &entry);
    if (status == ARCHIVE_EOF) return nullptr;
    check(status);
    return entry;
  }
  /// Up to so many bytes of the present member's data; none at its end.
  std::size_t read(char* target, std::size_t count) {
    const la_ssize_t taken = archive_read_data(archive_.get(), target, count);
    if (taken < 0) check(static_cast<int>(taken));
    return static_cast<std::size_t>(taken);
  }
  /// Where the bytes that come next lie in the tar (decompressed).
  [[nodiscard]] std::uint64_t position() const {
    return static_cast<std::uint64_t>(archive_filter_bytes(archive_.get(), 0));
  }
  [[nodiscard]] bool is_compressed() const {
    return archive_filter_code(archive_.get(), 0) != ARCHIVE_FILTER_NONE;
  }

 private:
  struct Free {
    void operator()(archive* pointer) const { archive_read_free(pointer); }
  };

  /// Warnings (a name in another character set) do no harm.
  void check(int status) const {
    if (status >= ARCHIVE_WARN) return;
    const char* why = archive_error_string(archive_.get());
    throw DataError(fmt::format("reading the tar '{}': {}; truncated, or no tar?",
                                path_.string(),
                                printable(why == nullptr ? "an error" : why)));
  }

  fs::path path_;
  std::unique_ptr<archive, Free> archive_;
};

/// All of the present member, however long; memory is taken as bytes arrive.
template <class Bytes>
Bytes rest_of(Stream& stream) {
  Bytes bytes;
  std::array<char, kBlockBytes> block;
  while (const std::size_t taken = stream.read(block.data(), block.size())) {
    const auto* begin = reinterpret_cast<const typename Bytes::value_type*>(block.data());
    bytes.insert(bytes.end(), begin, begin + taken);
  }
  return bytes;
}

TarMember member_of(archive_entry* entry, std::uint64_t number, std::uint64_t offset) {
  const char* name = archive_entry_pathname(entry);
  return {.name = name == nullptr ? "" : name,
          .number = number,
          .offset = offset,
          .size = static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)))};
}

}  // namespace

TarFile::TarFile(fs::path path, const IsWanted& is_wanted, const Take& take)
    : path_(std::move(path)) {
  std::error_code error;
  const std::uint64_t file_size = fs::file_size(path_, error);
  KILONAT_REQUIRE(!error, DataError, "the tar '{}': no such file", path_.string());
  Stream stream(path_);
  std::uint64_t number = 0;
  for (archive_entry* entry = stream.next(); entry != nullptr; entry = stream.next(), ++number) {
    is_compressed_ = stream.is_compressed();
    const bool is_plain_file =
        archive_entry_filetype(entry) == AE_IFREG && archive_entry_hardlink(entry) == nullptr;
    if (!is_plain_file || archive_entry_sparse_count(entry) > 0) continue;
    const TarMember member = member_of(entry, number, stream.position());
    KILONAT_REQUIRE(
        is_compressed_ || (member.size <= file_size && member.offset <= file_size - member.size),
        DataError,
        "reading the tar '{}': it ends within '{}'; truncated?",
        path_.string(),
        printable(member.name));
    members_.push_back(member);
    if (!is_wanted(member.name)) continue;
    KILONAT_REQUIRE(member.size <= kMaxTextBytes,
                    DataError,
                    "reading the tar '{}': '{}' has {} bytes, at most {} expected of a text",
                    path_.string(),
                    printable(member.name),
                    member.size,
                    kMaxTextBytes);
    take(member, rest_of<std::string>(stream));
  }
}

std::vector<std::byte> TarFile::read(const TarMember& member) const {
  if (is_compressed_) {
    Stream stream(path_);
    for (std::uint64_t n = 0; n <= member.number; ++n) {
      KILONAT_REQUIRE(stream.next() != nullptr,
                      DataError,
                      "reading the tar '{}': it has changed",
                      path_.string());
    }
    return rest_of<std::vector<std::byte>>(stream);
  }
  std::ifstream file(path_, std::ios::binary);
  if (!file) throw_io_error("reading the tar", path_, errno);
  std::vector<std::byte> bytes(member.size);  // no more than the file had when it was listed
  file.seekg(static_cast<std::streamoff>(member.offset));
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  KILONAT_REQUIRE(static_cast<std::uint64_t>(file.gcount()) == member.size,
                  DataError,
                  "reading the tar '{}': it has become shorter",
                  path_.string());
  return bytes;
}

bool has_tar_extension(const std::string& path) {
  constexpr std::array<std::string_view, 6> kExtensions{
      ".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2"};
  return std::any_of(kExtensions.begin(), kExtensions.end(), [&](std::string_view extension) {
    return path.ends_with(extension);
  });
}

}  // namespace kilonat::data
