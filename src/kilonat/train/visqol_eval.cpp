#include "kilonat/train/visqol_eval.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "kilonat/base/errors.h"
#include "kilonat/train/sound_files.h"

namespace kilonat::train {
namespace {

metrics::MonoSound input_of(const torch::Tensor& audio_CT, std::int64_t sample_rate_hz) {
  return metrics::visqol_input({sample_rate_hz, channels_of(audio_CT)});
}

}  // namespace

std::optional<VisqolScores> visqol_scores(const metrics::Visqol& visqol,
                                          const Clip& clip,
                                          const torch::Tensor& reconstruction_CT,
                                          std::int64_t sample_rate_hz) {
  const metrics::MonoSound reference = input_of(clip.audio_CT, sample_rate_hz);
  if (reference.samples.size() < metrics::kVisqolMinSamples) {
    spdlog::warn(
        "'{}': {:.2f} s long, ViSQOL needs 0.96 s; left out of its mean", clip.id, clip.duration_s);
    return std::nullopt;
  }
  try {
    const metrics::VisqolResult result =
        visqol.measure(reference, input_of(reconstruction_CT, sample_rate_hz));
    if (!result.is_reference_silent) return VisqolScores{result.moslqo, result.vnsim};
  } catch (Error& error) {
    error.add_context(fmt::format("measuring '{}'", clip.id));
    throw;
  }
  spdlog::warn("'{}': silent, which ViSQOL cannot score; left out of its mean", clip.id);
  return std::nullopt;
}

void VisqolMean::add(const std::optional<VisqolScores>& scores, double seconds) {
  if (!scores) {
    ++num_left_out_;
    return;
  }
  seconds_ += seconds;
  sums_.nsim += seconds * scores->nsim;
  if (scores->moslqo) sums_.moslqo = sums_.moslqo.value_or(0) + seconds * *scores->moslqo;
}

std::optional<VisqolScores> VisqolMean::mean() const {
  if (seconds_ == 0) return std::nullopt;
  VisqolScores mean{.nsim = sums_.nsim / seconds_};
  if (sums_.moslqo) mean.moslqo = *sums_.moslqo / seconds_;
  return mean;
}

}  // namespace kilonat::train
