#include "kilonat/data/source.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kilonat/base/errors.h"
#include "kilonat/base/hash.h"
#include "kilonat/data/file_source.h"
#include "kilonat/data/manifest.h"
#include "kilonat/data/procedural_source.h"
#include "kilonat/data/tar_file.h"
#include "kilonat/data/webdataset.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kOneInValid = 10;

/// Several sources, one behind the other.
class Concatenation : public Source {
 public:
  explicit Concatenation(std::vector<std::shared_ptr<const Source>> parts) {
    for (auto& part : parts) {
      for (std::size_t i = 0; i < part->size(); ++i) clips_.push_back({part, i});
    }
  }
  [[nodiscard]] std::size_t size() const override { return clips_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override {
    return clips_[index].first->info(clips_[index].second);
  }
  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    return clips_[index].first->read(clips_[index].second);
  }

 private:
  std::vector<std::pair<std::shared_ptr<const Source>, std::size_t>> clips_;
};

/// Some clips of a source.
class Subset : public Source {
 public:
  Subset(std::shared_ptr<const Source> whole, std::vector<std::size_t> indices)
      : whole_(std::move(whole)), indices_(std::move(indices)) {}
  [[nodiscard]] std::size_t size() const override { return indices_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override {
    return whole_->info(indices_[index]);
  }
  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    return whole_->read(indices_[index]);
  }

 private:
  std::shared_ptr<const Source> whole_;
  std::vector<std::size_t> indices_;
};

std::vector<FileClip> clips_of(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return clips_of_folder(path);
  if (path.extension() == ".csv" || path.extension() == ".jsonl") return clips_of_manifest(path);
  const std::string id = path.filename().string();
  return {{path, {.id = id, .split = split_by_hash(id)}}};
}

std::shared_ptr<const Source> open_one(const std::string& spec) {
  if (is_procedural(spec)) return make_procedural_source(parse_procedural(spec));
  std::error_code ignored;
  if (has_tar_extension(spec) && !fs::is_directory(spec, ignored)) return open_webdataset(spec);
  KILONAT_REQUIRE(
      fs::exists(spec, ignored), DataError, "sounds '{}': no such file or folder", spec);
  std::vector<FileClip> clips = clips_of(spec);
  KILONAT_REQUIRE(!clips.empty(),
                  DataError,
                  "sounds '{}': no sound files found (.wav, .flac, .ogg, .opus, .mp3, ..)",
                  spec);
  return make_file_source(std::move(clips));
}

}  // namespace

std::shared_ptr<const Source> open_source(std::span<const std::string> specs) {
  std::vector<std::shared_ptr<const Source>> parts;
  for (const std::string& spec : specs) parts.push_back(open_one(spec));
  KILONAT_REQUIRE(!parts.empty(), DataError, "no sounds are named; expected a file or folder");
  if (parts.size() == 1) return parts.front();
  return std::make_shared<Concatenation>(std::move(parts));
}

std::shared_ptr<const Source> select_split(std::shared_ptr<const Source> source,
                                           const std::string& split) {
  if (split == "all") return source;
  KILONAT_REQUIRE(split == "train" || split == "valid" || split == "test",
                  ConfigError,
                  "split '{}', expected train, valid, test or all",
                  split);
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < source->size(); ++i) {
    if (source->info(i).split == split) indices.push_back(i);
  }
  return std::make_shared<Subset>(std::move(source), std::move(indices));
}

std::string split_by_hash(const std::string& id) {
  return fnv1a_64(id) % kOneInValid == 0 ? "valid" : "train";
}

}  // namespace kilonat::data
