#pragma once
/// SentencePiece tokenization as T5's models use it. No torch.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace kilonat::text {

/// A tokenizer of a `spiece.model` file, by libsentencepiece. Movable; const calls are thread-safe.
class SentencePieces {
 public:
  /// @throws IoError if the file cannot be read; FormatError if it is corrupt or has no end-of-text
  ///         token; ConfigError if libsentencepiece is not installed.
  explicit SentencePieces(const std::filesystem::path& path);
  ~SentencePieces();
  SentencePieces(SentencePieces&&) noexcept;
  SentencePieces& operator=(SentencePieces&&) noexcept;

  /// The ids of a UTF-8 text, without end-of-text token; a run of unknown characters is one id.
  [[nodiscard]] std::vector<std::int64_t> ids(std::string_view text) const;
  [[nodiscard]] std::int64_t size() const;    ///< number of ids
  [[nodiscard]] std::int64_t end_id() const;  ///< of the end-of-text token

 private:
  class Library;
  std::unique_ptr<Library> library_;
};

}  // namespace kilonat::text
