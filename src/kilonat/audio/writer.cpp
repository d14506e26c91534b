#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <sndfile.h>

#include "kilonat/audio/file.h"
#include "kilonat/base/errors.h"
#include "kilonat/base/files.h"

namespace kilonat::audio {
namespace {

/// The header counts bytes in 32 bits; some room is left for it.
constexpr std::int64_t kMaxSampleBytes = 4;
constexpr std::int64_t kMaxWavBytes = (std::int64_t{1} << 32) - 4096;

int format_of(const std::filesystem::path& path, SampleFormat format) {
  const std::string extension = path.extension().string();
  const bool is_flac = extension == ".flac";
  KILONAT_REQUIRE(is_flac || extension == ".wav",
                  ConfigError,
                  "writing '{}': extension '{}', expected .wav or .flac",
                  path.string(),
                  extension);
  if (is_flac) {
    return SF_FORMAT_FLAC | (format == SampleFormat::kPcm16 ? SF_FORMAT_PCM_16 : SF_FORMAT_PCM_24);
  }
  switch (format) {
    case SampleFormat::kPcm16:
      return SF_FORMAT_WAV | SF_FORMAT_PCM_16;
    case SampleFormat::kPcm24:
      return SF_FORMAT_WAV | SF_FORMAT_PCM_24;
    case SampleFormat::kFloat32:
      break;
  }
  return SF_FORMAT_WAV | SF_FORMAT_FLOAT;
}

}  // namespace

struct AudioWriter::Impl {
  Impl(std::filesystem::path path, const AudioWriterOptions& writer_options)
      : options(writer_options), target(std::move(path)) {}
  ~Impl() {
    if (file != nullptr) sf_close(file);
  }

  [[noreturn]] void fail() const {
    throw_io_error("writing the sound", target.final_path(), errno != 0 ? errno : EIO);
  }

  void require_room_for(std::int64_t count) {
    num_samples += count;
    const bool is_flac = target.final_path().extension() == ".flac";
    KILONAT_REQUIRE(is_flac || num_samples * options.num_channels * kMaxSampleBytes < kMaxWavBytes,
                    DataError,
                    "writing '{}': a WAV file ends at 4 GiB; write .flac",
                    target.final_path().string());
  }

  AudioWriterOptions options;
  AtomicFile target;
  std::int64_t num_samples = 0;
  SNDFILE* file = nullptr;
  std::vector<float> interleaved;
};

AudioWriter::AudioWriter(std::filesystem::path path, const AudioWriterOptions& options) {
  SF_INFO header{};
  header.samplerate = static_cast<int>(options.sample_rate_hz);
  header.channels = static_cast<int>(options.num_channels);
  header.format = format_of(path, options.format);
  impl_ = std::make_unique<Impl>(std::move(path), options);
  errno = 0;
  impl_->file = sf_open(impl_->target.temporary_path().c_str(), SFM_WRITE, &header);
  if (impl_->file == nullptr) impl_->fail();
  sf_command(impl_->file, SFC_SET_CLIPPING, nullptr, SF_TRUE);
  // Without the PEAK chunk, which holds the time of day, equal sounds are equal files.
  sf_command(impl_->file, SFC_SET_ADD_PEAK_CHUNK, nullptr, SF_FALSE);
}

AudioWriter::~AudioWriter() = default;
AudioWriter::AudioWriter(AudioWriter&&) noexcept = default;

void AudioWriter::write(const AudioBuffer& buffer) {
  const auto num_channels = static_cast<std::size_t>(impl_->options.num_channels);
  KILONAT_REQUIRE(buffer.channels.size() == num_channels,
                  InternalError,
                  "writing sound: {} channels, expected {}",
                  buffer.channels.size(),
                  num_channels);
  const auto num_samples = static_cast<std::size_t>(buffer.num_samples());
  impl_->interleaved.resize(num_samples * num_channels);
  for (std::size_t c = 0; c < num_channels; ++c) {
    for (std::size_t i = 0; i < num_samples; ++i) {
      impl_->interleaved[i * num_channels + c] = buffer.channels[c][i];
    }
  }
  impl_->require_room_for(buffer.num_samples());
  errno = 0;
  const auto count = static_cast<sf_count_t>(num_samples);
  if (sf_writef_float(impl_->file, impl_->interleaved.data(), count) != count) impl_->fail();
}

void AudioWriter::close() {
  errno = 0;
  SNDFILE* file = std::exchange(impl_->file, nullptr);
  if (sf_close(file) != 0) impl_->fail();
  impl_->target.commit();
}

void write_audio(const std::filesystem::path& path,
                 const AudioBuffer& buffer,
                 SampleFormat format) {
  AudioWriter writer(path, {buffer.sample_rate_hz, buffer.num_channels(), format});
  writer.write(buffer);
  writer.close();
}

}  // namespace kilonat::audio
