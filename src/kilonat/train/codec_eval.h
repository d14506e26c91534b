#pragma once
/// Measures a codec on whole clips: what its latents carry and how far its sounds are off.

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/metrics/distances.h"
#include "kilonat/metrics/latent_statistics.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/visqol_eval.h"

namespace kilonat::train {

struct EvalOptions {
  std::uint64_t seed = 0;  ///< of the posterior's noise and of the shuffled anchor
  bool sample = true;      ///< false: decode the posterior's mean, which carries more than the rate
  std::int64_t num_codebooks = 0;  ///< rvq: how many to use; 0: all
  /// The moments that the informative rate is measured against; absent: those of these clips.
  std::optional<metrics::StaticGaussian> static_gaussian{};
  const metrics::Visqol* visqol = nullptr;  ///< null: not measured
};

/// A clip that has gone through the codec.
struct CodedClip {
  codec::Latent latent;             ///< of one batch item
  torch::Tensor reconstruction_CT;  ///< on the CPU, as long as the clip
};

/// Encodes and decodes one clip without gradients. @param audio_CT at the model's rate.
[[nodiscard]] CodedClip code_clip(codec::Autoencoder& model,
                                  const torch::Tensor& audio_CT,
                                  const EvalOptions& options);

struct ClipEvaluation {
  std::string id;
  double duration_s = 0;
  std::optional<metrics::ClipRate> rate;  ///< gaussian bottleneck only
  metrics::Distances distances;
  std::optional<VisqolScores> visqol{};  ///< empty where not measured or left out
};

struct Evaluation {
  std::optional<metrics::LatentReport> latent;    ///< gaussian bottleneck only
  std::optional<double> nominal_kbps;             ///< rvq only
  std::optional<double> entropy_kbps;             ///< rvq only: codes under their own frequencies
  metrics::Distances distances;                   ///< mean over clips, by duration
  metrics::Distances of_silence;                  ///< anchor
  std::optional<metrics::Distances> of_shuffled;  ///< anchor, from two clips on
  VisqolMean visqol;                              ///< empty where not measured
  double duration_s = 0;                          ///< of all clips
  std::int64_t num_unusable = 0;                  ///< clips left out, as said in the log
  double coding_s = 0;                            ///< time that encoding and decoding took
  std::vector<ClipEvaluation> clips;
};

/// Frames at each end of a clip that the rates leave out: those whose receptive field reaches
/// beyond the clip.
[[nodiscard]] std::int64_t edge_frames(const codec::AutoencoderOptions& options);

/// @param clips     at least one.
/// @param on_clip   called after each clip, with its reconstruction; may be empty; may throw.
/// @throws DataError if no clip can be used.
[[nodiscard]] Evaluation evaluate_codec(
    codec::Autoencoder& model,
    const ClipSet& clips,
    const EvalOptions& options,
    const std::function<void(const Clip&, const CodedClip&)>& on_clip = {});

/// Rates only, of the clips of these indices: cheaper by the decoder.
[[nodiscard]] metrics::LatentReport measure_latents(codec::Autoencoder& model,
                                                    const ClipSet& clips,
                                                    std::span<const std::size_t> indices);

}  // namespace kilonat::train
