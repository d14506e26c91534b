#pragma once
/// What the study of the Gaussian limit trains: conf/study/gaussian_limit.toml.

#include <cstdint>
#include <string>
#include <vector>

#include "kilonat/rate/water_filling.h"
#include "kilonat/train/codec_options.h"

namespace kilonat::study {

/// The section [limit].
struct LimitOptions {
  std::vector<std::string> sources{"gaussian-white", "gaussian-ar2", "gaussian-band"};
  /// Each source is coded at the rates at which its curve has these signal-to-noise ratios.
  std::vector<double> snr_db{3, 6, 12, 18};
  std::int64_t clips = 256;  ///< of each source; the last of eight is held out
  double clip_s = 2.5;
  std::int64_t data_seed = 0;
};

/// A codec's config with a section [limit]. Source, rate, price of rate and weight of the squared
/// error are set for each point.
struct GaussianLimitOptions {
  LimitOptions limit;
  train::CodecTrainOptions codec;
};

void describe(config::Schema& schema, LimitOptions& options);
void describe(config::Schema& schema, GaussianLimitOptions& options);

/// One point of the study before it is trained.
struct LimitPlan {
  std::string id;  ///< "gaussian-ar2-6dB"
  std::string source;
  double target_bits = 0;  ///< per sample: the curve's at the signal-to-noise ratio
  train::CodecTrainOptions options;
};

/// The curve of a Gaussian source. @throws ConfigError, with the names, if there is no such source.
[[nodiscard]] rate::WaterFilling limit_of(const std::string& source);

/// The points, source by source.
///
/// Note [Price and weight from theory]: the squared error is weighed by 1 / D(R), so that at the
/// limit the loss is 1 at every rate, and `dual` begins at the price that is right there: beta =
/// -dD/dR x R / D(R). Law and optimiser then see the same problem at 3 dB as at 18.
///
/// @throws ConfigError for an unknown source, clips too few or a config that cannot be trained.
[[nodiscard]] std::vector<LimitPlan> plan_points(const GaussianLimitOptions& options);

}  // namespace kilonat::study
