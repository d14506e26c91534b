#pragma once
/// Sounds as text, for a page that carries them itself.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace kilonat::study {

/// A sound as 16-bit FLAC in base64: no other loss than the 16 bits, and what is beyond full scale
/// is clipped.
struct EmbeddedSound {
  std::string base64;
  std::int64_t sample_rate_hz = 0;
  double seconds = 0;
};

/// RFC 4648, with padding, in one line.
[[nodiscard]] std::string base64_of(std::span<const std::byte> bytes);

/// @param scratch  a folder where a temporary file may lie for a moment.
/// @throws IoError, DataError as audio::read_audio.
[[nodiscard]] EmbeddedSound embed_sound(const std::filesystem::path& path,
                                        const std::filesystem::path& scratch);

}  // namespace kilonat::study
