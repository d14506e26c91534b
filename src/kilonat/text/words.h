#pragma once
/// Captions as words, and words as pieces of three letters. No torch.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kilonat::text {

/// The words of a UTF-8 text in lower case. Letters and digits of any script belong to words (lower
/// case is known of Latin-1, Greek and Cyrillic); all else, and what is not UTF-8, parts them.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);

/// The runs of three letters of "<word>", each hashed to 0 .. num_buckets - 1, in their order:
/// "<do", "dog", "og>". Words that share a stem share most of them.
///
/// Source: fastText (Bojanowski et al. 2017), with n = 3 alone.
/// @returns at least one (for a word of any length but 0), at most kMaxTrigrams.
[[nodiscard]] std::vector<std::int64_t> trigram_buckets(std::string_view word,
                                                        std::int64_t num_buckets);

inline constexpr std::int64_t kMaxTrigrams = 32;

}  // namespace kilonat::text
