#pragma once
/// Sound files, through libsndfile: wav, flac, ogg, opus, mp3 and what else it reads.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kilonat/audio/buffer.h"

namespace kilonat::audio {

/// Files with more channels are refused: what they mean is not known.
inline constexpr std::int64_t kMaxChannels = 8;

/// What a file's header says.
struct AudioInfo {
  std::int64_t sample_rate_hz = 0;
  std::int64_t num_channels = 0;
  std::int64_t num_samples = 0;  ///< 0: not known before the end (some compressed streams)

  [[nodiscard]] double duration_s() const {
    return static_cast<double>(num_samples) / static_cast<double>(sample_rate_hz);
  }
};

/// Reads a sound piece by piece. Not thread-safe; one reader per thread.
class AudioReader {
 public:
  /// @throws IoError if the file is not there; DataError if it is no sound that can be read, is cut
  ///         off (as far as its header tells), has no samples, or more than kMaxChannels channels.
  explicit AudioReader(const std::filesystem::path& path);
  /// Reads a file's bytes, which the reader keeps. @param name  stands for the file in errors.
  AudioReader(std::vector<std::byte> bytes, std::string name);
  ~AudioReader();
  AudioReader(AudioReader&&) noexcept;

  [[nodiscard]] const AudioInfo& info() const;
  /// The next `num_samples` (per channel), fewer at the end, none behind it.
  /// @throws DataError if they hold NaN or infinity, or a wav, aiff or flac ends before its time.
  [[nodiscard]] AudioBuffer read(std::int64_t num_samples);
  /// Goes to a position from the start. @throws DataError if the format cannot.
  void seek(std::int64_t sample);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The whole file. @throws as AudioReader.
[[nodiscard]] AudioBuffer read_audio(const std::filesystem::path& path);
/// The header only. @throws as AudioReader.
[[nodiscard]] AudioInfo probe_audio(const std::filesystem::path& path);

/// How samples are stored.
enum class SampleFormat { kFloat32, kPcm24, kPcm16 };

struct AudioWriterOptions {
  std::int64_t sample_rate_hz = 0;
  std::int64_t num_channels = 1;
  SampleFormat format = SampleFormat::kFloat32;  ///< FLAC has no floats: 24 bit instead
};

/// Writes WAV or FLAC (by the extension) piece by piece; the file appears on close().
class AudioWriter {
 public:
  /// @throws ConfigError for another extension; IoError if the place cannot be written.
  AudioWriter(std::filesystem::path path, const AudioWriterOptions& options);
  /// Without close(): nothing is left.
  ~AudioWriter();
  AudioWriter(AudioWriter&&) noexcept;

  /// Integer formats clip what is beyond [-1, 1]. @throws IoError, also for a full disk.
  void write(const AudioBuffer& buffer);
  /// Ends the file and gives it its name. @throws IoError.
  void close();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A whole buffer. @throws as AudioWriter.
void write_audio(const std::filesystem::path& path,
                 const AudioBuffer& buffer,
                 SampleFormat format = SampleFormat::kFloat32);

}  // namespace kilonat::audio
