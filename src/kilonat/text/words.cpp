#include "kilonat/text/words.h"

#include <fmt/format.h>

#include "kilonat/base/hash.h"

namespace kilonat::text {

namespace {

/// Stands for a byte that is not UTF-8; no letter.
constexpr char32_t kInvalid = 0xfffd;

struct CodePoint {
  char32_t value = kInvalid;
  std::size_t num_bytes = 1;
};

bool is_continuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// The first code point of a text that is not empty. Overlong forms and surrogates pass: they are
/// letters of no known word, and harm nothing.
CodePoint first_code_point(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xc0 || lead >= 0xf8) return {};
  const std::size_t num_bytes = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < num_bytes) return {};
  char32_t value = lead & (0x7fU >> num_bytes);
  for (std::size_t i = 1; i < num_bytes; ++i) {
    if (!is_continuation(text[i])) return {};
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
  }
  return {value, num_bytes};
}

bool in(char32_t c, char32_t first, char32_t last) {
  return first <= c && c <= last;
}

bool is_letter(char32_t c) {
  if (c < 0x80) return in(c, '0', '9') || in(c, 'a', 'z') || in(c, 'A', 'Z');
  const bool is_latin_symbol = in(c, 0x80, 0xbf) && c != 0xaa && c != 0xb5 && c != 0xba;
  const bool is_sign = c == 0xd7 || c == 0xf7;
  // General punctuation to miscellaneous symbols; CJK punctuation; full-width punctuation.
  const bool is_symbol = in(c, 0x2000, 0x2bff) || in(c, 0x3000, 0x303f) || in(c, 0xff00, 0xff0f) ||
                         in(c, 0xff1a, 0xff20);
  const bool is_private = in(c, 0xe000, 0xf8ff) || in(c, 0xfe00, 0xfe0f) || c >= 0x1f000;
  return !is_latin_symbol && !is_sign && !is_symbol && !is_private && c != kInvalid;
}

/// Ranges whose small letters lie at a fixed distance from the capitals.
char32_t lower(char32_t c) {
  if (in(c, 'A', 'Z') || (in(c, 0xc0, 0xde) && c != 0xd7)) return c + 0x20;
  if (in(c, 0x391, 0x3a9) || in(c, 0x410, 0x42f)) return c + 0x20;
  if (in(c, 0x400, 0x40f)) return c + 0x50;
  return c;
}

/// Appends c as UTF-8.
void append(std::string& text, char32_t c) {
  const auto continuation = [&](int shift) {
    text += static_cast<char>(0x80 | (c >> shift & 0x3f));
  };
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += static_cast<char>(0xc0 | c >> 6);
    continuation(0);
  } else if (c < 0x10000) {
    text += static_cast<char>(0xe0 | c >> 12);
    continuation(6);
    continuation(0);
  } else {
    text += static_cast<char>(0xf0 | c >> 18);
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

/// Where each letter of "<word>" begins, and the end.
std::vector<std::size_t> letter_starts(const std::string& marked) {
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < marked.size(); ++i) {
    if (!is_continuation(marked[i])) starts.push_back(i);
  }
  starts.push_back(marked.size());
  return starts;
}

}  // namespace

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto end_word = [&] {
    if (!word.empty()) words.push_back(std::move(word));
    word.clear();
  };
  while (!text.empty()) {
    const CodePoint next = first_code_point(text);
    text.remove_prefix(next.num_bytes);
    if (is_letter(next.value)) {
      append(word, lower(next.value));
    } else {
      end_word();
    }
  }
  end_word();
  return words;
}

std::vector<std::int64_t> trigram_buckets(std::string_view word, std::int64_t num_buckets) {
  const std::string marked = fmt::format("<{}>", word);
  const std::vector<std::size_t> starts = letter_starts(marked);
  std::vector<std::int64_t> buckets;
  for (std::size_t i = 0; i + 3 < starts.size() && std::ssize(buckets) < kMaxTrigrams; ++i) {
    const std::string trigram = marked.substr(starts[i], starts[i + 3] - starts[i]);
    const std::uint64_t hash = fnv1a_64(trigram);
    buckets.push_back(static_cast<std::int64_t>(hash % static_cast<std::uint64_t>(num_buckets)));
  }
  return buckets;
}

}  // namespace kilonat::text
