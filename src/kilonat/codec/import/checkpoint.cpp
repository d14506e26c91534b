#include "kilonat/codec/import/checkpoint.h"

#include <cerrno>
#include <fstream>
#include <limits>

#include <fmt/format.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/codec/import/pickle.h"
#include "kilonat/codec/import/zip_reader.h"

namespace kilonat::codec {

namespace {

using nlohmann::json;
using Kind = PickleValue::Kind;

c10::ScalarType scalar_type(StorageType type) {
  switch (type) {
    case StorageType::kF64:
      return torch::kFloat64;
    case StorageType::kF32:
      return torch::kFloat32;
    case StorageType::kF16:
      return torch::kFloat16;
    case StorageType::kBF16:
      return torch::kBFloat16;
    case StorageType::kI64:
      return torch::kInt64;
    case StorageType::kI32:
      return torch::kInt32;
    case StorageType::kI16:
      return torch::kInt16;
    case StorageType::kI8:
      return torch::kInt8;
    case StorageType::kU8:
      return torch::kUInt8;
    case StorageType::kBool:
      return torch::kBool;
  }
  throw InternalError("a storage type without a tensor type");
}

/// Turns the tree of a pickle into tensors and JSON, and guards against trees that share or contain
/// themselves so often that walking them would not end.
class TreeReader {
 public:
  TreeReader(const ZipReader& zip, std::string folder, std::string what)
      : zip_(zip), folder_(std::move(folder)), what_(std::move(what)) {}

  Checkpoint read(const PickleValue& root) {
    json values = visit(root, "", 0);
    if (values.is_object()) checkpoint_.values = std::move(values);
    return std::move(checkpoint_);
  }

 private:
  static constexpr int kMaxDepth = 64;
  static constexpr std::int64_t kMaxVisits = 10'000'000;

  json visit(const PickleValue& value, const std::string& path, int depth) {
    KILONAT_REQUIRE(depth <= kMaxDepth && ++visits_ <= kMaxVisits,
                    FormatError,
                    "reading {}: its containers are nested without end",
                    what_);
    switch (value.kind) {
      case Kind::kBool:
        return value.boolean;
      case Kind::kInt:
        return value.integer;
      case Kind::kFloat:
        return value.number;
      case Kind::kText:
        return value.text;
      case Kind::kTensor:
        checkpoint_.tensors[path] = tensor(value.tensor, path);
        return nullptr;
      case Kind::kDict:
        return visit_dict(value, path, depth);
      case Kind::kList:
      case Kind::kTuple:
        return visit_list(value, path, depth);
      default:
        return nullptr;
    }
  }

  static std::string join(const std::string& path, const std::string& name) {
    return path.empty() ? name : path + "." + name;
  }

  json visit_dict(const PickleValue& dict, const std::string& path, int depth) {
    json values = json::object();
    for (const auto& [key, value] : dict.entries) {
      const std::string name =
          key->kind == Kind::kInt ? std::to_string(key->integer) : key->text;
      json plain = visit(*value, join(path, name), depth + 1);
      if (!plain.is_null()) values[name] = std::move(plain);
    }
    return values.empty() ? json() : values;
  }

  json visit_list(const PickleValue& list, const std::string& path, int depth) {
    json values = json::array();
    size_t index = 0;
    for (const PickleValue* item : list.items) {
      values.push_back(visit(*item, join(path, std::to_string(index++)), depth + 1));
    }
    return values;
  }

  /// Elements of the storage that the view reaches. @throws FormatError on overflow.
  std::uint64_t reach(const PickledTensor& view, const std::string& path) const {
    constexpr std::uint64_t kLimit = std::numeric_limits<std::int64_t>::max() / 16;
    std::uint64_t last = static_cast<std::uint64_t>(view.offset);
    std::uint64_t elements = 1;
    for (size_t i = 0; i < view.shape.size(); ++i) {
      const auto size = static_cast<std::uint64_t>(view.shape[i]);
      const auto stride = static_cast<std::uint64_t>(view.strides[i]);
      if (size == 0) return 0;
      const bool fits = elements <= kLimit / size && (stride == 0 || size - 1 <= kLimit / stride) &&
                        last <= kLimit;
      KILONAT_REQUIRE(
          fits, FormatError, "reading {}: tensor '{}' is absurdly large", what_, path);
      elements *= size;
      last += (size - 1) * stride;
    }
    // A view that repeats elements (stride 0) could be far larger than the file.
    KILONAT_REQUIRE(elements <= view.storage.num_elements && last < view.storage.num_elements,
                    FormatError,
                    "reading {}: tensor '{}' reaches past its storage of {} values",
                    what_,
                    path,
                    view.storage.num_elements);
    return last + 1;
  }

  at::Tensor tensor(const PickledTensor& view, const std::string& path) {
    const auto options = torch::dtype(scalar_type(view.storage.type));
    if (reach(view, path) == 0) return torch::empty(view.shape, options);
    return storage(view.storage, path).as_strided(view.shape, view.strides, view.offset).clone();
  }

  at::Tensor storage(const PickledStorage& stored, const std::string& path) {
    if (cached_.defined() && cached_key_ == stored.key &&
        cached_.scalar_type() == scalar_type(stored.type)) {
      return cached_;
    }
    const std::vector<std::byte> bytes = zip_.read(folder_ + "data/" + stored.key);
    const auto options = torch::dtype(scalar_type(stored.type));
    const std::uint64_t element_bytes = torch::empty({0}, options).element_size();
    KILONAT_REQUIRE(bytes.size() % element_bytes == 0 &&
                        bytes.size() / element_bytes >= stored.num_elements,
                    FormatError,
                    "reading {}: tensor '{}' has {} bytes, expected {} values of {} bytes",
                    what_,
                    path,
                    bytes.size(),
                    stored.num_elements,
                    element_bytes);
    cached_ = torch::empty({static_cast<std::int64_t>(bytes.size() / element_bytes)}, options);
    std::copy(bytes.begin(), bytes.end(), static_cast<std::byte*>(cached_.data_ptr()));
    cached_key_ = stored.key;
    return cached_;
  }

  const ZipReader& zip_;
  std::string folder_;  // of the archive, with its slash
  std::string what_;
  Checkpoint checkpoint_;
  std::int64_t visits_ = 0;
  at::Tensor cached_;  // parameters that share a storage come one after the other
  std::string cached_key_;
};

Checkpoint read_torch_archive(const std::filesystem::path& path) {
  const std::string what = fmt::format("checkpoint '{}'", path.string());
  const ZipReader zip(path);
  const std::string pickle_name = "data.pkl";
  std::string folder;
  bool found = false;
  for (const std::string& name : zip.names()) {
    if (name != pickle_name && !name.ends_with("/" + pickle_name)) continue;
    folder = name.substr(0, name.size() - pickle_name.size());
    found = true;
  }
  KILONAT_REQUIRE(found, FormatError, "reading {}: it is a zip file, but not from PyTorch", what);
  if (zip.contains(folder + "byteorder")) {
    const std::vector<std::byte> order = zip.read(folder + "byteorder");
    KILONAT_REQUIRE(order.empty() || order[0] == std::byte{'l'},
                    FormatError,
                    "reading {}: it was written on a big-endian machine",
                    what);
  }
  const std::vector<std::byte> pickle = zip.read(folder + pickle_name);
  const PickleTree tree = read_pickle(pickle, what);
  return TreeReader(zip, folder, what).read(tree.root());
}

Checkpoint read_safetensors(const std::filesystem::path& path) {
  const tensor::SafetensorsFile file(path);
  Checkpoint checkpoint;
  checkpoint.tensors = file.tensors();
  for (const auto& [key, text] : file.metadata()) {
    json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
    checkpoint.values[key] = parsed.is_discarded() ? json(text) : parsed;
  }
  return checkpoint;
}

}  // namespace

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_io_error("opening", path, errno);
  char magic[2] = {};
  file.read(magic, sizeof(magic));
  const auto first = static_cast<unsigned char>(magic[0]);
  const auto second = static_cast<unsigned char>(magic[1]);
  KILONAT_REQUIRE(!(first == 0x80 && second <= 5),
                  FormatError,
                  "reading checkpoint '{}': it is a bare pickle (PyTorch before 1.6); save it again "
                  "with a newer PyTorch",
                  path.string());
  return first == 'P' && second == 'K' ? read_torch_archive(path) : read_safetensors(path);
}

}  // namespace kilonat::codec
