#pragma once
/// Windowed frames of a signal and their spectra, without autograd: the loops under the fast path
/// of the spectral losses.
///
/// Legend: N signals, T samples, F frames, K window length, W bins (K / 2 + 1).

#include <cstdint>

#include <ATen/core/Tensor.h>

namespace kilonat::dsp {

/// Frame f is the `window` times the samples from f hop - K / 2 on; beyond its ends the signal goes
/// on as its mirror image (without the end sample twice).
///
/// @param x_NT    float32, contiguous, CPU; T > K / 2.
/// @param window  float32 [K].
/// @returns       [N, F, K], F = T / hop + 1 for an even K.
[[nodiscard]] at::Tensor windowed_frames(const at::Tensor& x_NT,
                                         const at::Tensor& window,
                                         std::int64_t hop);

/// The transpose of windowed_frames as a linear map: gradient of the frames to gradient of the
/// signal of T samples.
[[nodiscard]] at::Tensor overlap_add(const at::Tensor& frames_NFK,
                                     const at::Tensor& window,
                                     std::int64_t hop,
                                     std::int64_t num_samples);

/// Real Fourier transform of every frame: [N, F, 2 W], real and imaginary part interleaved.
[[nodiscard]] at::Tensor frame_spectra(const at::Tensor& frames_NFK);

/// Its transpose: gradient of the 2 W numbers to gradient of the K samples. Changes its argument.
[[nodiscard]] at::Tensor frame_spectra_transposed_(at::Tensor grad_NF2W, std::int64_t length);

}  // namespace kilonat::dsp
