#include "kilonat/codec/import/checkpoint.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"
#include "kilonat/base/printable.h"
#include "kilonat/codec/import/legacy_archive.h"
#include "kilonat/codec/import/pickle.h"
#include "kilonat/codec/import/zip_reader.h"
#include "kilonat/tensor/safetensors.h"

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

/// What a pickle's tree holds, by dotted path. Guards against trees that share or contain
/// themselves so often that walking them would not end.
class TreeReader {
 public:
  explicit TreeReader(const std::string& what) : what_(what) {}

  json read(const PickleValue& root) { return visit(root, "", 0); }
  std::map<std::string, PickledTensor> take_tensors() { return std::move(tensors_); }

 private:
  static constexpr int kMaxDepth = 64;
  static constexpr std::int64_t kMaxVisits = 1'000'000;

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
        tensors_[path] = value.tensor;
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
      const std::string name = key->kind == Kind::kInt ? std::to_string(key->integer) : key->text;
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

  const std::string& what_;
  std::map<std::string, PickledTensor> tensors_;
  std::int64_t visits_ = 0;
};

/// The bytes of a storage of this key. @throws FormatError.
using StorageBytes = std::function<std::vector<std::byte>(const std::string&)>;

/// What a file of torch.save describes: tensors, read when asked for.
class TorchArchive {
 public:
  TorchArchive(const PickleTree& tree, std::string what) : what_(std::move(what)) {
    TreeReader reader(what_);
    values_ = reader.read(tree.root());
    tensors_ = reader.take_tensors();
  }
  void set_storages(StorageBytes storages) { storages_ = std::move(storages); }

  [[nodiscard]] const std::map<std::string, PickledTensor>& tensors() const { return tensors_; }
  [[nodiscard]] const json& values() const { return values_; }

  at::Tensor tensor(const std::string& name) {
    const PickledTensor& view = tensors_.at(name);
    const auto options = torch::dtype(scalar_type(view.storage.type));
    if (has_no_elements(view, name)) return torch::empty(view.shape, options);
    return storage(view.storage, name).as_strided(view.shape, view.strides, view.offset).clone();
  }

 private:
  /// True if the view has no elements; otherwise it has been checked to lie in its storage.
  bool has_no_elements(const PickledTensor& view, const std::string& name) const {
    constexpr std::uint64_t kLimit = std::numeric_limits<std::int64_t>::max() / 16;
    auto last = static_cast<std::uint64_t>(view.offset);
    std::uint64_t elements = 1;
    for (size_t i = 0; i < view.shape.size(); ++i) {
      const auto size = static_cast<std::uint64_t>(view.shape[i]);
      const auto stride = static_cast<std::uint64_t>(view.strides[i]);
      if (size == 0) return true;
      const bool fits = elements <= kLimit / size && last <= kLimit &&
                        (stride == 0 || size - 1 <= kLimit / stride);
      KILONAT_REQUIRE(
          fits, FormatError, "reading {}: tensor '{}' is absurdly large", what_, printable(name));
      elements *= size;
      last += (size - 1) * stride;
    }
    // A view that repeats elements (stride 0) could be far larger than the file.
    KILONAT_REQUIRE(elements <= view.storage.num_elements && last < view.storage.num_elements,
                    FormatError,
                    "reading {}: tensor '{}' reaches past its storage of {} values",
                    what_,
                    printable(name),
                    view.storage.num_elements);
    return false;
  }

  at::Tensor storage(const PickledStorage& stored, const std::string& name) {
    const bool cached = cached_.defined() && cached_key_ == stored.key &&
                        cached_.scalar_type() == scalar_type(stored.type);
    if (!cached) {
      cached_ = read_storage(stored);
      cached_key_ = stored.key;
    }
    KILONAT_REQUIRE(static_cast<std::uint64_t>(cached_.numel()) >= stored.num_elements,
                    FormatError,
                    "reading {}: tensor '{}' has {} stored values, expected {}",
                    what_,
                    printable(name),
                    cached_.numel(),
                    stored.num_elements);
    return cached_;
  }

  at::Tensor read_storage(const PickledStorage& stored) const {
    const std::vector<std::byte> bytes = storages_(stored.key);
    const std::uint64_t size = element_bytes(stored.type);
    KILONAT_REQUIRE(bytes.size() % size == 0,
                    FormatError,
                    "reading {}: storage '{}' has {} bytes, expected a multiple of {}",
                    what_,
                    printable(stored.key),
                    bytes.size(),
                    size);
    at::Tensor values = torch::empty({static_cast<std::int64_t>(bytes.size() / size)},
                                     torch::dtype(scalar_type(stored.type)));
    if (values.numel() > 0) std::memcpy(values.data_ptr(), bytes.data(), values.nbytes());
    return values;
  }

  std::string what_;
  StorageBytes storages_;
  std::map<std::string, PickledTensor> tensors_;
  json values_;
  at::Tensor cached_;  // parameters that share a storage come one after the other
  std::string cached_key_;
};

Checkpoint checkpoint_of(const std::shared_ptr<TorchArchive>& archive) {
  Checkpoint checkpoint;
  for (const auto& [name, view] : archive->tensors()) checkpoint.shapes[name] = view.shape;
  if (archive->values().is_object()) checkpoint.values = archive->values();
  checkpoint.load = [archive](const std::string& name) { return archive->tensor(name); };
  return checkpoint;
}

constexpr const char* kPickleName = "data.pkl";

/// Where in a zip archive its pickle lies: a folder, with its slash.
std::string find_folder(const ZipReader& zip, const std::string& what) {
  std::optional<std::string> folder;
  for (const std::string& name : zip.names()) {
    if (name != kPickleName && !name.ends_with(std::string("/") + kPickleName)) continue;
    folder = name.substr(0, name.size() - std::string(kPickleName).size());
  }
  KILONAT_REQUIRE(
      folder.has_value(), FormatError, "reading {}: it is a zip file, but not from PyTorch", what);
  if (!zip.contains(*folder + "byteorder")) return *folder;
  const std::vector<std::byte> order = zip.read(*folder + "byteorder");
  KILONAT_REQUIRE(order.empty() || order[0] == std::byte{'l'},
                  FormatError,
                  "reading {}: it was written on a big-endian machine",
                  what);
  return *folder;
}

Checkpoint open_zip_archive(const std::filesystem::path& path) {
  const auto zip = std::make_shared<ZipReader>(path);
  const std::string what = fmt::format("checkpoint '{}'", path.string());
  const std::string folder = find_folder(*zip, what);
  const std::vector<std::byte> bytes = zip->read(folder + kPickleName);
  const auto archive = std::make_shared<TorchArchive>(read_pickle(bytes, what), what);
  archive->set_storages(
      [zip, folder](const std::string& key) { return zip->read(folder + "data/" + key); });
  return checkpoint_of(archive);
}

Checkpoint open_legacy_archive(const std::filesystem::path& path) {
  const auto file = std::make_shared<LegacyArchive>(path);
  const std::string what = fmt::format("checkpoint '{}'", path.string());
  const auto archive = std::make_shared<TorchArchive>(file->tree(), what);
  archive->set_storages([file, what, storages = file->storages()](const std::string& key) {
    const auto found = storages.find(key);
    KILONAT_REQUIRE(
        found != storages.end(), FormatError, "reading {}: no storage '{}'", what, printable(key));
    return std::vector<std::byte>(found->second.begin(), found->second.end());
  });
  return checkpoint_of(archive);
}

Checkpoint open_safetensors(const std::filesystem::path& path) {
  const auto file = std::make_shared<tensor::SafetensorsFile>(path);
  Checkpoint checkpoint;
  for (const std::string& name : file->names()) checkpoint.shapes[name] = file->info(name).shape;
  for (const auto& [key, text] : file->metadata()) {
    json parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
    checkpoint.values[key] = parsed.is_discarded() ? json(text) : parsed;
  }
  checkpoint.load = [file](const std::string& name) { return file->tensor(name); };
  return checkpoint;
}

}  // namespace

Checkpoint open_checkpoint(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw_io_error("opening", path, errno);
  std::array<char, 16> start{};
  file.read(start.data(), start.size());
  const auto first = static_cast<unsigned char>(start[0]);
  const auto second = static_cast<unsigned char>(start[1]);
  if (LegacyArchive::recognises(std::as_bytes(std::span(start)))) return open_legacy_archive(path);
  KILONAT_REQUIRE(!(first == 0x80 && second <= 5),
                  FormatError,
                  "reading checkpoint '{}': it is a bare pickle, not a file of torch.save; save it "
                  "with PyTorch",
                  path.string());
  return first == 'P' && second == 'K' ? open_zip_archive(path) : open_safetensors(path);
}

}  // namespace kilonat::codec
