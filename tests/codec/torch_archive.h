#pragma once
/// Writes pickles and zip archives as torch.save does, and as nobody should, for the tests.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kilonat::codec {

inline std::string little_endian(std::uint64_t value, int num_bytes) {
  std::string bytes;
  for (int i = 0; i < num_bytes; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

using ZipMembers = std::vector<std::pair<std::string, std::string>>;

/// A zip archive of stored members.
inline std::string zip_archive(const ZipMembers& members, int method = 0) {
  std::string archive;
  std::string directory;
  for (const auto& [name, data] : members) {
    const std::string sizes = little_endian(data.size(), 4) + little_endian(data.size(), 4) +
                              little_endian(name.size(), 2) + little_endian(0, 2);
    const std::string common = little_endian(20, 2) + little_endian(0, 2) +
                               little_endian(static_cast<std::uint64_t>(method), 2) +
                               little_endian(0, 4) + little_endian(0, 4) + sizes;
    directory += std::string("PK\x01\x02") + little_endian(20, 2) + common + little_endian(0, 10) +
                 little_endian(archive.size(), 4) + name;
    archive += std::string("PK\x03\x04") + common + name + data;
  }
  const std::uint64_t start = archive.size();
  archive += directory;
  archive += std::string("PK\x05\x06") + little_endian(0, 4) + little_endian(members.size(), 2) +
             little_endian(members.size(), 2) + little_endian(directory.size(), 4) +
             little_endian(start, 4) + little_endian(0, 2);
  return archive;
}

/// Instructions of pickle protocol 2, to be added up.
namespace pickle {

inline const std::string kStart = "\x80\x02";
inline const std::string kMark = "(";
inline const std::string kEmptyDict = "}";
inline const std::string kSetItems = "u";
inline const std::string kReduce = "R";
inline const std::string kBuild = "b";
inline const std::string kStop = ".";

inline std::string text(const std::string& value) {
  return std::string("X") + little_endian(value.size(), 4) + value;
}
inline std::string integer(std::int32_t value) {
  return std::string("J") + little_endian(static_cast<std::uint32_t>(value), 4);
}
inline std::string global(const std::string& module, const std::string& name) {
  return std::string("c") + module + "\n" + name + "\n";
}
inline std::string tuple(const std::string& items) {
  return kMark + items + "t";
}
inline std::string ordered_dict() {
  return global("collections", "OrderedDict") + ")" + kReduce;
}
inline std::string dict(const std::string& items) {
  return kEmptyDict + kMark + items + kSetItems;
}
inline std::string storage(const std::string& type, const std::string& key, std::int32_t count) {
  return tuple(text("storage") + global("torch", type) + text(key) + text("cpu") + integer(count)) +
         "Q";
}
/// As torch._utils._rebuild_tensor_v2 is called.
inline std::string tensor(const std::string& storage,
                          std::int32_t offset,
                          const std::string& shape,
                          const std::string& strides) {
  return global("torch._utils", "_rebuild_tensor_v2") +
         tuple(storage + integer(offset) + tuple(shape) + tuple(strides) + "\x89" +
               ordered_dict()) +
         kReduce;
}

/// A list of texts.
inline std::string list(const std::vector<std::string>& texts) {
  std::string items = "](";
  for (const std::string& item : texts) items += text(item);
  return items + "e";
}

/// A file of torch.save before PyTorch 1.6: the saved object's pickle, then storages (key, raw
/// values and their number).
struct LegacyStorage {
  std::string key;
  std::uint64_t count = 0;
  std::string data;
};
inline std::string legacy_archive(const std::string& object,
                                  const std::vector<LegacyStorage>& storages,
                                  const std::string& little_endian_flag = "\x88",
                                  std::int32_t version = 1001) {
  const std::string magic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  std::vector<std::string> keys;
  std::string raw;
  for (const LegacyStorage& stored : storages) {
    keys.push_back(stored.key);
    raw += little_endian(stored.count, 8) + stored.data;
  }
  return magic + kStart + integer(version) + kStop + kStart +
         dict(text("little_endian") + little_endian_flag) + kStop + kStart + object + kStop +
         kStart + list(keys) + kStop + raw;
}

}  // namespace pickle

}  // namespace kilonat::codec
