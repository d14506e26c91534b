#include "kilonat/text/vocabulary.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kilonat/base/errors.h"
#include "kilonat/base/printable.h"
#include "kilonat/text/words.h"

namespace kilonat::text {

Vocabulary Vocabulary::of_captions(const std::vector<std::string>& captions) {
  std::map<std::string, std::int64_t> counts;
  for (const std::string& caption : captions) {
    for (const std::string& word : split_words(caption)) ++counts[word];
  }
  std::vector<std::pair<std::string, std::int64_t>> ordered(counts.begin(), counts.end());
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) {
    return a.second > b.second;
  });
  std::vector<std::string> words;
  for (const auto& [word, count] : ordered) words.push_back(word);
  return Vocabulary(std::move(words));
}

Vocabulary::Vocabulary(std::vector<std::string> words) : words_(std::move(words)) {
  for (const std::string& word : words_) {
    const auto next = kStart + 1 + static_cast<std::int64_t>(ids_.size());
    KILONAT_REQUIRE(!word.empty() && ids_.emplace(word, next).second,
                    FormatError,
                    "reading a vocabulary: the word '{}' is empty or there twice",
                    printable(word));
  }
}

std::int64_t Vocabulary::id(const std::string& word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? kUnknown : found->second;
}

}  // namespace kilonat::text
