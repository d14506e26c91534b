#pragma once
/// A reader of Python pickles that can only build plain containers, numbers, texts and references
/// to tensors. Nothing in a pickle is ever executed: its instructions for importing and calling
/// Python objects are compared with a short list, and anything else is an error. No torch.

#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kilonat::codec {

/// What one element of a PyTorch storage is.
enum class StorageType { kF64, kF32, kF16, kBF16, kI64, kI32, kI16, kI8, kU8, kBool };

/// Its size.
[[nodiscard]] std::uint64_t element_bytes(StorageType type);

/// A storage: a member of the archive that holds raw values.
struct PickledStorage {
  StorageType type = StorageType::kF32;
  std::string key;
  std::uint64_t num_elements = 0;
};

/// A strided view of a storage; sizes and strides are not yet checked against it.
struct PickledTensor {
  PickledStorage storage;
  std::int64_t offset = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;
};

/// One Python object. Containers refer to others of the same tree; an object may occur in several
/// containers, and hostile pickles can make circles.
struct PickleValue {
  enum class Kind {
    kNone,
    kBool,
    kInt,
    kFloat,
    kText,
    kList,    ///< items
    kTuple,   ///< items
    kDict,    ///< entries (OrderedDict too)
    kGlobal,  ///< text: "module.name", one of those allowed; only within the reader
    kStorage,
    kTensor,
    kMark,  ///< only within the reader
  };
  Kind kind = Kind::kNone;
  bool boolean = false;
  std::int64_t integer = 0;
  double number = 0;
  std::string text;
  std::vector<PickleValue*> items;
  std::vector<std::pair<PickleValue*, PickleValue*>> entries;
  PickledTensor tensor;  // storages keep theirs in tensor.storage
};

/// The objects of one pickle.
class PickleTree {
 public:
  [[nodiscard]] const PickleValue& root() const { return *root_; }
  /// Of every storage that was referred to, by key, wherever that was: also where a tensor hangs
  /// on no container, or a storage on no tensor.
  [[nodiscard]] std::map<std::string, StorageType> storage_types() const;

 private:
  friend class Unpickler;
  std::deque<PickleValue> values_;  // owns; addresses stay
  PickleValue* root_ = nullptr;
};

/// Reads a pickle of protocol 2 (what torch.save writes) or the like.
///
/// May build None, bool, int (64 bits), float, str, list, tuple, dict, collections.OrderedDict, and
/// tensors by torch._utils._rebuild_tensor_v2, _rebuild_parameter and torch.*Storage references.
/// @param what  names the source in errors.
/// @throws FormatError for anything else (naming it), for truncation and for corruption.
[[nodiscard]] PickleTree read_pickle(std::span<const std::byte> bytes, const std::string& what);

/// The same where something follows the pickle; `num_bytes` becomes the pickle's length.
[[nodiscard]] PickleTree read_first_pickle(std::span<const std::byte> bytes,
                                           const std::string& what,
                                           std::uint64_t& num_bytes);

}  // namespace kilonat::codec
