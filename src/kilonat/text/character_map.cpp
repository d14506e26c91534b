#include "kilonat/text/character_map.h"

#include <cstdint>
#include <vector>

#include "kilonat/base/byte_reader.h"
#include "kilonat/base/errors.h"

namespace kilonat::text {

namespace {

// Fields of ModelProto that are NormalizerSpecs, and of NormalizerSpec.
constexpr std::uint64_t kNormalizer = 3;
constexpr std::uint64_t kDenormalizer = 5;
constexpr std::uint64_t kCharacterMap = 2;

std::uint64_t read_varint(ByteReader& reader) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t byte = reader.u8();
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw FormatError("reading " + reader.what() + ": a number that does not end");
}

/// Calls visit(field, bytes) for every field that holds bytes.
template <class Visit>
void visit_bytes(std::span<const std::byte> message, const std::string& what, Visit visit) {
  ByteReader reader(message, what);
  while (reader.remaining() > 0) {
    const std::uint64_t tag = read_varint(reader);
    switch (tag & 7) {
      case 0:
        static_cast<void>(read_varint(reader));
        break;
      case 1:
        reader.skip(8);
        break;
      case 2:
        visit(tag >> 3, reader.bytes(read_varint(reader)));
        break;
      case 5:
        reader.skip(4);
        break;
      default:
        throw FormatError("reading " + what + ": it is not a SentencePiece model");
    }
  }
}

/// One number of the double array.
struct Unit {
  std::uint32_t bits = 0;

  [[nodiscard]] bool is_value() const { return bits >> 31 != 0; }
  /// Of a value: where its text begins.
  [[nodiscard]] std::uint32_t value() const { return bits & 0x7fffffffU; }
  /// Of a node: leads to its children, by exclusive or with its place.
  [[nodiscard]] std::uint32_t offset() const { return bits >> 10 << ((bits & (1U << 9)) >> 6); }
};

void check_units(const std::vector<Unit>& units,
                 std::uint64_t num_text_bytes,
                 const std::string& what) {
  for (std::uint32_t place = 0; place < units.size(); ++place) {
    const Unit& unit = units[place];
    // A child lies at (place ^ offset ^ letter), for any letter of 8 bits.
    const bool is_inside = unit.is_value() ? unit.value() < num_text_bytes
                                           : ((place ^ unit.offset()) | 0xffU) < units.size();
    KILONAT_REQUIRE(is_inside, FormatError, "reading {}: its table of characters is damaged", what);
  }
}

/// The bytes: size of the array, the array, texts that end with a zero each.
void check_map(std::span<const std::byte> map, const std::string& what) {
  if (map.empty()) return;
  ByteReader reader(map, what);
  const std::uint32_t num_array_bytes = reader.u32le();
  ByteReader array(reader.bytes(num_array_bytes), what);
  const std::span<const std::byte> texts = reader.bytes(reader.remaining());
  KILONAT_REQUIRE(num_array_bytes > 0 && num_array_bytes % 4 == 0 && !texts.empty() &&
                      texts.back() == std::byte{0},
                  FormatError,
                  "reading {}: its table of characters is damaged",
                  what);
  std::vector<Unit> units;
  while (array.remaining() > 0) units.push_back({array.u32le()});
  check_units(units, texts.size(), what);
}

}  // namespace

void check_character_maps(std::span<const std::byte> model, const std::string& what) {
  visit_bytes(model, what, [&](std::uint64_t field, std::span<const std::byte> bytes) {
    if (field != kNormalizer && field != kDenormalizer) return;
    visit_bytes(bytes, what, [&](std::uint64_t inner, std::span<const std::byte> map) {
      if (inner == kCharacterMap) check_map(map, what);
    });
  });
}

}  // namespace kilonat::text
