#include "kilonat/base/image.h"

#include <algorithm>
#include <cmath>

namespace kilonat {

namespace {

// Least-squares fit of degree 6 to matplotlib's "magma" (CC0), coefficient by coefficient, RGB.
constexpr double kMagma[7][3] = {
    {-0.002136485053939582, -0.000749655052795221, -0.005386127855323933},
    {0.2516605407371642, 0.6775232436837668, 2.494026599312351},
    {8.353717279216625, -3.577719514958484, 0.3144679030132573},
    {-27.66873308576866, 14.26473078096533, -13.64921318813922},
    {52.17613981234068, -27.94360607168351, 12.94416944238394},
    {-50.76852536473588, 29.04658282127291, 4.23415299384598},
    {18.65570506591883, -11.48977351997711, -5.601961508734096},
};

}  // namespace

Image make_image(std::int64_t width, std::int64_t height) {
  return {width, height, std::vector<std::uint8_t>(static_cast<std::size_t>(width * height * 3))};
}

std::array<std::uint8_t, 3> magma(double value) {
  const double x = std::isnan(value) ? 0.0 : std::clamp(value, 0.0, 1.0);
  std::array<std::uint8_t, 3> colour{};
  for (std::size_t c = 0; c < 3; ++c) {
    double sum = 0;
    for (int power = 6; power >= 0; --power) sum = sum * x + kMagma[power][c];
    colour[c] = static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(sum, 0.0, 1.0)));
  }
  return colour;
}

}  // namespace kilonat
