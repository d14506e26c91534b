#include "kilonat/train/model_format.h"

#include <charconv>
#include <cmath>

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "kilonat/base/errors.h"

namespace kilonat::train {
namespace {

constexpr const char* kLoudnessKey = "loudness_lufs";

}  // namespace

data::ClipFormat clip_format(const codec::LoadedModel& loaded) {
  const codec::AutoencoderOptions& options = loaded.model->options();
  data::ClipFormat format{.sample_rate_hz = options.sample_rate_hz,
                          .num_channels = options.num_channels};
  const auto found = loaded.metadata.extra.find(kLoudnessKey);
  if (found == loaded.metadata.extra.end()) return format;
  const std::string& text = found->second;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  KILONAT_REQUIRE(error == std::errc() && end == text.data() + text.size() && std::isfinite(value),
                  FormatError,
                  "model metadata: {} is '{}', expected a number",
                  kLoudnessKey,
                  text);
  format.loudness_lufs = value;
  return format;
}

void set_loudness(codec::ModelMetadata& metadata, const std::optional<double>& loudness_lufs) {
  if (loudness_lufs) metadata.extra[kLoudnessKey] = fmt::format("{}", *loudness_lufs);
}

std::optional<metrics::StaticGaussian> static_gaussian(const codec::LoadedModel& loaded) {
  if (!loaded.metadata.aggregate_mean_D.defined()) return std::nullopt;
  return metrics::StaticGaussian{loaded.metadata.aggregate_mean_D.to(at::kDouble),
                                 loaded.metadata.aggregate_variance_D.to(at::kDouble)};
}

}  // namespace kilonat::train
