#pragma once
/// What a diffusion network knows of latents, in nats.
///
/// B batch, C latent channels, F frames.

#include <cstddef>
#include <cstdint>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/diffusion/objective.h"

namespace kilonat::diffusion {

/// How many nats a frame less latents cost under the network than under N(0, 1).
///
/// Note [Diffusion bound]: for x_t = alpha x + sigma noise with the signal-to-noise ratio
/// snr = alpha^2 / sigma^2, -ln p(x) is at most a constant and half the integral over snr of the
/// squared error of any estimate of x from x_t, and is exactly that for the best estimate under p
/// (I-MMSE; Guo, Shamai and Verdu, cs/0412108; Kingma et al., "Variational Diffusion Models",
/// 2107.00630, section 4). Under N(0, 1) the best estimate is linear. So, with lambda = ln snr,
///
///   E[-ln p_network] <= E[-ln N(0, 1)]
///                       - 1/2 integral snr (E|x - linear|^2 - E|x - network|^2) d lambda.
///
/// Both errors are of the same samples, which leaves the difference with little noise. Where the
/// network is worse than the linear estimate, the linear one is the better bound, and is taken.
/// The integral is a sum over sixteen lambdas with one draw of noise, beyond which no gain is
/// counted; which estimate is better is seen on the same samples. So it estimates the bound.
class DenoisingGain {
 public:
  explicit DenoisingGain(Objective objective);

  /// Times t at which to ask the network, one for each lambda.
  [[nodiscard]] const std::vector<double>& times() const { return times_; }

  /// @param x_BCF  latents that are to have mean 0 and variance 1; @param index  of times();
  /// @param velocity_BCF  what the network said of noised(x, noise) at that time;
  /// @param frame_mask_BF  bool, true: valid; undefined: all.
  void add(std::size_t index,
           const at::Tensor& x_BCF,
           const at::Tensor& noise_BCF,
           const at::Tensor& velocity_BCF,
           const at::Tensor& frame_mask_BF);

  /// Summed over channels, mean over frames; at least 0. @throws DataError if nothing was added at
  /// one of the times; NumericError for errors that are not finite.
  [[nodiscard]] double nats_per_frame() const;

 private:
  Objective objective_;
  std::vector<double> times_;
  std::vector<double> saved_;  ///< at each time: linear less network, squared errors summed
  std::vector<std::int64_t> frames_;
};

}  // namespace kilonat::diffusion
