#include "kilonat/base/byte_reader.h"

#include <array>
#include <limits>

#include "base/expect_error.h"
#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

using ::testing::HasSubstr;

constexpr std::array<unsigned char, 10> kBytes = {1, 2, 3, 4, 5, 6, 7, 8, 'h', 'i'};

ByteReader reader() {
  return {std::as_bytes(std::span(kBytes)), "test file"};
}

TEST(ByteReader, ReadsLittleEndianNumbers) {
  EXPECT_EQ(reader().u8(), 1);
  EXPECT_EQ(reader().u16le(), 0x0201);
  EXPECT_EQ(reader().u32le(), 0x04030201U);
  EXPECT_EQ(reader().u64le(), 0x0807060504030201ULL);
}

TEST(ByteReader, KeepsItsPositionOverMixedReads) {
  ByteReader bytes = reader();
  bytes.skip(7);
  EXPECT_EQ(bytes.u8(), 8);
  EXPECT_EQ(bytes.text(2), "hi");
  EXPECT_EQ(bytes.position(), 10U);
  EXPECT_EQ(bytes.remaining(), 0U);
}

TEST(ByteReader, RefusesToReadPastTheEnd) {
  ByteReader bytes = reader();
  bytes.skip(8);
  const std::string message = testing::message_of<FormatError>([&] { (void)bytes.u32le(); });
  EXPECT_THAT(message, HasSubstr("test file"));
  EXPECT_THAT(message, HasSubstr("4 bytes wanted at byte 8, 2 are left"));
  EXPECT_EQ(bytes.remaining(), 2U);
}

TEST(ByteReader, IsNotFooledByALengthThatWouldOverflow) {
  ByteReader bytes = reader();
  bytes.skip(4);
  EXPECT_THROW((void)bytes.bytes(std::numeric_limits<std::uint64_t>::max()), FormatError);
}

}  // namespace
}  // namespace kilonat
