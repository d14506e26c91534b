#include "kilonat/generation/latent_set.h"

#include <system_error>
#include <utility>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/hash.h"

namespace kilonat::generation {
namespace {

namespace fs = std::filesystem;

constexpr const char* kIndexFile = "latents.json";
constexpr const char* kCodecFile = "codec.safetensors";

std::string shard_name(std::int64_t number) {
  return fmt::format("shard-{:05}.safetensors", number);
}

std::string tensor_name(std::size_t index, const char* part) {
  return fmt::format("{}.{}", index, part);
}

void copy_codec(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) throw_io_error("copying the codec", from, error.value());
}

}  // namespace

LatentSetWriter::LatentSetWriter(const fs::path& folder, std::int64_t shard_bytes)
    : folder_(folder), shard_bytes_(shard_bytes) {}

void LatentSetWriter::add(LatentClip clip, const LatentItem& item) {
  const std::size_t index = clips_.size();
  clip.num_frames = item.mean_DF.size(1);
  clip.shard = num_shards_;
  for (const auto& [part, tensor] :
       {std::pair("mean", item.mean_DF), std::pair("stddev", item.stddev_DF)}) {
    const at::Tensor copy = tensor.detach().to(at::kCPU, at::kFloat).contiguous();
    num_bytes_ += static_cast<std::int64_t>(copy.nbytes());
    shard_.emplace(tensor_name(index, part), copy);
  }
  clips_.push_back(std::move(clip));
  if (num_bytes_ >= shard_bytes_) write_shard();
}

void LatentSetWriter::write_shard() {
  if (shard_.empty()) return;
  tensor::save_safetensors(folder_.temporary_path() / shard_name(num_shards_), shard_);
  ++num_shards_;
  num_bytes_ = 0;
  shard_.clear();
}

void LatentSetWriter::finish(const LatentSetInfo& info, const fs::path& codec_file) {
  KILONAT_REQUIRE(!clips_.empty(), DataError, "writing latents: there is no clip");
  write_shard();
  copy_codec(codec_file, folder_.temporary_path() / kCodecFile);
  write_text_atomic(folder_.temporary_path() / kIndexFile, index_to_json({info, clips_}));
  folder_.commit();
}

LatentSet::LatentSet(fs::path folder) : folder_(std::move(folder)) {
  const fs::path path = folder_ / kIndexFile;
  std::error_code ignored;
  KILONAT_REQUIRE(fs::exists(path, ignored),
                  IoError,
                  "reading latents: no '{}'; make the folder with: kilonat latents MODEL --data "
                  "SOURCE --out '{}'",
                  path.string(),
                  folder_.string());
  const std::string text = read_text(path);
  index_ = index_from_json(text, fmt::format("'{}'", path.string()));
  hash_ = fmt::format("{:016x}", fnv1a_64(text));
}

LatentItem LatentSet::read(std::size_t index) const {
  const LatentClip& clip = index_.clips[index];
  auto& shard = shards_[clip.shard];
  if (!shard) {
    shard = std::make_unique<tensor::SafetensorsFile>(folder_ / shard_name(clip.shard));
  }
  LatentItem item{shard->tensor(tensor_name(index, "mean")),
                  shard->tensor(tensor_name(index, "stddev"))};
  for (const at::Tensor& tensor : {item.mean_DF, item.stddev_DF}) {
    KILONAT_REQUIRE(tensor.scalar_type() == at::kFloat && tensor.dim() == 2 &&
                        tensor.size(0) == index_.info.latent_channels &&
                        tensor.size(1) == clip.num_frames,
                    FormatError,
                    "'{}': the latents of '{}' are not float32 [{}, {}] as the index says",
                    shard->path().string(),
                    clip.id,
                    index_.info.latent_channels,
                    clip.num_frames);
  }
  return item;
}

}  // namespace kilonat::generation
