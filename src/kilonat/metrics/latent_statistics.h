#pragma once
/// What a gaussian latent carries: rates, nats per channel, moments of the aggregate posterior.
///
/// B batch, D latent channels, F frames.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "kilonat/codec/gaussian.h"

namespace kilonat::metrics {

/// A channel that tells more than this many nats per frame is active.
inline constexpr double kActiveNats = 0.05;

/// A Gaussian for each latent channel, the same in every frame; float64.
struct StaticGaussian {
  at::Tensor mean_D;
  at::Tensor variance_D;
};

/// One clip's share.
struct ClipRate {
  std::string clip;
  double seconds = 0;  ///< of the frames counted
  double nats_per_frame = 0;
  double rate_kbps = 0;
  double informative_kbps = 0;  ///< KL against the static Gaussian of all clips
};

/// Means over frames, so that clips count by their duration.
struct LatentReport {
  std::int64_t num_frames = 0;
  double frame_rate_hz = 0;
  double nats_per_frame = 0;              ///< K: KL against N(0, 1), summed over channels
  double rate_kbps = 0;                   ///< K as a rate
  double informative_nats_per_frame = 0;  ///< KL against the static Gaussian
  double informative_kbps = 0;
  std::vector<double> nats_per_channel;
  std::vector<double> informative_nats_per_channel;
  std::int64_t active_channels = 0;  ///< informative nats above kActiveNats
  double rate_spread_kbps = 0;       ///< standard deviation of rate_kbps over clips, by duration
  StaticGaussian aggregate;          ///< moments of the aggregate posterior
  std::vector<ClipRate> clips;       ///< in the order added
};

/// Informative nats per channel (Note [Informative rate]) from the KL against N(0, 1) and the
/// moments of the aggregate posterior over the same frames, without the posteriors: what an offset
/// and a scale cost, KL(N(mean, variance) || N(0, 1)), is taken off.
/// @param nats_D, aggregate  [D] float64. @throws ShapeError if they differ in length.
[[nodiscard]] at::Tensor informative_nats(const at::Tensor& nats_D,
                                          const StaticGaussian& aggregate);

/// Accumulates posteriors of whole clips; memory grows with the number of clips only.
///
/// Note [Informative rate]: K = I(x; z) + KL(aggregate || prior), so it can be met by nats that say
/// nothing (a constant offset of the means). Against the best static Gaussian, whose moments are
/// the aggregate posterior's, what is left is at least I(x; z) and counts no offset and no scale.
class LatentStatistics {
 public:
  /// @param edge_frames  left out at each end of a clip: they see padding. A clip with no other
  ///                     frames is counted whole.
  LatentStatistics(std::int64_t latent_channels,
                   double frame_rate_hz,
                   std::int64_t edge_frames = 0);

  /// Adds one clip. @param posterior [1, D, F], F >= 1.
  /// @throws ShapeError for another shape; NumericError for NaN or infinity, naming the clip.
  void add(const std::string& clip, const codec::Posterior& posterior);

  [[nodiscard]] std::int64_t num_clips() const { return static_cast<std::int64_t>(clips_.size()); }

  /// @param static_gaussian  the informative rate is measured against it (a model's own, from its
  ///                         training data); absent: against the moments of what was added.
  /// @throws DataError if nothing was added.
  [[nodiscard]] LatentReport report(
      const std::optional<StaticGaussian>& static_gaussian = std::nullopt) const;

 private:
  /// Sums over the frames of a clip, float64 [D] each.
  struct ClipSums {
    std::string clip;
    std::int64_t num_frames = 0;
    at::Tensor mean;
    at::Tensor mean_squared;
    at::Tensor variance;
    at::Tensor log_variance;
  };

  [[nodiscard]] ClipSums total() const;

  std::int64_t latent_channels_;
  double frame_rate_hz_;
  std::int64_t edge_frames_;
  std::vector<ClipSums> clips_;
};

}  // namespace kilonat::metrics
