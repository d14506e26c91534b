#pragma once
/// Clips that are files.

#include <filesystem>
#include <memory>
#include <vector>

#include "kilonat/data/source.h"

namespace kilonat::data {

/// A file and what is known of it.
struct FileClip {
  std::filesystem::path path;
  ClipInfo info;
};

/// In lower case: ".wav".
[[nodiscard]] std::string extension_of(const std::filesystem::path& path);

/// True for the extensions of sound files that a folder is searched for.
[[nodiscard]] bool has_sound_extension(const std::filesystem::path& path);

/// The sound files below a folder, sorted; ids are relative to it. @throws IoError.
[[nodiscard]] std::vector<FileClip> clips_of_folder(const std::filesystem::path& folder);

[[nodiscard]] std::unique_ptr<Source> make_file_source(std::vector<FileClip> clips);

}  // namespace kilonat::data
