#pragma once
/// The file format of torch.save before PyTorch 1.6, in which many published weights still are.
/// No torch.

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kilonat/codec/import/pickle.h"

namespace kilonat::codec {

/// A whole file in memory.
///
/// Five pickles one behind the other: a magic number, a version, the writer's byte order, the saved
/// object, the keys of its storages; then for each key the number of elements and their bytes.
/// Source: pytorch `torch/serialization.py`, _legacy_save.
class LegacyArchive {
 public:
  /// True for the first bytes of such a file.
  [[nodiscard]] static bool recognises(std::span<const std::byte> first_bytes);

  /// @throws IoError; FormatError if it is none, is truncated, or was written big-endian, and for
  ///     what read_pickle refuses.
  explicit LegacyArchive(const std::filesystem::path& path);

  [[nodiscard]] const PickleTree& tree() const { return tree_; }

  /// Where each storage lies, by key; valid as long as the archive is.
  ///
  /// They stand one behind the other and only the saved object tells their types, so it must refer
  /// to each, though not as a tensor: those that nobody asks for are stepped over.
  /// @throws FormatError for a storage that it does not refer to, one that is truncated, or bytes
  ///     behind the last one.
  [[nodiscard]] std::map<std::string, std::span<const std::byte>> storages() const;

 private:
  std::vector<std::byte> bytes_;
  std::string what_;
  PickleTree tree_;
  std::vector<std::string> keys_;
  std::uint64_t data_start_ = 0;
};

}  // namespace kilonat::codec
