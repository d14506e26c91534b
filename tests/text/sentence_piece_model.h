#pragma once
/// Writes small SentencePiece models, sound and otherwise, for the tests.

#include <bit>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace kilonat::text {

/// Fields of a protobuf message (sentencepiece_model.proto).
namespace proto {

inline std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(0x80 | (value & 0x7f));
  return bytes + static_cast<char>(value);
}
inline std::string text(int field, const std::string& value) {
  return varint(static_cast<std::uint64_t>(field) << 3 | 2) + varint(value.size()) + value;
}
inline std::string integer(int field, std::uint64_t value) {
  return varint(static_cast<std::uint64_t>(field) << 3) + varint(value);
}
inline std::string number(int field, float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  std::string bytes = varint(static_cast<std::uint64_t>(field) << 3 | 5);
  for (int i = 0; i < 4; ++i) bytes += static_cast<char>(bits >> (8 * i) & 0xff);
  return bytes;
}

}  // namespace proto

enum class PieceKind { kNormal = 1, kUnknown = 2, kControl = 3 };

inline std::string piece(const std::string& piece, float score, PieceKind kind) {
  return proto::text(1,
                     proto::text(1, piece) + proto::number(2, score) +
                         proto::integer(3, static_cast<std::uint64_t>(kind)));
}

/// The three special pieces of T5's tokenizers: padding 0, end of text 1, unknown 2.
inline std::string special_pieces() {
  return piece("<pad>", 0, PieceKind::kControl) + piece("</s>", 0, PieceKind::kControl) +
         piece("<unk>", 0, PieceKind::kUnknown);
}

/// Trainer and normaliser settings: unigram, ids as above, no normalisation of characters.
inline std::string settings() {
  return proto::text(2, proto::integer(3, 1) + proto::integer(40, 2) + proto::integer(42, 1)) +
         proto::text(3, proto::text(1, "identity"));
}

/// A table of characters that makes 'x' into 's': a double array of two levels and a text.
///
/// The root leads to 'x' at place 256 ^ 'x', whose value lies where its own offset leads.
inline std::string character_map() {
  constexpr std::uint32_t kLetter = 'x';
  constexpr std::uint32_t kHasValue = 1U << 8;
  std::vector<std::uint32_t> units(1024, 0);
  units[0] = 256U << 10;
  units[256 ^ kLetter] = 512U << 10 | kHasValue | kLetter;
  units[256 ^ kLetter ^ 512] = 1U << 31 | 1;  // the text at byte 1
  std::string bytes;
  const auto append = [&](std::uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  };
  append(4 * 1024);
  for (const std::uint32_t unit : units) append(unit);
  return bytes + std::string("\0s\0", 3);
}

/// settings() with a table of characters.
inline std::string settings_with(const std::string& map) {
  return proto::text(2, proto::integer(3, 1) + proto::integer(40, 2) + proto::integer(42, 1)) +
         proto::text(3, proto::text(1, "own") + proto::text(2, map));
}

/// T5's special pieces and then 3 "▁a", 4 "▁dog", 5 "▁bark", 6 "s", 7 "▁".
inline std::string small_model(const std::string& with_settings = settings()) {
  std::string model = special_pieces();
  const std::vector<std::pair<std::string, float>> pieces{
      {"\u2581a", -1}, {"\u2581dog", -2}, {"\u2581bark", -2}, {"s", -3}, {"\u2581", -4}};
  for (const auto& [text, score] : pieces) model += piece(text, score, PieceKind::kNormal);
  return model + with_settings;
}
inline constexpr std::int64_t kSmallModelSize = 8;

inline std::filesystem::path write_bytes(const std::filesystem::path& path,
                                         const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

}  // namespace kilonat::text
