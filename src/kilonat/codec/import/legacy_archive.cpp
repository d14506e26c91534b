#include "kilonat/codec/import/legacy_archive.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "kilonat/base/byte_reader.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"

namespace kilonat::codec {
namespace {

using Kind = PickleValue::Kind;

/// The pickle of the magic number 0x1950a86a20f9469cfc6c: too long for the reader's integers.
constexpr std::array<unsigned char, 15> kMagic{
    0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e};
constexpr std::int64_t kVersion = 1001;

/// Reads one pickle behind the other.
class PickleRow {
 public:
  PickleRow(std::span<const std::byte> bytes, const std::string& what)
      : bytes_(bytes), what_(what) {}

  PickleTree next() {
    std::uint64_t length = 0;
    PickleTree tree = read_first_pickle(bytes_.subspan(position_), what_, length);
    position_ += length;
    return tree;
  }
  void skip(std::uint64_t count) { position_ += count; }
  [[nodiscard]] std::uint64_t position() const { return position_; }

 private:
  std::span<const std::byte> bytes_;
  const std::string& what_;
  std::uint64_t position_ = 0;
};

bool is_little_endian(const PickleValue& system) {
  for (const auto& [key, value] : system.entries) {
    if (key->text == "little_endian") return value->kind == Kind::kBool && value->boolean;
  }
  return false;
}

}  // namespace

bool LegacyArchive::recognises(std::span<const std::byte> first_bytes) {
  return first_bytes.size() >= kMagic.size() &&
         std::memcmp(first_bytes.data(), kMagic.data(), kMagic.size()) == 0;
}

LegacyArchive::LegacyArchive(const std::filesystem::path& path)
    : bytes_(read_file(path)), what_(fmt::format("checkpoint '{}'", path.string())) {
  KILONAT_REQUIRE(recognises(bytes_), FormatError, "reading {}: no PyTorch file", what_);
  PickleRow row(bytes_, what_);
  row.skip(kMagic.size());
  const PickleTree version = row.next();
  KILONAT_REQUIRE(version.root().kind == Kind::kInt && version.root().integer == kVersion,
                  FormatError,
                  "reading {}: not version {} of PyTorch's old format",
                  what_,
                  kVersion);
  KILONAT_REQUIRE(is_little_endian(row.next().root()),
                  FormatError,
                  "reading {}: it was written on a big-endian machine",
                  what_);
  tree_ = row.next();
  const PickleTree keys = row.next();
  for (const PickleValue* key : keys.root().items) keys_.push_back(key->text);
  data_start_ = row.position();
}

std::map<std::string, std::span<const std::byte>> LegacyArchive::storages() const {
  const std::map<std::string, StorageType> types = tree_.storage_types();
  std::map<std::string, std::span<const std::byte>> found;
  ByteReader reader(bytes_, what_);
  reader.skip(data_start_);
  for (const std::string& key : keys_) {
    const auto type = types.find(key);
    KILONAT_REQUIRE(type != types.end(),
                    FormatError,
                    "reading {}: the saved object does not refer to storage '{}'",
                    what_,
                    printable(key));
    const std::uint64_t count = reader.u64le();
    KILONAT_REQUIRE(count <= reader.remaining() / element_bytes(type->second),
                    FormatError,
                    "reading {}: storage '{}' of {} values exceeds the file; truncated?",
                    what_,
                    printable(key),
                    count);
    found[key] = reader.bytes(count * element_bytes(type->second));
  }
  KILONAT_REQUIRE(reader.remaining() == 0,
                  FormatError,
                  "reading {}: {} bytes behind the last storage",
                  what_,
                  reader.remaining());
  return found;
}

}  // namespace kilonat::codec
