#pragma once
/// Names of what a study keeps: a thing made from other settings has another name.

#include <filesystem>
#include <string>
#include <string_view>

namespace kilonat::study {

/// 16 hexadecimal digits; equal texts have equal hashes.
[[nodiscard]] std::string hash_text(std::string_view text);

/// The same of a file's bytes. @throws IoError.
[[nodiscard]] std::string hash_file(const std::filesystem::path& path);

/// "ID-1a2b3c4d": of the settings, usually a resolved config.
[[nodiscard]] std::string run_name(std::string_view id, std::string_view settings);

/// The time, UTC, ISO 8601.
[[nodiscard]] std::string now_text();

}  // namespace kilonat::study
