#include "kilonat/tensor/safetensors.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <torch/types.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::tensor {

namespace {

constexpr std::array<std::pair<StoredType, c10::ScalarType>, 10> kScalarTypes{
    {{StoredType::kF64, torch::kFloat64},
     {StoredType::kF32, torch::kFloat32},
     {StoredType::kF16, torch::kFloat16},
     {StoredType::kBF16, torch::kBFloat16},
     {StoredType::kI64, torch::kInt64},
     {StoredType::kI32, torch::kInt32},
     {StoredType::kI16, torch::kInt16},
     {StoredType::kI8, torch::kInt8},
     {StoredType::kU8, torch::kUInt8},
     {StoredType::kBool, torch::kBool}}};

c10::ScalarType scalar_type(StoredType type) {
  return std::find_if(kScalarTypes.begin(),
                      kScalarTypes.end(),
                      [&](const auto& pair) { return pair.first == type; })
      ->second;
}

StoredType stored_type(const std::string& name, c10::ScalarType type) {
  const auto* found = std::find_if(kScalarTypes.begin(), kScalarTypes.end(), [&](const auto& pair) {
    return pair.second == type;
  });
  KILONAT_REQUIRE(found != kScalarTypes.end(),
                  FormatError,
                  "writing tensor '{}': safetensors has no type for {}",
                  name,
                  c10::toString(type));
  return found->first;
}

/// Reads exactly `count` bytes at `offset`; false if the file ends before.
bool read_at(
    int descriptor, char* target, std::uint64_t count, std::uint64_t offset, const auto& path) {
  while (count > 0) {
    const ssize_t got = ::pread(descriptor, target, count, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_io_error("reading", path, errno);
    if (got == 0) return false;
    target += got;
    count -= static_cast<std::uint64_t>(got);
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

int open_for_reading(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw_io_error("opening", path, errno);
  return descriptor;
}

std::uint64_t file_size(int descriptor, const std::filesystem::path& path) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) throw_io_error("reading", path, errno);
  if (S_ISDIR(status.st_mode)) throw_io_error("reading", path, EISDIR);
  return static_cast<std::uint64_t>(status.st_size);
}

/// The header, and where the data starts.
std::pair<SafetensorsHeader, std::uint64_t> read_header(int descriptor,
                                                        const std::filesystem::path& path) {
  const std::string what = fmt::format("'{}'", path.string());
  const std::uint64_t size = file_size(descriptor, path);
  std::array<unsigned char, 8> prefix{};
  const bool has_prefix =
      size >= prefix.size() &&
      read_at(descriptor, reinterpret_cast<char*>(prefix.data()), prefix.size(), 0, path);
  KILONAT_REQUIRE(has_prefix,
                  FormatError,
                  "reading {}: {} bytes are too few for a safetensors file",
                  what,
                  size);
  std::uint64_t header_bytes = 0;
  for (size_t i = prefix.size(); i-- > 0;) header_bytes = header_bytes << 8 | prefix[i];
  KILONAT_REQUIRE(header_bytes <= kMaxSafetensorsHeaderBytes && header_bytes <= size - 8,
                  FormatError,
                  "reading {}: its header claims {} bytes of the file's {}; it is truncated or not "
                  "a safetensors file",
                  what,
                  header_bytes,
                  size);
  std::string json(header_bytes, '\0');
  KILONAT_REQUIRE(read_at(descriptor, json.data(), header_bytes, 8, path),
                  FormatError,
                  "reading {}: it ends within its header",
                  what);
  const std::uint64_t data_start = 8 + header_bytes;
  return {parse_safetensors_header(json, size - data_start, what), data_start};
}

/// Tensors ready for writing, widest type first so that each is aligned, then by name.
struct Outgoing {
  std::string name;
  StoredType type;
  at::Tensor tensor;
};

std::vector<Outgoing> outgoing(const TensorMap& tensors) {
  std::vector<Outgoing> list;
  for (const auto& [name, tensor] : tensors) {
    KILONAT_REQUIRE(tensor.defined(), FormatError, "writing tensor '{}': it is empty", name);
    list.push_back({name,
                    stored_type(name, tensor.scalar_type()),
                    tensor.detach().to(torch::kCPU).contiguous()});
  }
  std::stable_sort(list.begin(), list.end(), [](const Outgoing& a, const Outgoing& b) {
    return stored_type_bytes(a.type) > stored_type_bytes(b.type);
  });
  return list;
}

std::string header_text(const std::vector<Outgoing>& list, const Metadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t position = 0;
  for (const Outgoing& item : list) {
    const std::uint64_t end = position + item.tensor.nbytes();
    header[item.name] = {{"dtype", stored_type_name(item.type)},
                         {"shape", item.tensor.sizes().vec()},
                         {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');  // the data starts aligned
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path)
    : path_(path), descriptor_(open_for_reading(path)) {
  try {
    std::tie(header_, data_start_) = read_header(descriptor_, path);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

SafetensorsFile::~SafetensorsFile() {
  ::close(descriptor_);
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : header_.tensors) names.push_back(name);
  return names;
}

bool SafetensorsFile::contains(const std::string& name) const {
  return header_.tensors.contains(name);
}

const StoredTensor& SafetensorsFile::info(const std::string& name) const {
  const auto found = header_.tensors.find(name);
  KILONAT_REQUIRE(found != header_.tensors.end(),
                  FormatError,
                  "reading '{}': it has no tensor '{}'",
                  path_.string(),
                  name);
  return found->second;
}

at::Tensor SafetensorsFile::tensor(const std::string& name) const {
  const StoredTensor& stored = info(name);
  at::Tensor result = torch::empty(stored.shape, torch::dtype(scalar_type(stored.type)));
  const bool complete = read_at(descriptor_,
                                static_cast<char*>(result.data_ptr()),
                                stored.end - stored.begin,
                                data_start_ + stored.begin,
                                path_);
  KILONAT_REQUIRE(
      complete, FormatError, "reading '{}': it ends within tensor '{}'", path_.string(), name);
  return result;
}

TensorMap SafetensorsFile::tensors() const {
  TensorMap all;
  for (const auto& [name, stored] : header_.tensors) all[name] = tensor(name);
  return all;
}

void save_safetensors(const std::filesystem::path& path,
                      const TensorMap& tensors,
                      const Metadata& metadata) {
  const std::vector<Outgoing> list = outgoing(tensors);
  const std::string header = header_text(list, metadata);
  std::array<char, 8> prefix{};
  for (size_t i = 0; i < prefix.size(); ++i) {
    prefix[i] = static_cast<char>(header.size() >> (8 * i) & 0xff);
  }
  AtomicFile file(path);
  std::ofstream out(file.temporary_path(), std::ios::binary);
  if (!out) throw_io_error("writing", path, errno);
  out.write(prefix.data(), prefix.size());
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  for (const Outgoing& item : list) {
    out.write(static_cast<const char*>(item.tensor.data_ptr()),
              static_cast<std::streamsize>(item.tensor.nbytes()));
  }
  out.close();
  if (!out) throw_io_error("writing", path, errno);
  file.commit();
}

}  // namespace kilonat::tensor
