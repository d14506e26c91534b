#include "kilonat/study/embedded_sound.h"

#include <algorithm>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/files.h"

namespace kilonat::study {
namespace {

namespace fs = std::filesystem;

/// A file name that is free again when this goes.
class ScratchFile {
 public:
  explicit ScratchFile(fs::path path) : path_(std::move(path)) {}
  ~ScratchFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

std::string base64_of(std::span<const std::byte> bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < count ? std::to_integer<std::uint32_t>(bytes[i + j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += j <= count ? kDigits[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

EmbeddedSound embed_sound(const fs::path& path, const fs::path& scratch) {
  const audio::AudioBuffer sound = audio::read_audio(path);
  const ScratchFile file(scratch / fmt::format(".sound.{}.tmp.flac", ::getpid()));
  audio::write_audio(file.path(), sound, audio::SampleFormat::kPcm16);
  return {base64_of(read_file(file.path())), sound.sample_rate_hz, sound.duration_s()};
}

}  // namespace kilonat::study
