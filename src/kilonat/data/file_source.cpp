#include "kilonat/data/file_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

#include "kilonat/audio/file.h"
#include "kilonat/base/files.h"

namespace kilonat::data {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 9> kExtensions{
    ".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aif", ".aiff", ".w64"};

class FileSource : public Source {
 public:
  explicit FileSource(std::vector<FileClip> clips) : clips_(std::move(clips)) {}
  [[nodiscard]] std::size_t size() const override { return clips_.size(); }
  [[nodiscard]] const ClipInfo& info(std::size_t index) const override {
    return clips_[index].info;
  }
  [[nodiscard]] audio::AudioBuffer read(std::size_t index) const override {
    return audio::read_audio(clips_[index].path);
  }

 private:
  std::vector<FileClip> clips_;
};

}  // namespace

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  return extension;
}

bool has_sound_extension(const fs::path& path) {
  const std::string extension = extension_of(path);
  return std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

std::vector<FileClip> clips_of_folder(const fs::path& folder) {
  std::vector<FileClip> clips;
  std::error_code error;
  fs::recursive_directory_iterator entries(
      folder, fs::directory_options::follow_directory_symlink, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    if (!entries->is_regular_file() || !has_sound_extension(entries->path())) continue;
    const std::string id = entries->path().lexically_relative(folder).generic_string();
    clips.push_back({entries->path(), {.id = id, .split = split_by_hash(id)}});
  }
  if (error) throw_io_error("searching the folder", folder, error.value());
  std::sort(clips.begin(), clips.end(), [](const FileClip& a, const FileClip& b) {
    return a.info.id < b.info.id;
  });
  return clips;
}

std::unique_ptr<Source> make_file_source(std::vector<FileClip> clips) {
  return std::make_unique<FileSource>(std::move(clips));
}

}  // namespace kilonat::data
