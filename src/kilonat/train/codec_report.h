#pragma once
/// How a run is watched: fixed clips that are coded now and then, and the model file at the end.

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "kilonat/codec/autoencoder.h"
#include "kilonat/codec/model_file.h"
#include "kilonat/train/codec_data.h"
#include "kilonat/train/run_folder.h"
#include "kilonat/train/run_log.h"

namespace kilonat::train {

/// Reads its clips once, evenly spread over the valid split (over the training clips if there is
/// none), and cuts them to run.sample_clip_s.
class CodecReport {
 public:
  CodecReport(const CodecTrainOptions& options, const CodecData& data, RunFolder folder);

  /// Codes the fixed clips. Logs "valid/..." figures, spectrograms and sounds (the originals once);
  /// writes audio/clip-N-original.wav and audio/clip-N-reconstruction.wav.
  /// @param model  with the weights to judge; its mode is put back.
  void listen(codec::Autoencoder& model, std::int64_t step, RunSink& log);

  /// What the model file says beside the weights: measured on run.statistics_clips training clips.
  [[nodiscard]] codec::ModelMetadata describe_model(codec::Autoencoder& model,
                                                    std::int64_t step) const;

 private:
  const CodecTrainOptions& options_;
  const CodecData& data_;
  RunFolder folder_;
  std::vector<Clip> fixed_clips_;
  bool originals_are_logged_ = false;
};

}  // namespace kilonat::train
