#include "kilonat/data/phase_shift.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <ATen/ATen.h>

namespace kilonat::data {

namespace {

constexpr double kAround_s = 0.128;

}  // namespace

audio::AudioBuffer phase_shifted(const audio::AudioBuffer& clip,
                                 std::int64_t start,
                                 std::int64_t length,
                                 double angle_rad) {
  const auto around =
      static_cast<std::int64_t>(kAround_s * static_cast<double>(clip.sample_rate_hz));
  const std::int64_t first = std::max<std::int64_t>(0, start - around);
  const std::int64_t size = std::min(clip.num_samples(), start + length + around) - first;
  const auto fft_size =
      static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(size + around)));
  // The first and the last bin have no phase to turn: their factor is real.
  const c10::complex<double> turn(std::cos(angle_rad), std::sin(angle_rad));
  const at::Tensor turn_F = at::full({fft_size / 2 + 1}, turn.real(), at::kComplexFloat);
  turn_F.slice(0, 1, turn_F.size(0) - 1).fill_(turn);
  audio::AudioBuffer result{clip.sample_rate_hz, {}};
  for (const auto& channel : clip.channels) {
    const at::Tensor x_T = at::empty({size}, at::kFloat);
    std::copy_n(channel.begin() + first, size, x_T.data_ptr<float>());
    const at::Tensor spectrum_F = at::fft_rfft(x_T, fft_size);
    const at::Tensor y_T =
        at::fft_irfft(spectrum_F * turn_F, fft_size).narrow(0, start - first, length).contiguous();
    result.channels.emplace_back(y_T.data_ptr<float>(), y_T.data_ptr<float>() + length);
  }
  return result;
}

}  // namespace kilonat::data
