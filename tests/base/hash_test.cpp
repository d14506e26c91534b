#include "kilonat/base/hash.h"

#include <gtest/gtest.h>

namespace kilonat {
namespace {

// Vectors of the FNV authors' test suite.
TEST(Fnv1a64, GivesThePublishedVectors) {
  EXPECT_EQ(fnv1a_64(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(fnv1a_64("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(fnv1a_64("foobar"), 0x85944171f73967e8ULL);
}

TEST(Fnv1a64, HashesPiecesAsTheWhole) {
  EXPECT_EQ(fnv1a_64("bar", fnv1a_64("foo")), fnv1a_64("foobar"));
}

}  // namespace
}  // namespace kilonat
