#pragma once
/// ViSQOL of the clips that a codec is measured on.

#include <cstdint>
#include <optional>

#include <torch/types.h>

#include "kilonat/metrics/visqol/visqol.h"
#include "kilonat/train/codec_data.h"

namespace kilonat::train {

/// Of one clip, or means over clips.
struct VisqolScores {
  std::optional<double> moslqo{};  ///< 1 to 5; empty without a quality model
  double nsim = 0;                 ///< at most 1
};

/// The clip's scores; empty, and said in the log, where ViSQOL has none: clips shorter than 0.96 s,
/// and silent ones, with which any reconstruction would be perfect.
///
/// Channels are averaged and sounds resampled to 48 kHz, so that what lies above half the clip's
/// rate is equally empty in both.
/// @param reconstruction_CT  at the clip's rate, sample_rate_hz.
/// @throws NumericError, naming the clip, if the reconstruction holds NaN or infinity.
[[nodiscard]] std::optional<VisqolScores> visqol_scores(const metrics::Visqol& visqol,
                                                        const Clip& clip,
                                                        const torch::Tensor& reconstruction_CT,
                                                        std::int64_t sample_rate_hz);

/// Mean over clips, weighted by duration.
class VisqolMean {
 public:
  /// An empty score is counted as left out. REQUIRES: seconds > 0; with a model for all or for
  /// none.
  void add(const std::optional<VisqolScores>& scores, double seconds);
  /// Empty if no clip had scores.
  [[nodiscard]] std::optional<VisqolScores> mean() const;
  [[nodiscard]] std::int64_t num_left_out() const { return num_left_out_; }

 private:
  VisqolScores sums_;
  double seconds_ = 0;
  std::int64_t num_left_out_ = 0;
};

}  // namespace kilonat::train
