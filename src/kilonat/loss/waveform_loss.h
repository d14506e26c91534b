#pragma once
/// Distances of waveforms: L1, mean squared error and SI-SDR.
///
/// Legend: B batch, C channels, T samples.

#include <ATen/core/Tensor.h>

namespace kilonat::loss {

/// Mean absolute difference, scalar. Source: dac/nn/loss.py L1Loss. Differentiable.
/// @throws ShapeError if the shapes differ.
[[nodiscard]] at::Tensor waveform_l1(const at::Tensor& estimate_BCT,
                                     const at::Tensor& reference_BCT);

/// Mean squared difference, scalar. Differentiable. @throws ShapeError if the shapes differ.
[[nodiscard]] at::Tensor squared_error(const at::Tensor& estimate_BCT,
                                       const at::Tensor& reference_BCT);

/// Scale-invariant signal-to-distortion ratio in dB, per batch item [B]; higher is better.
///
/// Source: dac/nn/loss.py SISDRLoss (which is the negative, averaged): channels are flattened into
/// time, means removed, epsilons of 1e-8. Differentiable.
/// @throws ShapeError if the shapes differ.
[[nodiscard]] at::Tensor si_sdr_db(const at::Tensor& estimate_BCT, const at::Tensor& reference_BCT);

}  // namespace kilonat::loss
