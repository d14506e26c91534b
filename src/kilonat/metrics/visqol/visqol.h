#pragma once
/// ViSQOL v3, audio mode: how much worse a listener would find a degraded copy of a sound.
///
/// Source: Chinen et al. 2020, "ViSQOL v3: An open source production ready objective speech and
/// audio metric"; its scores are those of github.com/google/visqol, conformance number 333.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "kilonat/audio/buffer.h"
#include "kilonat/metrics/visqol/gammatone.h"
#include "kilonat/metrics/visqol/quality_model.h"

namespace kilonat::metrics {

/// The rate that ViSQOL's audio mode is made for.
inline constexpr std::int64_t kVisqolRateHz = 48000;
/// A shorter reference cannot be scored: 0.96 s at that rate.
inline constexpr std::size_t kVisqolMinSamples = 46080;

/// One channel, full scale 1.
struct MonoSound {
  std::int64_t sample_rate_hz = kVisqolRateHz;
  std::vector<double> samples;
};

/// The mean of the channels, at the buffer's own rate.
[[nodiscard]] MonoSound mix_to_mono(const audio::AudioBuffer& buffer);
/// The mean of the channels at kVisqolRateHz. Where the rate changes, libsoxr's high quality
/// decides what the highest bands hold.
[[nodiscard]] MonoSound visqol_input(const audio::AudioBuffer& buffer);

struct VisqolResult {
  /// Mean opinion score, listening quality, objective: 1 (bad) to 5; equal sounds get 4.73 with the
  /// official model. Empty without a model.
  std::optional<double> moslqo{};
  double vnsim = 0;             ///< similarity: mean over patches and bands, at most 1 (equal)
  visqol::Bands fvnsim{};       ///< mean over patches of each band, low to high
  double lag_s = 0;             ///< by which the degraded sound was shifted; negative: it came late
  std::size_t num_patches = 0;  ///< pieces of 0.6 s compared
  std::size_t num_unmatched = 0;  ///< of these, missing in the degraded sound; they count as 0
  /// The scores mean nothing then: any degraded sound gets the best. Silent: below -90 dB full
  /// scale in every band.
  bool is_reference_silent = false;
};

/// Scores pairs of sounds. Thread-safe after construction.
class Visqol {
 public:
  /// Without a model there is a similarity, but no score.
  Visqol() = default;
  /// @param model_path  libsvm's text format. @throws as visqol::QualityModel.
  explicit Visqol(const std::filesystem::path& model_path) : model_(std::in_place, model_path) {}

  [[nodiscard]] bool has_model() const { return model_.has_value(); }

  /// @param reference  at least 0.96 s (kVisqolMinSamples) long; its level counts.
  /// @param degraded   at the same rate, longer than 80 ms; its level does not count.
  /// @throws DataError if the rates differ or are below 8000 Hz, or a sound is too short;
  ///         NumericError if one holds NaN or infinity.
  [[nodiscard]] VisqolResult measure(const MonoSound& reference, const MonoSound& degraded) const;

 private:
  std::optional<visqol::QualityModel> model_;
};

}  // namespace kilonat::metrics
