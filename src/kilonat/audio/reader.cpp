#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <optional>
#include <regex>
#include <utility>

#include <fmt/format.h>
#include <sndfile.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::audio {
namespace {

/// Bytes in memory as libsndfile wants them.
struct MemoryFile {
  std::vector<std::byte> bytes;
  sf_count_t position = 0;

  static MemoryFile& of(void* user) { return *static_cast<MemoryFile*>(user); }
  static sf_count_t length(void* user) { return static_cast<sf_count_t>(of(user).bytes.size()); }
  static sf_count_t tell(void* user) { return of(user).position; }
  static sf_count_t seek(sf_count_t offset, int whence, void* user) {
    MemoryFile& file = of(user);
    const sf_count_t base =
        whence == SEEK_SET ? 0 : (whence == SEEK_CUR ? file.position : length(user));
    file.position = std::clamp<sf_count_t>(base + offset, 0, length(user));
    return file.position;
  }
  static sf_count_t read(void* target, sf_count_t count, void* user) {
    MemoryFile& file = of(user);
    const sf_count_t taken = std::clamp<sf_count_t>(length(user) - file.position, 0, count);
    std::memcpy(target, file.bytes.data() + file.position, static_cast<std::size_t>(taken));
    file.position += taken;
    return taken;
  }
};

SF_VIRTUAL_IO memory_io() {
  return {MemoryFile::length, MemoryFile::seek, MemoryFile::read, nullptr, MemoryFile::tell};
}

/// What a header promises of its sound and what the file holds, in bytes.
struct Shortfall {
  std::int64_t promised = 0;
  std::int64_t held = 0;
};

/// Whether a WAV or AIFF is cut off: libsndfile quietly shortens the sound and says so in its log
/// alone ("data : 32000 (should be 15956)"). Programs that write to pipes leave sizes near 2^31 or
/// 2^32 in the header: that is no loss.
std::optional<Shortfall> shortfall(SNDFILE* file) {
  constexpr std::int64_t kLargestPromise = 0x7FFFF000;
  std::string log(16384, '\0');
  const int length = sf_command(file, SFC_GET_LOG_INFO, log.data(), static_cast<int>(log.size()));
  log.resize(static_cast<std::size_t>(std::max(length, 0)));
  static const std::regex line("(?:data|SSND) *: ([0-9]+) \\(should be ([0-9]+)\\)");
  std::smatch match;
  if (!std::regex_search(log, match, line) || match.length(1) > 12 || match.length(2) > 12) {
    return std::nullopt;
  }
  const Shortfall found{std::stoll(match[1]), std::stoll(match[2])};
  if (found.promised >= kLargestPromise || found.held >= found.promised) return std::nullopt;
  return found;
}

}  // namespace

struct AudioReader::Impl {
  std::string name;
  MemoryFile memory;
  SNDFILE* file = nullptr;
  AudioInfo info;
  bool counts_exactly = false;  // the header's number of samples is the file's
  std::int64_t position = 0;
  std::vector<float> interleaved;

  ~Impl() { sf_close(file); }

  [[noreturn]] void fail(const std::string& what) const {
    throw DataError(fmt::format("reading '{}': {}", name, what));
  }

  void check(const SF_INFO& header) {
    if (file == nullptr) fail(fmt::format("no sound that can be read ({})", sf_strerror(nullptr)));
    if (header.channels > kMaxChannels) {
      fail(fmt::format("{} channels, at most {} expected", header.channels, kMaxChannels));
    }
    if (header.channels < 1 || header.samplerate < 1) fail("a header without channels or rate");
    if (header.frames == 0) fail("no samples");
    info = {header.samplerate, header.channels, std::max<sf_count_t>(header.frames, 0)};
    if (header.frames == SF_COUNT_MAX) info.num_samples = 0;
    const int type = header.format & SF_FORMAT_TYPEMASK;
    counts_exactly = type == SF_FORMAT_WAV || type == SF_FORMAT_AIFF || type == SF_FORMAT_FLAC;
    if (const auto missing = shortfall(file)) {
      fail(fmt::format("truncated: {} of the {} bytes that its header promises",
                       missing->held,
                       missing->promised));
    }
  }

  /// A file of known length must not end before it.
  void check_end(std::int64_t wanted, std::int64_t taken) {
    position += taken;
    if (counts_exactly && taken < wanted && position < info.num_samples) {
      fail(fmt::format("truncated: it ends after {} of {} samples", position, info.num_samples));
    }
  }
};

AudioReader::AudioReader(const std::filesystem::path& path) : impl_(std::make_unique<Impl>()) {
  impl_->name = path.string();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) throw_io_error("reading the sound", path, ENOENT);
  if (std::filesystem::is_directory(status)) throw_io_error("reading the sound", path, EISDIR);
  if (std::filesystem::file_size(path, error) == 0 && !error) impl_->fail("an empty file");
  SF_INFO header{};
  impl_->file = sf_open(path.c_str(), SFM_READ, &header);
  impl_->check(header);
}

AudioReader::AudioReader(std::vector<std::byte> bytes, std::string name)
    : impl_(std::make_unique<Impl>()) {
  impl_->name = std::move(name);
  impl_->memory.bytes = std::move(bytes);
  if (impl_->memory.bytes.empty()) impl_->fail("an empty file");
  SF_INFO header{};
  SF_VIRTUAL_IO io = memory_io();
  impl_->file = sf_open_virtual(&io, SFM_READ, &header, &impl_->memory);
  impl_->check(header);
}

AudioReader::~AudioReader() = default;
AudioReader::AudioReader(AudioReader&&) noexcept = default;

const AudioInfo& AudioReader::info() const {
  return impl_->info;
}

AudioBuffer AudioReader::read(std::int64_t num_samples) {
  const auto num_channels = static_cast<std::size_t>(impl_->info.num_channels);
  std::vector<float>& interleaved = impl_->interleaved;
  interleaved.resize(static_cast<std::size_t>(num_samples) * num_channels);
  const sf_count_t taken = sf_readf_float(impl_->file, interleaved.data(), num_samples);
  AudioBuffer buffer = make_buffer(
      impl_->info.sample_rate_hz, impl_->info.num_channels, std::max<sf_count_t>(taken, 0));
  impl_->check_end(num_samples, buffer.num_samples());
  for (std::size_t c = 0; c < num_channels; ++c) {
    std::vector<float>& channel = buffer.channels[c];
    for (std::size_t i = 0; i < channel.size(); ++i) {
      channel[i] = interleaved[i * num_channels + c];
      if (!std::isfinite(channel[i])) impl_->fail("samples that are NaN or infinite");
    }
  }
  return buffer;
}

void AudioReader::seek(std::int64_t sample) {
  if (sf_seek(impl_->file, sample, SEEK_SET) != sample) {
    impl_->fail(fmt::format("cannot go to sample {}", sample));
  }
  impl_->position = sample;
}

AudioBuffer read_audio(const std::filesystem::path& path) {
  constexpr std::int64_t kPiece = 1 << 16;
  AudioReader reader(path);
  AudioBuffer whole = make_buffer(reader.info().sample_rate_hz, reader.info().num_channels, 0);
  for (;;) {
    const AudioBuffer piece = reader.read(kPiece);
    if (piece.num_samples() == 0) break;
    for (std::size_t c = 0; c < whole.channels.size(); ++c) {
      whole.channels[c].insert(
          whole.channels[c].end(), piece.channels[c].begin(), piece.channels[c].end());
    }
  }
  KILONAT_REQUIRE(
      whole.num_samples() > 0, DataError, "reading '{}': no samples; truncated?", path.string());
  return whole;
}

AudioInfo probe_audio(const std::filesystem::path& path) {
  return AudioReader(path).info();
}

}  // namespace kilonat::audio
