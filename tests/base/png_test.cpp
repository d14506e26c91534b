#include "kilonat/base/png.h"

#include <limits>

#include <gtest/gtest.h>

#include "kilonat/base/errors.h"

namespace kilonat {
namespace {

Image gradient(std::int64_t width, std::int64_t height) {
  Image image = make_image(width, height);
  for (std::size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<std::uint8_t>(i * 7 % 256);
  }
  return image;
}

TEST(Png, DecodesToThePixelsItEncoded) {
  const Image image = gradient(13, 5);
  const Image back = decode_png(encode_png(image));
  EXPECT_EQ(back.width, 13);
  EXPECT_EQ(back.height, 5);
  EXPECT_EQ(back.rgb, image.rgb);
}

TEST(Png, RefusesPixelsThatDoNotFitTheSize) {
  Image image = gradient(4, 4);
  image.rgb.pop_back();
  EXPECT_THROW((void)encode_png(image), InternalError);
}

TEST(Png, RefusesATruncatedOrForeignFile) {
  auto bytes = encode_png(gradient(40, 40));
  bytes.resize(bytes.size() / 2);
  EXPECT_THROW((void)decode_png(bytes), FormatError);
  EXPECT_THROW((void)decode_png(std::vector<std::byte>(100)), FormatError);
  EXPECT_THROW((void)decode_png({}), FormatError);
}

// matplotlib 3.7's magma at 0, 0.5 and 1; the polynomial fit is good to about 2 % of full scale.
TEST(Magma, FollowsTheTableOfMatplotlib) {
  const std::array<std::pair<double, std::array<int, 3>>, 3> expected = {
      {{0.0, {0, 0, 4}}, {0.5, {183, 55, 121}}, {1.0, {252, 253, 191}}}};
  for (const auto& [value, colour] : expected) {
    for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(magma(value)[c], colour[c], 5) << value;
  }
}

TEST(Magma, GrowsBrighterAllTheWay) {
  double last = -1;
  for (int i = 0; i <= 100; ++i) {
    const auto colour = magma(i / 100.0);
    const double luma = 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2];
    EXPECT_GT(luma, last - 0.5) << i;  // half a level: rounding to bytes
    last = luma;
  }
}

TEST(Magma, ClampsWhatIsOutside) {
  EXPECT_EQ(magma(-1), magma(0));
  EXPECT_EQ(magma(2), magma(1));
  EXPECT_EQ(magma(std::numeric_limits<double>::quiet_NaN()), magma(0));
}

}  // namespace
}  // namespace kilonat
