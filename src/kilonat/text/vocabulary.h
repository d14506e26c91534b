#pragma once
/// The words that a word encoder knows. No torch.

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace kilonat::text {

/// Words and their ids.
class Vocabulary {
 public:
  /// Ids of what is no word.
  static constexpr std::int64_t kPadding = 0;
  static constexpr std::int64_t kUnknown = 1;
  static constexpr std::int64_t kStart = 2;  ///< stands before every caption

  /// The words of captions (split_words), the most frequent first, equal ones by the alphabet.
  [[nodiscard]] static Vocabulary of_captions(const std::vector<std::string>& captions);

  /// @throws FormatError for an empty word or one that is there twice.
  explicit Vocabulary(std::vector<std::string> words);

  /// kUnknown for a word that is not there.
  [[nodiscard]] std::int64_t id(const std::string& word) const;
  /// Words and special ids together.
  [[nodiscard]] std::int64_t num_ids() const { return kStart + 1 + std::ssize(words_); }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }

 private:
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::int64_t> ids_;
};

}  // namespace kilonat::text
