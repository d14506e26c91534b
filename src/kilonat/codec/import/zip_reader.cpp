#include "kilonat/codec/import/zip_reader.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <span>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "kilonat/base/byte_reader.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"

namespace kilonat::codec {

namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kEndOfDirectory = 0x06054b50;
constexpr std::uint32_t kZip64EndOfDirectory = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kLocatorBytes = 20;
constexpr std::uint64_t kZip64EndBytes = 56;
constexpr std::uint64_t kLocalHeaderBytes = 30;
constexpr std::uint64_t kMaxCommentBytes = 0xffff;
constexpr std::uint32_t kIn64Bits = 0xffffffff;  // the value stands in the zip64 field
constexpr std::uint16_t kZip64Field = 1;
constexpr std::uint16_t kEncrypted = 1;
constexpr std::uint64_t kMaxDirectoryBytes = 1U << 28;

/// Position of the last end-of-directory record in the file's tail.
std::optional<std::uint64_t> find_end(const std::vector<std::byte>& tail) {
  for (std::uint64_t i = tail.size() - kEndBytes + 1; i-- > 0;) {
    if (tail[i] == std::byte{'P'} && tail[i + 1] == std::byte{'K'} && tail[i + 2] == std::byte{5} &&
        tail[i + 3] == std::byte{6}) {
      return i;
    }
  }
  return std::nullopt;
}

/// Replaces the values that say so by those of the zip64 extra field.
void apply_zip64(ByteReader extra,
                 std::uint64_t& size,
                 std::uint64_t& stored_size,
                 std::uint64_t& header_offset) {
  while (extra.remaining() >= 4) {
    const std::uint16_t id = extra.u16le();
    const std::uint16_t length = extra.u16le();
    if (id != kZip64Field) {
      extra.skip(length);
      continue;
    }
    ByteReader field(extra.bytes(length), extra.what());
    for (std::uint64_t* value : {&size, &stored_size, &header_offset}) {
      if (*value == kIn64Bits) *value = field.u64le();
    }
  }
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& path)
    : path_(path), what_(fmt::format("checkpoint '{}'", path.string())) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw_io_error("opening", path, errno);
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0) throw_io_error("reading", path, errno);
    if (S_ISDIR(status.st_mode)) throw_io_error("reading", path, EISDIR);
    file_size_ = static_cast<std::uint64_t>(status.st_size);
    read_directory();
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

ZipReader::~ZipReader() {
  ::close(descriptor_);
}

std::vector<std::byte> ZipReader::bytes_at(std::uint64_t offset, std::uint64_t count) const {
  KILONAT_REQUIRE(offset <= file_size_ && count <= file_size_ - offset,
                  FormatError,
                  "reading {}: {} bytes at {} lie outside the file of {}; is it truncated?",
                  what_,
                  count,
                  offset,
                  file_size_);
  std::vector<std::byte> bytes(count);
  std::uint64_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(descriptor_, bytes.data() + done, count - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("reading", path_, errno);
    KILONAT_REQUIRE(got > 0, FormatError, "reading {}: it ended early", what_);
    done += static_cast<std::uint64_t>(got);
  }
  return bytes;
}

ZipReader::Directory ZipReader::find_directory() const {
  const std::uint64_t tail_size = std::min(file_size_, kEndBytes + kMaxCommentBytes);
  std::optional<std::uint64_t> end;
  std::vector<std::byte> tail;
  if (tail_size >= kEndBytes) {
    tail = bytes_at(file_size_ - tail_size, tail_size);
    end = find_end(tail);
  }
  KILONAT_REQUIRE(end.has_value(),
                  FormatError,
                  "reading {}: it has no zip directory; it is truncated or not a zip file",
                  what_);
  ByteReader record(std::span<const std::byte>(tail).subspan(*end), what_);
  record.skip(4 + 2 + 2 + 2);  // signature, disk numbers, entries on this disk
  Directory directory;
  directory.count = record.u16le();
  directory.size = record.u32le();
  directory.offset = record.u32le();
  const std::uint64_t end_position = file_size_ - tail_size + *end;
  if (end_position < kLocatorBytes) return directory;
  const auto locator_bytes = bytes_at(end_position - kLocatorBytes, kLocatorBytes);
  ByteReader locator(locator_bytes, what_);
  if (locator.u32le() != kZip64Locator) return directory;
  locator.skip(4);
  const auto record_bytes = bytes_at(locator.u64le(), kZip64EndBytes);
  ByteReader record64(record_bytes, what_);
  KILONAT_REQUIRE(record64.u32le() == kZip64EndOfDirectory,
                  FormatError,
                  "reading {}: its 64-bit zip directory is corrupt",
                  what_);
  record64.skip(8 + 2 + 2 + 4 + 4 + 8);
  directory.count = record64.u64le();
  directory.size = record64.u64le();
  directory.offset = record64.u64le();
  return directory;
}

void ZipReader::read_directory() {
  const Directory directory = find_directory();
  KILONAT_REQUIRE(directory.size <= kMaxDirectoryBytes,
                  FormatError,
                  "reading {}: its zip directory claims {} bytes",
                  what_,
                  directory.size);
  const std::vector<std::byte> bytes = bytes_at(directory.offset, directory.size);
  ByteReader reader(bytes, what_);
  for (std::uint64_t i = 0; i < directory.count; ++i) {
    KILONAT_REQUIRE(reader.u32le() == kDirectoryEntry,
                    FormatError,
                    "reading {}: entry {} of its zip directory is corrupt",
                    what_,
                    i);
    Member member;
    reader.skip(2 + 2);  // versions
    member.flags = reader.u16le();
    member.method = reader.u16le();
    reader.skip(4 + 4);  // time, checksum
    std::uint64_t stored_size = reader.u32le();
    member.size = reader.u32le();
    const std::uint16_t name_bytes = reader.u16le();
    const std::uint16_t extra_bytes = reader.u16le();
    const std::uint16_t comment_bytes = reader.u16le();
    reader.skip(2 + 2 + 4);  // disk, attributes
    member.header_offset = reader.u32le();
    const std::string name(reader.text(name_bytes));
    apply_zip64(ByteReader(reader.bytes(extra_bytes), what_),
                member.size,
                stored_size,
                member.header_offset);
    reader.skip(comment_bytes);
    KILONAT_REQUIRE(members_.emplace(name, member).second,
                    FormatError,
                    "reading {}: it has two members '{}'",
                    what_,
                    printable(name));
  }
}

const ZipReader::Member& ZipReader::member(const std::string& name) const {
  const auto found = members_.find(name);
  KILONAT_REQUIRE(found != members_.end(),
                  FormatError,
                  "reading {}: it has no member '{}'",
                  what_,
                  printable(name));
  return found->second;
}

std::vector<std::string> ZipReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, member] : members_) names.push_back(name);
  return names;
}

std::uint64_t ZipReader::size(const std::string& name) const {
  return member(name).size;
}

std::vector<std::byte> ZipReader::read(const std::string& name) const {
  const Member& entry = member(name);
  KILONAT_REQUIRE(entry.method == 0 && (entry.flags & kEncrypted) == 0,
                  FormatError,
                  "reading {}: member '{}' is compressed or encrypted; PyTorch stores plainly",
                  what_,
                  printable(name));
  const auto header_bytes = bytes_at(entry.header_offset, kLocalHeaderBytes);
  ByteReader header(header_bytes, what_);
  KILONAT_REQUIRE(header.u32le() == kLocalHeader,
                  FormatError,
                  "reading {}: member '{}' has a corrupt header",
                  what_,
                  printable(name));
  header.skip(kLocalHeaderBytes - 4 - 4);
  const std::uint64_t name_bytes = header.u16le();
  const std::uint64_t extra_bytes = header.u16le();
  return bytes_at(entry.header_offset + kLocalHeaderBytes + name_bytes + extra_bytes, entry.size);
}

}  // namespace kilonat::codec
