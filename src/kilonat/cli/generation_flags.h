#pragma once
/// Flags that `generate` and `edit` share.

#include <string>

#include "kilonat/cli/common.h"
#include "kilonat/generation/sounds.h"

namespace kilonat::cli {

struct GenerationFlags {
  CommonFlags common;
  std::string generator;
  std::string t5_folder;
  std::string sampler = "euler";
  generation::SoundOptions how;
};

/// GEN, --steps, --sampler, --cfg, --cfg-rescale, --negative, --text-encoder, --seed and the common
/// ones.
void add_generation_flags(CLI::App& app, GenerationFlags& flags);

/// What the flags come to. @throws ConfigError for a sampler that is not known.
[[nodiscard]] generation::SoundOptions sound_options(const GenerationFlags& flags);

/// Loads the generator on the device that the flags name, its codec at their precision.
[[nodiscard]] generation::LoadedGenerator load_generator(const GenerationFlags& flags);

/// Lets the first sound say how far its decoding in bf16 is from fp32. Nothing in fp32, or if
/// quiet.
/// @param flags, loaded  must outlive `how`.
void say_decoding_snr(const GenerationFlags& flags,
                      generation::LoadedGenerator& loaded,
                      generation::SoundOptions& how);

/// How a sound is stored: .wav as floats, .flac with 24 bits. @throws ConfigError for another name.
void write_sound_file(const std::filesystem::path& path,
                      const at::Tensor& audio_CT,
                      std::int64_t sample_rate_hz);
/// @throws ConfigError unless the name ends in .wav or .flac.
void require_sound_name(const std::filesystem::path& path);

}  // namespace kilonat::cli
