#pragma once
/// Prompts from a file, and the manifest of what was made from them.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kilonat::cli {

struct Prompt {
  std::string caption;
  std::string label{};  ///< class; empty: none
};

/// Nothing but spaces.
[[nodiscard]] bool is_blank(std::string_view text);

/// A .csv with a column `caption` and where present `class`; any other file but .json and .jsonl: a
/// prompt a line, empty lines left out.
/// @throws IoError; DataError, "file:line: ..", for a malformed file, an empty caption or a file
///         without a prompt.
[[nodiscard]] std::vector<Prompt> read_prompts(const std::filesystem::path& path);

/// A sound that was made.
struct MadeSound {
  std::string file;  ///< relative to the manifest
  Prompt prompt;
  std::uint64_t seed = 0;
};

/// A manifest that is a source (docs/data.md): file,caption,class,split,seed, all in the split
/// "test", so that nothing is trained on them unasked.
[[nodiscard]] std::string manifest_csv(const std::vector<MadeSound>& sounds);

}  // namespace kilonat::cli
