#include "kilonat/data/webdataset.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/data/brace_pattern.h"
#include "kilonat/data/file_source.h"
#include "kilonat/data/tar_file.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;

/// What of a member's name says where it belongs: "a/b/007" and "seg.wav" of "./a/b/007.seg.wav".
struct Name {
  std::string key;
  std::string extension;
};

std::optional<Name> split_name(std::string name) {
  if (name.starts_with("./")) name.erase(0, 2);
  const std::size_t slash = name.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  const std::size_t dot = name.find('.', begin);
  if (dot == std::string::npos || dot == begin) return std::nullopt;  // a hidden file, or none
  return Name{name.substr(0, dot), name.substr(dot + 1)};
}

bool is_text(const std::string& member) {
  const auto name = split_name(member);
  return name &&
         (name->extension == "txt" || name->extension == "json" || name->extension == "cls");
}

std::string trimmed(const std::string& text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) + 1 - begin);
}

struct Sample {
  std::optional<TarMember> sound;
  std::map<std::string, std::string> texts;  // extension -> bytes
  std::set<std::string> extensions;
};

/// The samples of a shard in the order in which their keys come first.
class SampleList {
 public:
  Sample& of(const std::string& key) {
    const auto [found, is_new] = indices_.try_emplace(key, samples_.size());
    if (is_new) samples_.emplace_back(key, Sample{});
    return samples_[found->second].second;
  }
  [[nodiscard]] const std::vector<std::pair<std::string, Sample>>& all() const { return samples_; }

 private:
  std::map<std::string, std::size_t> indices_;
  std::vector<std::pair<std::string, Sample>> samples_;
};

SampleList samples_of(const TarFile& tar, const std::map<std::uint64_t, std::string>& texts) {
  SampleList samples;
  for (const TarMember& member : tar.members()) {
    const auto name = split_name(member.name);
    if (!name) continue;
    Sample& sample = samples.of(name->key);
    KILONAT_REQUIRE(sample.extensions.insert(name->extension).second,
                    DataError,
                    "reading the tar '{}': '{}' is in it twice",
                    tar.path().string(),
                    printable(member.name));
    const auto text = texts.find(member.number);
    if (text != texts.end()) sample.texts[name->extension] = text->second;
    if (!sample.sound && has_sound_extension(member.name)) sample.sound = member;
  }
  return samples;
}

/// A field of the sample's JSON; empty if it is not there or no text.
std::string field(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

ClipInfo info_of(const std::string& id, const Sample& sample) {
  const auto text = [&sample](const char* extension) {
    const auto found = sample.texts.find(extension);
    return found == sample.texts.end() ? std::string() : trimmed(found->second);
  };
  ClipInfo info{.id = id, .caption = text("txt"), .label = text("cls")};
  if (sample.texts.contains("json")) {
    const auto object = nlohmann::json::parse(text("json"), nullptr, /*allow_exceptions=*/false);
    KILONAT_REQUIRE(object.is_object(), DataError, "'{}': its .json is no JSON object", id);
    if (info.caption.empty()) info.caption = field(object, "caption");
    if (info.label.empty()) info.label = field(object, "class");
    info.split = field(object, "split");
  }
  if (info.split.empty()) info.split = split_by_hash(id);
  KILONAT_REQUIRE(info.split == "train" || info.split == "valid" || info.split == "test",
                  DataError,
                  "'{}': split '{}', expected train, valid or test",
                  id,
                  printable(info.split));
  return info;
}

audio::AudioBuffer decode(std::vector<std::byte> bytes, const std::string& name) {
  constexpr std::int64_t kPiece = 1 << 16;
  audio::AudioReader reader(std::move(bytes), name);
  audio::AudioBuffer whole = reader.read(kPiece);
  KILONAT_REQUIRE(whole.num_samples() > 0, DataError, "reading '{}': no samples; truncated?", name);
  for (auto piece = reader.read(kPiece); piece.num_samples() > 0; piece = reader.read(kPiece)) {
    for (std::size_t c = 0; c < whole.channels.size(); ++c) {
      auto& channel = whole.channels[c];
      channel.insert(channel.end(), piece.channels[c].begin(), piece.channels[c].end());
    }
  }
  return whole;
}

class WebDataset : public Source {
 public:
  void add_shard(const fs::path& path) {
    std::map<std::uint64_t, std::string> texts;  // by the member's number
    auto tar = std::make_shared<const TarFile>(
        path, is_text, [&texts](const TarMember& member, std::string bytes) {
          texts[member.number] = std::move(bytes);
        });
    std::size_t num_silent = 0;
    const SampleList samples = samples_of(*tar, texts);
    for (const auto& [key, sample] : samples.all()) {
      if (!sample.sound) {
        ++num_silent;
        continue;
      }
      const std::string id = path.filename().string() + "/" + printable(key, kMaxKeyBytes);
      clips_.push_back({tar, *sample.sound, info_of(id, sample)});
    }
    KILONAT_REQUIRE(num_silent < samples.all().size(),
                    DataError,
                    "the tar '{}': no sounds in it (.wav, .flac, .ogg, .opus, .mp3, ..)",
                    path.string());
    if (num_silent > 0) {
      spdlog::warn("{}: {} of {} samples have no sound; left out",
                   path.string(),
                   num_silent,
                   samples.all().size());
    }
    if (tar->is_compressed()) {
      spdlog::warn("{}: compressed, so clips are found by decompressing it; a plain .tar is faster",
                   path.string());
    }
  }

  [[nodiscard]] std::size_t size() const override { return clips_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override {
    return clips_[index].info;
  }
  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    const Clip& clip = clips_[index];
    return decode(clip.tar->read(clip.sound),
                  (clip.tar->path().parent_path() / clip.info.id).string());
  }

 private:
  static constexpr std::size_t kMaxKeyBytes = 1000;
  struct Clip {
    std::shared_ptr<const TarFile> tar;
    TarMember sound;
    ClipInfo info;
  };
  std::vector<Clip> clips_;
};

}  // namespace

std::unique_ptr<Source> open_webdataset(const std::string& pattern) {
  auto source = std::make_unique<WebDataset>();
  std::error_code ignored;
  const bool is_literal = fs::exists(pattern, ignored);  // a file may have braces in its name
  for (const std::string& shard : is_literal ? std::vector{pattern} : expand_braces(pattern)) {
    source->add_shard(shard);
  }
  return source;
}

}  // namespace kilonat::data
